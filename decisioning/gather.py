"""Values at positions, where -1 stands for nothing."""

from typing import Any

import numpy as np
import numpy.typing as npt


def gather(values: npt.NDArray[Any], positions: npt.NDArray[np.integer], missing: Any) -> npt.NDArray[Any]:
    """`values[positions]`, and `missing` where a position is -1; shape of `positions`, dtype of `values`."""
    extended: npt.NDArray[Any] = np.append(values, np.array([missing], dtype=values.dtype))
    return np.asarray(extended[positions])
