"""The library as a whole: every question by its name."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from graph.questions.declaration import Question, QuestionError
from graph.questions.header import NAME, read_question

FOLDER = Path(__file__).parent


def is_name(text: str) -> bool:
    """Whether somebody asks for a saved question, and not in Cypher, which takes more than one word."""
    return NAME.fullmatch(text) is not None


def all_questions(folder: Path = FOLDER) -> Mapping[str, Question]:
    """Every question of the library, by name, in alphabetical order.

    Raises:
        QuestionLibraryError: A file is not what it should be.
    """
    paths = sorted(folder.glob("*.cypher"))
    return MappingProxyType({path.stem: read_question(path) for path in paths})


def find_question(name: str, folder: Path = FOLDER) -> Question:
    """The question of this name.

    Raises:
        QuestionError: There is none; names that are close are named.
    """
    path = folder / f"{name}.cypher"
    if is_name(name) and path.is_file():
        return read_question(path)
    names = sorted(one.stem for one in folder.glob("*.cypher"))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    meant = f"Did you mean {' or '.join(f'`{one}`' for one in close)}? " if close else ""
    raise QuestionError(
        f"There is no saved question `{name}`.",
        where="warrant query",
        remedy=f"{meant}`warrant query --list` names all {len(names)}.",
    )
