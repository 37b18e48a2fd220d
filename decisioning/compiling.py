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


def loop(function: Function) -> Function:
    """The same for functions that make no arrays: nobody counts references to those that they are given.

    That takes most of the time off compiling functions of many arrays. Dividing by zero gives inf or NaN, as in numpy.
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    made: Any = numba.njit(**options)(function)
    return cast(Function, made)
