"""What plays.yaml says about the order of messages and about themes becomes settings, or is refused with its line."""

from pathlib import Path

import pytest

from decisioning.settings import OrderSettings, PlaySettings
from pipelines.errors import PlaybookError
from pipelines.playbook_reading import load_playbook
from pipelines.playbook_settings import play_settings
from tests.unit.pipelines.test_playbook_reading import folder

__all__ = ["folder"]


def plays_of(folder: Path, text: str) -> dict[str, PlaySettings]:
    (folder / "plays.yaml").write_text(text, encoding="utf-8")
    return {play.name: play for play in play_settings(load_playbook(folder))}


def test_orders_and_themes_are_read(folder: Path) -> None:
    plays = plays_of(
        folder,
        "plays:\n"
        "  abandoned-intent:\n"
        "    order:\n"
        "      - {when: customer.hurry >= 5, first: [shipping], last: [discount], because: In a hurry.}\n"
        "      - {stepwise: true, tried_days: 7, because: Small steps.}\n"
        "  shift-of-interest:\n"
        "    order: []\n"
        "    themes: {calm: [sleep, tea]}\n"
        "  bulk-wavering:\n",
    )
    assert plays["abandoned-intent"].orders == (
        OrderSettings("In a hurry.", ("shipping",), ("discount",), "customer.hurry >= 5"),
        OrderSettings("Small steps.", is_stepwise=True, tried_days=7.0),
    )
    assert plays["shift-of-interest"].themes == {"calm": ("sleep", "tea")}
    assert plays["shift-of-interest"].orders == (), "an empty order takes the play's own away"
    assert plays["bulk-wavering"].orders is None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("order: [{because: Nothing.}]", "orders nothing: write first, last or `stepwise: true`"),
        ("order: [{because: Both., stepwise: true, first: [shipping]}]", "or says first and last, not both"),
        ("order: [{first: [shipping]}]", "`because`: is missing"),
        ("themes: {calm: [sleep]}", "the play `abandoned-intent` has no themes"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_line(folder: Path, entry: str, said: str) -> None:
    with pytest.raises(PlaybookError) as refused:
        plays_of(folder, f"plays:\n  abandoned-intent:\n    {entry}\n")
    assert said in refused.value.what
    assert "plays.yaml:" in refused.value.where
