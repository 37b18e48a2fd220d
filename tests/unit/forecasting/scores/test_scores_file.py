"""scores.yaml: what it means, and what is refused on which line."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.errors import PlaybookError
from pipelines.playbook import Playbook
from pipelines.playbook_reading import load_playbook
from pipelines.scoring import insist_on_data, settings_of, with_scores

ASSET = "---\nasset_id: hello\ntitle: Hello\nkind: reminder\n---\nGood morning.\n"
DIMENSION = "scores:\n  intent:\n    dimensions:\n      views: {events: [Viewed], weight: 1}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "warrant.yaml": "name: shop\ncurrency: EUR\ntimezone: Europe/Berlin\nbeliefs: {fidelity: {Viewed: 0.2}}\n",
        "channels.yaml": "channels:\n  email:\n    kind: file\n",
        "sources/customers.sql": "SELECT 1",
        "content/hello.md": ASSET,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def reading(folder: Path, text: str) -> Playbook:
    (folder / "scores.yaml").write_text(text, encoding="utf-8")
    return load_playbook(folder)


def complaint(folder: Path, text: str) -> tuple[str, int]:
    with pytest.raises(PlaybookError) as caught:
        reading(folder, text)
    file, _, line = caught.value.where.rpartition(":")
    assert file == str(folder / "scores.yaml")
    return caught.value.what, int(line)


def test_without_the_file_nothing_is_scored(folder: Path) -> None:
    playbook = load_playbook(folder)
    assert settings_of(playbook) is None
    tables = {"customers": pd.DataFrame({"customer_id": ["a"]})}
    assert with_scores(playbook, tables, as_of=pd.Timestamp("2026-01-01", tz="UTC")) == tables


def test_known_dimensions_need_a_weight_alone_and_a_weight_may_come_from_fidelity(folder: Path) -> None:
    text = """
scores:
  intent:
    half_life_days: none
    window_days: 7
    dimensions:
      return_visits: {weight: 5}
      add_to_cart: {weight: 20, half_life_days: 3}
      acts: {events: [Demo Requested, Viewed], weight: fidelity, at_most: 60}
"""
    settings = settings_of(reading(folder, text))
    assert settings is not None
    visits, cart, demo, viewed = settings.scores[0].dimensions
    assert (visits.count, visits.window_days, visits.half_life_days) == ("return_visits", 7, None)
    assert (cart.events, cart.half_life_days) == (("Product Added",), 3)
    assert (demo.name, demo.weight, demo.at_most) == ("acts: Demo Requested", 95.0, 60)
    assert viewed.weight == pytest.approx(20)


def test_the_digest_of_the_playbook_knows_the_file(folder: Path) -> None:
    before = load_playbook(folder).digest
    first = reading(folder, DIMENSION).digest
    assert len({before, first, reading(folder, DIMENSION.replace("weight: 1", "weight: 2")).digest}) == 3


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        (DIMENSION.replace("weight: 1", "weight: 0"), "has the weight 0", 4),
        (DIMENSION.replace("weight: 1", "weight: .inf"), "finite", 4),
        (DIMENSION.replace("weight: 1", "weight: .nan"), "finite", 4),
        (DIMENSION.replace("weight: 1", "weight: 1, half_life_days: -3"), "greater than 0", 4),
        (DIMENSION.replace("weight: 1", "weight: 1, half_live_days: 3"), "nothing of this name", 4),
        (DIMENSION.replace("    dim", "    half_life_days: -1\n    dim"), "greater than 0", 3),
        (DIMENSION.replace("    dim", "    threshold: 0\n    dim"), "greater than 0", 3),
        (DIMENSION.replace("views: {events: [Viewed], weight: 1}", "views: {weight: fidelity}"), "needs events", 4),
        (DIMENSION.replace("[Viewed], weight: 1", "[Vewed], weight: fidelity"), "how much `Vewed` tells", 4),
        (DIMENSION.replace("events: [Viewed]", "attribute: customer.x"), "nothing about its attribute", 4),
        (DIMENSION.replace("events: [Viewed]", "attribute: order.x, in: [a]"), "pattern", 4),
        (DIMENSION.replace("weight: 1", "weight: 1, in: [a]"), "needs `attribute`", 4),
        (DIMENSION.replace("weight: 1", "weight: 1, attribute: customer.x, in: [a]"), "not both", 4),
        (DIMENSION + "  intent:\n    dimensions: {}\n", "twice", 5),
        ("scores:\n  intent:\n    dimensions: {}\n", "at least 1", 3),
        (DIMENSION + "stages:\n  MQL: {reaches: [intent]}\n", "no threshold", 6),
        (DIMENSION + "stages:\n  MQL: {at_least: {intend: 3}}\n", "no score `intend`", 6),
        (DIMENSION + "stages:\n  MQL: {}\n", "asks for nothing", 6),
        (DIMENSION + "stages:\n  MQL: {after: SQL}\n", "no stage `SQL`", 6),
        (DIMENSION + "stages:\n  MQL: {surge: s}\n", "of: account", 6),
        (DIMENSION + "stages:\n  MQA: {of: account, surge: s}\n", "no surge `s`", 6),
        (DIMENSION + "stages:\n  MQA: {of: account, people: {stage: A, at_least: 2}}\n", "no stage `A`", 6),
        (DIMENSION + "stages:\n  MQA: {of: account, at_least: {intent: 2}}\n", "of accounts", 6),
        (DIMENSION + "stages:\n  A:\n    after: B\n  B:\n    after: A\n", "wait for each other", 7),
        (DIMENSION + "surges:\n  s: {people: 1, days: 8, topics: [a]}\n", "greater than or equal to 2", 6),
        (DIMENSION + "surges:\n  s: {people: 3, days: 8}\n", "about nothing", 6),
        (DIMENSION + "intent_latency: {events: []}\n", "at least 1", 5),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(folder: Path, text: str, what: str, line: int) -> None:
    said, where = complaint(folder, text)
    assert what in said
    assert where == line


def test_a_threshold_that_nobody_can_reach_is_refused(folder: Path) -> None:
    limited = DIMENSION.replace("weight: 1", "weight: 1, at_most: 10")
    with_threshold = limited.replace("    dim", "    threshold: HERE\n    dim")
    assert reading(folder, with_threshold.replace("HERE", "10")).scores is not None
    said, line = complaint(folder, with_threshold.replace("HERE", "10.5"))
    assert (said, line) == ("nobody can ever reach it: 10.5 points are asked for, and `intent` can have at most 10.", 3)
    said, line = complaint(folder, limited + "stages:\n  MQL: {at_least: {intent: 11}}\n")
    assert ("nobody can ever reach it" in said, line) == (True, 6)


def data(**columns: Any) -> dict[str, pd.DataFrame]:
    signals = pd.DataFrame({"name": ["Own Event"]})
    return {"customers": pd.DataFrame({"customer_id": ["a"], **columns}), "signals": signals}


def test_a_signal_is_known_from_the_data_the_specification_or_the_playbook(folder: Path) -> None:
    for name in ("Own Event", "Demo Requested", "clicked", "Viewed"):
        insist_on_data(reading(folder, DIMENSION.replace("Viewed", name)), data())
    with pytest.raises(PlaybookError, match="no signal is called `Own Evend`") as caught:
        insist_on_data(reading(folder, DIMENSION.replace("Viewed", "Own Evend")), data())
    assert caught.value.where.endswith("scores.yaml:4")
    assert "Did you mean `Own Event`?" in caught.value.remedy


def test_a_column_that_the_data_lacks_or_has_already_is_refused(folder: Path) -> None:
    text = DIMENSION.replace("events: [Viewed]", "attribute: customer.size, in: [big]")
    with pytest.raises(PlaybookError, match=r"no `customer\.size`") as caught:
        insist_on_data(reading(folder, text), data(sizes="big"))
    assert "Did you mean `customer.sizes`?" in caught.value.remedy
    insist_on_data(reading(folder, text), data(size="big"))
    tables = {"customers": data(size="big", intent_score=1.0)["customers"]}
    with pytest.raises(PlaybookError, match="`intent_score` already"):
        with_scores(reading(folder, text), tables, as_of=pd.Timestamp(0, tz="UTC"))
