"""Who is held out: assignment by hash, so that it needs no table and never changes under anybody's feet."""

import hashlib
from json.encoder import encode_basestring_ascii

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.view import View

HOLDOUT = "global-holdout"
TREATED, HELD_OUT = "treated", "held out"


def uniform(units: npt.ArrayLike, experiment: str, salt: str) -> npt.NDArray[np.float64]:
    """A number in [0, 1) per unit that looks random and is a function of unit, experiment and salt alone.

    The first 53 bits of sha256 over the JSON list of the three, so that every value is an exact float below 1.
    """
    tail, sha256 = f", {encode_basestring_ascii(experiment)}, {encode_basestring_ascii(salt)}]", hashlib.sha256
    texts = map(str, np.asarray(units, dtype=object).tolist())
    first = b"".join([sha256(f"[{encode_basestring_ascii(unit)}{tail}".encode()).digest()[:8] for unit in texts])
    return np.asarray((np.frombuffer(first, dtype=">u8") >> np.uint64(11)) / 2.0**53, dtype=np.float64)


def is_held_out(view: View, *, share: float, salt: str) -> npt.NDArray[np.bool_]:
    """Which customers are held out of everything, shape (customers,).

    The unit is the household, so that nobody sees at the table what was withheld from them; a customer without one is a
    unit of their own. `share` 0 holds out nobody, 1 everybody.
    """
    return uniform(_units(view), HOLDOUT, salt) < share


def _units(view: View) -> npt.NDArray[np.object_]:
    customers = view.customers.frame
    own = "customer/" + customers["key"].astype(object)
    if "household_id" not in customers.columns:
        return np.asarray(own, dtype=object)
    household = customers["household_id"].to_numpy(dtype=object)
    is_alone = pd.isna(household)
    return np.where(is_alone, own, "household/" + np.where(is_alone, "", household).astype(str).astype(object))
