"""Whether content has been checked far enough to be sent: its readiness and what compliance says."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from lake.tables import READINESS

DRAFT = READINESS[0]
CLEARED = "cleared"


def is_unready(assets: pd.DataFrame, required: str | None) -> npt.NDArray[np.bool_]:
    """Which assets may not be sent, shape (assets,).

    A draft never may, and neither may what compliance has not cleared (pending or blocked). An asset without a
    readiness may, unless the playbook requires one; an asset without a word of compliance needed no review.

    Args:
        assets: `readiness` and `compliance`, None where nothing is stated.
        required: The least readiness that the playbook requires, of `READINESS`; None for anything but a draft.
    """
    readiness, compliance = assets["readiness"], assets["compliance"]
    least = READINESS.index(DRAFT if required is None else required)
    is_enough = readiness.isin(READINESS[max(least, 1) :]) | (readiness.isna() & (required is None))
    is_cleared = compliance.isna() | (compliance == CLEARED)
    return ~(is_enough & is_cleared).to_numpy(dtype=np.bool_)
