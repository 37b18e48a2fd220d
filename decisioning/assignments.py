"""What was drawn by chance, as rows of the table `assignments`, from which later runs learn what sending changes.

The holdout draws every household once. Exploration draws actions: whoever was drawn to an option or to nothing, and had
the option on their shortlist, was so with the same chance as the other way round, since all actions of a shortlist are
drawn alike. So every option is an experiment of its own, of itself against nothing, in which both arms had one half;
who was drawn to something else tells nothing about it and is not in it.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.experiments import HOLDOUT
from decisioning.exploration import Explored, shortlisted
from decisioning.times import aware
from forecasting.values import Floats, Keys
from graph.view import Positions, View

Flags = npt.NDArray[np.bool_]

NOTHING = "nothing"
TREATED = "treated"
EXPLORATION = "exploration"
COLUMNS = ["experiment_id", "customer_id", "assigned_at", "arm", "asset_id", "channel_id", "propensity"]


def holdout_assignments(
    customer_id: Keys, is_held_out: Flags, *, share: float, salt: str, as_of: np.datetime64
) -> pd.DataFrame:
    """Who is held out and who is not; no rows where that is no draw, because nobody or everybody is held out.

    The experiment carries salt and share in its name: with another one other people are drawn.

    Args:
        customer_id: Keys of customers in order, shape (customers,).
        is_held_out: As `experiments.is_held_out` drew them, shape (customers,).
        share: Probability of being held out.
        salt: Of the draw.
        as_of: When they are drawn.
    """
    drawn = len(customer_id) if 0 < share < 1 else 0
    is_held_out = is_held_out[:drawn]
    return _rows(
        pd.DataFrame(
            {
                "customer_id": customer_id[:drawn],
                "experiment_id": holdout_experiment(share, salt),
                "arm": np.where(is_held_out, NOTHING, TREATED),
                "asset_id": None,
                "channel_id": None,
                "propensity": np.where(is_held_out, share, 1.0 - share),
            }
        ),
        as_of,
    )


def holdout_experiment(share: float, salt: str) -> str:
    """The experiment that this draw of the holdout is."""
    return f"{HOLDOUT}/{salt}/{share:g}"


def exploration_assignments(
    view: View,
    customer: Positions,
    priced: Floats,
    explored: Explored,
    *,
    asset: Positions,
    channel: Positions,
    as_of: np.datetime64,
) -> pd.DataFrame:
    """Who was drawn to an option, and who to nothing instead; one experiment for each asset on each channel.

    Args:
        view: Customers, assets and channels.
        customer: Position of each option's customer, as `explore` was given them, shape (options,).
        priced: As `explore` was given it, shape (options,).
        explored: What came of it.
        asset: Position of each option's asset, shape (options,).
        channel: Position of each option's channel, shape (options,).
        as_of: When it was drawn.
    """
    is_sent = np.zeros(len(customer), dtype=np.bool_)
    is_sent[explored.chosen[explored.is_drawn & (explored.chosen >= 0)]] = True
    got_nothing = explored.is_drawn & (explored.chosen < 0)
    rows = np.flatnonzero(is_sent | shortlisted(customer, priced, got_nothing))
    drawn = pd.DataFrame(
        {
            "customer_id": view.customers.keys[customer[rows]],
            "asset_id": view.assets.keys[asset[rows]],
            "channel_id": view.channels.keys[channel[rows]],
            "propensity": 0.5,
        }
    ).astype({"asset_id": object, "channel_id": object})
    names = drawn["asset_id"] + " by " + drawn["channel_id"]
    sent = pd.Series(is_sent[rows])
    return _rows(
        drawn.assign(
            experiment_id=f"{EXPLORATION}/" + names,
            arm=names.where(sent, NOTHING),
            asset_id=drawn["asset_id"].where(sent, None),
            channel_id=drawn["channel_id"].where(sent, None),
        ).sort_values(["experiment_id", "customer_id"], ignore_index=True),
        as_of,
    )


def _rows(drawn: pd.DataFrame, as_of: np.datetime64) -> pd.DataFrame:
    """Rows with the columns and types of the table."""
    timed = drawn.assign(assigned_at=aware(np.full(len(drawn), as_of, dtype="datetime64[us]")))
    texts = ["experiment_id", "customer_id", "arm", "asset_id", "channel_id"]
    typed = timed.astype({**dict.fromkeys(texts, object), "propensity": "float64"})
    return typed[COLUMNS]
