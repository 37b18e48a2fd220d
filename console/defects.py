"""What a person sees when the fault is ours: a short message, exit code 1, and the traceback only when asked for."""

import os
import sys
import traceback
from types import TracebackType

from console.output import asks_for_json, show_error
from lake.errors import WarrantError

TRACEBACK = "WARRANT_TRACEBACK"


class DefectError(WarrantError):
    """Something happened that nobody has thought of."""

    exit_code = 1


def tell_of_defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Stands where Python would print a traceback (`sys.excepthook`); the process then exits with 1."""
    if os.environ.get(TRACEBACK):
        sys.__excepthook__(kind, error, trace)
    show_error(_as_defect(kind, error, trace), as_json=asks_for_json(sys.argv[1:]))


def _as_defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> DefectError:
    frames = traceback.extract_tb(trace)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return DefectError(
        f"this is a defect of Warrant: {kind.__name__}: {error}".rstrip(": "),
        where=where,
        remedy=f"Please report it. {TRACEBACK}=1 in front of the command shows how it came about.",
    )
