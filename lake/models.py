"""The registry of models: each one is its arrays and a card, in a folder named by the hash of both. No pickles.

`<root>/<name>/<hash>/arrays.npz`, `card.json` for programs, `card.md` for people. A model is written once and never
changed; which of them is live says the journal (`lake.promotions`), not a file here.
"""

import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from lake.card_page import card_page
from lake.errors import LakeError

HASH_LENGTH: Final = 16
ARRAYS: Final = "arrays.npz"
CARD: Final = "card.json"
PAGE: Final = "card.md"

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Card:
    """What one must know of a model before trusting it. All values are plain JSON.

    Attributes:
        name: What it forecasts: demand, value, cadence, ….
        subject: The same in words, with the unit.
        playbook: Whose data it learnt from.
        as_of: ISO moment of the training; the model was judged on rows before it.
        trained_until: ISO moment; the model saw no row from then on.
        data: Content digest of each table it learnt from.
        code_version: Digest of the code that fitted it.
        seed: Of everything random.
        splits: What was fitted on, chosen on and reported on.
        parameters: Settings it was fitted with.
        scores: Rows of the backtest: model, metric, value, low, high, rows, is_ours, is_lower_better.
        against: Rows ours against each rival: rival, metric, difference, low, high, wins.
        notes: What a reader must know before trusting the numbers.
        is_better: Whether it beats what it has to beat.
    """

    name: str
    subject: str
    playbook: str
    as_of: str
    trained_until: str
    data: Mapping[str, str]
    code_version: str
    seed: int
    splits: str
    parameters: Mapping[str, Any]
    scores: tuple[Mapping[str, Any], ...]
    against: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]
    is_better: bool

    @classmethod
    def read(cls, text: str) -> Self:
        """From `card.json`."""
        stated = json.loads(text)
        return cls(**{**stated, **{key: tuple(stated[key]) for key in ("scores", "against", "notes")}})

    def write(self) -> str:
        """As `card.json`: sorted keys, no number that JSON has not."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


class ModelStore:
    """The models of one playbook."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, arrays: Arrays, card: Card) -> str:
        """Keep a model; the same arrays and card are kept once.

        Returns:
            Its hash.

        Raises:
            LakeError: An array holds objects, or a number of the card is not finite.
        """
        digest = model_hash(arrays, card)
        folder = self.root / card.name / digest
        if folder.is_dir():
            return digest
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder.parent))
        try:
            np.savez(unfinished / ARRAYS, allow_pickle=False, **dict(arrays))
            (unfinished / CARD).write_text(card.write(), encoding="utf-8")
            (unfinished / PAGE).write_text(card_page(json.loads(card.write()), digest), encoding="utf-8")
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)  # gone after the renaming; left over when writing failed
        return digest

    def load(self, name: str, digest: str) -> tuple[dict[str, npt.NDArray[Any]], Card]:
        """A model's arrays and card, held to its hash.

        Raises:
            LakeError: There is no such model, or its files are not what was saved.
        """
        folder = self.root / name / digest
        card = self.card(name, digest)
        try:
            with np.load(io.BytesIO((folder / ARRAYS).read_bytes()), allow_pickle=False) as stored:
                arrays = {key: stored[key] for key in stored.files}
        except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
            raise _damaged(folder) from error
        if model_hash(arrays, card) != digest:
            raise _damaged(folder)
        return arrays, card

    def card(self, name: str, digest: str) -> Card:
        """A model's card.

        Raises:
            LakeError: There is no such model, or its card cannot be read.
        """
        folder = self.root / name / digest
        if not folder.is_dir():
            known = ", ".join(self.hashes(name)) or "none"
            raise LakeError(f"There is no model {name} {digest}.", where=str(self.root), remedy=f"There are: {known}.")
        try:
            return Card.read((folder / CARD).read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise _damaged(folder) from error

    def names(self) -> tuple[str, ...]:
        """What there are models of."""
        return (
            tuple(sorted(entry.name for entry in self.root.iterdir() if entry.is_dir())) if self.root.is_dir() else ()
        )

    def hashes(self, name: str) -> tuple[str, ...]:
        """The models of a name, in order of their hash."""
        folder = self.root / name
        if not folder.is_dir():
            return ()
        return tuple(sorted(entry.name for entry in folder.iterdir() if len(entry.name) == HASH_LENGTH))


def model_hash(arrays: Arrays, card: Card) -> str:
    """The first 16 hex digits of SHA-256 over names, types, shapes and bytes of the arrays, and over the card.

    Raises:
        LakeError: An array holds objects, or a number of the card is not finite.
    """
    running = hashlib.sha256()
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        if array.dtype.hasobject:
            raise LakeError(
                f"The array {key} holds objects.",
                where=card.name,
                remedy="Keep texts as unicode arrays, without pickles.",
            )
        running.update(f"{key}\0{array.dtype.str}\0{array.shape}\0".encode())
        running.update(array.tobytes())
    try:
        running.update(card.write().encode())
    except ValueError as error:
        raise LakeError(
            f"The card holds what JSON has not: {error}.", where=card.name, remedy="Leave out what was not computed."
        ) from error
    return running.hexdigest()[:HASH_LENGTH]


def _damaged(folder: Path) -> LakeError:
    return LakeError(
        "The model's files are not what was saved.",
        where=str(folder),
        remedy="Restore the folder from a backup, or train again; a changed model is not used.",
    )
