"""Which versions of Warrant can read a state: a number beside the tables, so that older code never misreads newer ones.

The number grows with every change that code from before it would misread: another meaning of a column or an event, a
new kind of event in the journal, fields of a run. Reading what is older is the newer code's business; a state without
a number is as old as can be.
"""

import os
from pathlib import Path
from typing import Final

from lake.errors import LakeError

FORMAT: Final = 1
"""What this version writes, and the newest that it can read."""

FILE: Final = "format"


class NewerFormatError(LakeError):
    """A newer version of Warrant has written it."""

    def __init__(self, what: str, *, where: str) -> None:
        super().__init__(
            f"{what} was written by a newer version of Warrant than this one.",
            where=where,
            remedy="Install that version or a newer one, or begin anew in another folder, with WARRANT_HOME.",
        )


def refuse_newer(root: Path) -> None:
    """Make sure that a state is none of a newer version.

    Raises:
        NewerFormatError: It is.
        LakeError: What stands there is no number.
    """
    file = root / FILE
    if not file.exists():
        return
    text = file.read_text(encoding="utf-8", errors="replace").strip()
    if not (text.isascii() and text.isdigit()):
        raise LakeError(
            f"the format of this state is `{text[:20]}`, which is no number.",
            where=str(file),
            remedy=f"Restore the file from a backup; this version writes {FORMAT}.",
        )
    if int(text) > FORMAT:
        raise NewerFormatError(f"this state (format {text}; this version reads up to {FORMAT})", where=str(root))


def stamp(root: Path) -> None:
    """Note the format of a state that has none yet.

    Raises:
        LakeError: Nothing can be written there.
    """
    file = root / FILE
    if file.exists():
        return
    draft = root / f"{FILE}.{os.getpid()}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        draft.write_text(f"{FORMAT}\n", encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        raise LakeError(
            f"the folder could not be written: {error.strerror}.",
            where=str(root),
            remedy="Check disk space and rights.",
        ) from error
