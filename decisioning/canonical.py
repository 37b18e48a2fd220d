"""One spelling for every value: JSON with sorted keys, no spaces, and floats that read back as the same float."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def json_text(value: Any) -> str:
    """The canonical JSON of a value.

    Raises:
        ValueError: It holds a float that is not a number or infinite.
    """
    return _ENCODER.encode(value)


def json_texts(values: Iterable[Any]) -> npt.NDArray[np.object_]:
    """The canonical JSON of each value, shape (n,)."""
    texts = [_ENCODER.encode(value) for value in values]
    result = np.empty(len(texts), dtype=object)
    result[:] = texts
    return result
