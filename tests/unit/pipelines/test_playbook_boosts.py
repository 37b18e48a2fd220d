"""Boosts as a playbook states them: what is accepted, what is refused, and on which line."""

from datetime import date
from pathlib import Path

import pytest

from decisioning.settings import BoostSettings
from pipelines.errors import PlaybookError
from pipelines.playbook_reading import load_playbook
from pipelines.playbook_settings import decision_settings

WARRANT = "name: corner-shop\ncurrency: EUR\ntimezone: Europe/Berlin\n"
STATED = {"asset": "hello", "amount": "0.50", "until": "2026-03-10", "by": '"person:ann"', "because": "It is new."}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "channels.yaml": "channels:\n  email:\n    kind: file\n",
        "sources/customers.sql": "SELECT 1",
        "content/hello.md": "---\nasset_id: hello\ntitle: Hello\nkind: reminder\n---\nGood morning.\n",
        "people.yaml": "people:\n  ann: {name: Ann, role: owner}\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def settings(folder: Path, **changed: str) -> tuple[BoostSettings, ...]:
    lines = [f"    {name}: {value}" for name, value in (STATED | changed).items() if value]
    boosts = "\n".join(["boosts:", "  -", *lines])
    (folder / "warrant.yaml").write_text(f"{WARRANT}{boosts}\n", encoding="utf-8")
    return decision_settings(load_playbook(folder)).boosts


def test_a_boost_is_read_with_its_line(folder: Path) -> None:
    (boost,) = settings(folder)
    where = f"{folder.resolve() / 'warrant.yaml'}:6"
    assert boost == BoostSettings("hello", 0.5, date(2026, 3, 10), "It is new.", "person:ann", where)


@pytest.mark.parametrize(
    ("name", "value", "line", "what", "remedy"),
    [
        ("by", '"person:anne"', 9, "whom people.yaml does not know", "Did you mean person:ann? Known: person:ann."),
        ("by", "ann", 9, "is by `ann`", "Did you mean person:ann?"),
        ("amount", "0", 7, "`amount`: Input should be greater than 0", ""),
        ("amount", ".inf", 7, "finite", ""),
        ("amount", ".nan", 7, "`amount`", ""),
        ("until", "soon", 8, "`until`", ""),
        ("because", '""', 10, "`because`", ""),
        ("because", "", 6, "`because`: is missing", ""),
        ("asset", "", 6, "`asset`: is missing", ""),
        ("campaign", "spring", 11, "`campaign`: nothing of this name", "Known: asset, amount, until, because, by."),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(  # noqa: PLR0917 -- the columns of the table
    folder: Path, name: str, value: str, line: int, what: str, remedy: str
) -> None:
    with pytest.raises(PlaybookError) as caught:
        settings(folder, **{name: value})
    assert what in caught.value.what
    assert caught.value.where.endswith(f"warrant.yaml:{line}")
    assert remedy in caught.value.remedy


def test_without_people_nobody_can_favour_anything(folder: Path) -> None:
    (folder / "people.yaml").unlink()
    with pytest.raises(PlaybookError, match="does not know") as caught:
        settings(folder)
    assert caught.value.remedy == "Write people.yaml with the people who may be named."
