"""How loops are compiled: once, free of the interpreter's lock, and kept for the next process."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """The function, compiled when it is called first, free of the interpreter's lock, and kept for the next process."""
    made: Any = numba.njit(cache=True, nogil=True)(function)
    return cast(Function, made)


def inlined(function: Function) -> Function:
    """The same for small functions that others are made of."""
    made: Any = numba.njit(cache=True, nogil=True, inline="always")(function)
    return cast(Function, made)
