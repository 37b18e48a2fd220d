"""`forecasts:` in warrant.yaml: what is stated reaches the forecast, and what cannot be is refused on its line."""

from datetime import date
from pathlib import Path

import pytest

from forecasting.demand.settings import DemandSettings
from forecasting.lifetime_value.settings import LifetimeValueSettings
from pipelines.checking import check_before_running
from pipelines.errors import PlaybookError
from pipelines.forecasts.catalogue import PARTS, part
from pipelines.playbook import Playbook
from pipelines.playbook_reading import load_playbook

HEAD = "name: corner-shop\ncurrency: EUR\ntimezone: Europe/Berlin\nobjective: {margin_pct: 30}\n"
OTHERS = {
    "channels.yaml": "channels:\n  email:\n    kind: file\n",
    "sources/customers.sql": "SELECT 1",
    "content/hello.md": "---\nasset_id: hello\ntitle: Hello\nkind: reminder\n---\nGood morning.\n",
}


def playbook(folder: Path, *lines: str) -> Playbook:
    for name, text in {"warrant.yaml": HEAD + "\n".join(lines), **OTHERS}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return load_playbook(folder)


def test_what_is_stated_reaches_the_forecast_and_the_rest_has_defaults(tmp_path: Path) -> None:
    read = playbook(tmp_path, "forecasts:", "  demand:", "    horizon: 2", "    holidays: [[Easter, 2026-04-05]]")
    settings = part("demand").settings(read)
    assert settings == DemandSettings(horizon=2, holidays=(("Easter", date(2026, 4, 5)),))


def test_the_margin_of_the_objective_holds_unless_the_forecast_states_another(tmp_path: Path) -> None:
    assert part("value").settings(playbook(tmp_path)) == LifetimeValueSettings(margin_pct=30)
    stated = playbook(tmp_path, "forecasts:", "  value: {margin_pct: 10}")
    assert part("value").settings(stated) == LifetimeValueSettings(margin_pct=10)


@pytest.mark.parametrize(
    ("line", "what", "remedy"),
    [
        ("    horizn: 2", "forecasts.demand.horizn: there is no such setting", "Known: frequency, horizon"),
        ("    horizon: soon", "forecasts.demand.horizon: input should be a valid integer", "value of that kind"),
        ("    horizon: 0", "forecasts.demand: horizon is 0", "Use 1 to 366."),
    ],
)
def test_what_cannot_be_is_refused_on_its_line_before_anything_runs(
    tmp_path: Path, line: str, what: str, remedy: str
) -> None:
    read = playbook(tmp_path, "forecasts:", "  demand:", line)
    with pytest.raises(PlaybookError) as caught:
        check_before_running(read, date(2026, 3, 6))
    assert caught.value.what.startswith(what)
    assert remedy in caught.value.remedy
    assert caught.value.where in {f"{tmp_path / 'warrant.yaml'}:{number}" for number in (6, 7)}


def test_a_forecast_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match="Input should be 'demand', 'response'"):
        playbook(tmp_path, "forecasts:", "  weather: {}")


@pytest.mark.parametrize("what", PARTS)
def test_every_forecast_has_settings_where_the_playbook_says_nothing(tmp_path: Path, what: str) -> None:
    found = part(what)
    assert found.what == what
    assert found.settings(playbook(tmp_path)) is not None
