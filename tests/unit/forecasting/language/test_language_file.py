"""language.yaml and language.csv: what they mean, and what is refused on which line."""

from pathlib import Path

import pytest

from pipelines.errors import PlaybookError
from pipelines.playbook_reading import load_playbook

TASKS = "tasks:\n  mood:\n    good: [great]\n    bad: []\n"
HEADER = "text,hand,mood\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "warrant.yaml": "name: shop\ncurrency: EUR\ntimezone: Europe/Berlin\n",
        "channels.yaml": "channels:\n  email:\n    kind: file\n",
        "sources/customers.sql": "SELECT 1",
        "content/hello.md": "---\nasset_id: hello\ntitle: Hello\nkind: reminder\n---\nGood morning.\n",
        "language.yaml": TASKS,
    }
    for name, text in files.items():
        write(tmp_path, name, text)
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def complaint(folder: Path) -> tuple[str, str]:
    with pytest.raises(PlaybookError) as caught:
        load_playbook(folder)
    return caught.value.what, caught.value.where.removeprefix(f"{folder}/")


def test_tasks_and_examples_are_read_and_empty_cells_are_no_example(folder: Path) -> None:
    write(folder, "language.csv", HEADER + '"Great, really",ann,good\n\nHello,bob,\n')
    language = load_playbook(folder).language
    assert language is not None
    assert [task.labels for task in language.tasks] == [("bad", "good")]
    assert language.examples.to_dict("records") == [
        {"text": "Great, really", "hand": "ann", "mood": "good"},
        {"text": "Hello", "hand": "bob", "mood": None},
    ]


def test_without_examples_there_are_none_and_without_tasks_nothing_is_asked(folder: Path) -> None:
    language = load_playbook(folder).language
    assert language is not None
    assert language.examples.empty
    (folder / "language.yaml").unlink()
    assert load_playbook(folder).language is None
    write(folder, "language.csv", HEADER)
    assert complaint(folder) == ("nothing says what `language.csv` is an example of.", "language.csv")


def test_examples_change_the_playbooks_digest(folder: Path) -> None:
    before = load_playbook(folder).digest
    write(folder, "language.csv", HEADER + "Hello,bob,good\n")
    assert load_playbook(folder).digest != before


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("text,hand\n", "the column mood is missing.", 1),
        ("", "the column text, hand, mood is missing.", 1),
        (HEADER + "Hello,bob,good\nHi,bob,fine\n", "`fine` is no label of mood.", 3),
        (HEADER + "Hello, you,bob,good\n", "4 cells stand under 3 columns.", 2),
        (HEADER + ",bob,good\n", "the example has no text.", 2),
        (HEADER + "Hello,,good\n", "the example has no hand.", 2),
    ],
)
def test_a_wrong_example_is_refused_with_its_line(folder: Path, text: str, what: str, line: int) -> None:
    write(folder, "language.csv", text)
    assert complaint(folder) == (what, f"language.csv:{line}")


def test_a_file_in_another_encoding_is_refused(folder: Path) -> None:
    (folder / "language.csv").write_bytes(HEADER.encode() + "Käse,bob,good\n".encode("latin-1"))
    assert "UTF-8" in complaint(folder)[0]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("tasks:\n  mood:\n    good: [great]\n", "needs two labels"),
        ("tasks: {}\n", "at least 1"),
        (TASKS + "sure_from: 1.5\n", "less than 1"),
        (TASKS + "sure_from: .nan\n", "finite"),
        (TASKS.replace("great", '""'), "empty keyword"),
        (TASKS.replace("mood", "hand"), "no task"),
        (TASKS + "task: {}\n", "nothing of this name"),
    ],
)
def test_wrong_tasks_are_refused(folder: Path, text: str, what: str) -> None:
    write(folder, "language.yaml", text)
    said, where = complaint(folder)
    assert what in said
    assert where.startswith("language.yaml:")
