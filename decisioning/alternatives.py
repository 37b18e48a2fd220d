"""What else could have been said, best first, and why it was not."""

from typing import Any

import numpy as np
import numpy.typing as npt

from decisioning.allocate import NOTHING
from decisioning.canonical import json_texts
from decisioning.choice import Choice
from decisioning.deliberation import Deliberation
from decisioning.gather import gather

Indices = npt.NDArray[np.int64]

SHOWN = 3
SMALLEST_LEAD = 0.00005
"""In currency; a lead that four digits do not show is a tie."""
TIED = "just as good, and later in order"


def ranking(choice: Choice) -> Indices:
    """All candidates that were not chosen: by customer, allowed ones first, by priced value, in order of keys."""
    options = choice.options
    is_chosen = np.zeros(len(options), dtype=np.bool_)
    is_chosen[choice.chosen[choice.chosen >= 0]] = True
    others = np.flatnonzero(~is_chosen & np.isfinite(options.value))
    ranked = np.lexsort((others, -choice.priced[others], ~choice.is_eligible[others], options.customer[others]))
    return others[ranked]


def runner_up(choice: Choice) -> tuple[Indices, npt.NDArray[np.float64]]:
    """The ranking, and each customer's lead: priced value of the decision less that of the next best allowed one.

    Doing nothing is worth 0 and always allowed, so it is the runner-up of a send when nothing else comes above it. A
    decision to do nothing leads over the best candidate; NaN when there was none.
    """
    ranked = ranking(choice)
    customer = choice.options.customer
    allowed = ranked[choice.is_eligible[ranked]]
    count = len(choice.chosen)
    best = np.full(count, -np.inf)
    np.maximum.at(best, customer[allowed], choice.priced[allowed])
    is_send = choice.chosen >= 0
    own = gather(choice.priced, choice.chosen, 0.0)
    lead = own - np.where(is_send, np.maximum(best, 0.0), best)
    return ranked, np.where(np.isinf(lead), np.nan, lead)


def alternatives(made: Deliberation, ranked: Indices) -> npt.NDArray[np.object_]:
    """The three best other candidates of every customer as JSON: what, on which channel, its value, and why not."""
    choice, candidates = made.choice, made.kept
    customer = candidates.customer[ranked]
    place = np.arange(len(ranked)) - np.searchsorted(customer, customer)
    top = ranked[place < SHOWN]
    assets, motives = made.view.assets, made.motives.table
    columns = {
        "asset_id": assets.keys[candidates.asset[top]],
        "title": assets.frame["title"].to_numpy(dtype=object)[candidates.asset[top]],
        "channel_id": made.view.channels.keys[candidates.channel[top]],
        "play": motives["play"].to_numpy(dtype=object)[candidates.motive[top]],
        "subject": motives["subject"].to_numpy(dtype=object)[candidates.motive[top]],
        "value": choice.options.value[top],
        "priced_value": choice.priced[top],
        "why_not": why_not(made, top),
    }
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    grouped: list[list[dict[str, Any]]] = [[] for _ in range(made.customer_count)]
    for who, row in zip(candidates.customer[top].tolist(), rows, strict=True):
        grouped[who].append(dict(zip(columns, row, strict=True)))
    return json_texts(grouped)


def why_not(made: Deliberation, rows: Indices) -> npt.NDArray[np.object_]:
    """Why each of these candidates was not chosen, in words, shape (len(rows),)."""
    choice, customer = made.choice, made.kept.customer[rows]
    own = choice.chosen[customer]
    behind = gather(choice.priced, own, 0.0) - choice.priced[rows]
    pays = np.asarray(choice.paid.any(axis=0))
    has_paid = pays[rows] | gather(pays, own, missing=False)
    blocking = choice.blocking_names(rows)
    explored = choice.explored.is_explored[customer]
    refusing = _refusing(made, rows)
    texts = []
    for index, row in enumerate(rows):
        if refusing[index]:
            text = f"refused by {', '.join(refusing[index])}"
        elif choice.options.value[row] <= 0:
            text = "not worth it: it costs more than it brings"
        elif explored[index] and behind[index] < 0:
            text = f"worth {_amount(-behind[index])} more; chance chose otherwise, to learn"
        elif choice.priced[row] <= 0 or own[index] == NOTHING:
            text = f"priced out: others make more of {blocking[index]}"
        elif behind[index] >= SMALLEST_LEAD:
            text = f"worth {_amount(behind[index])} less" + (" after limits" if has_paid[index] else "")
        elif choice.blocking[row] >= 0 and behind[index] <= 0:
            text = f"no room left in {blocking[index]}"
        else:
            text = TIED
        texts.append(text)
    return np.array(texts, dtype=object)


def _amount(lead: float) -> str:
    """With as many digits as people see of values: hundredths of cents only below one."""
    return f"{lead:,.{2 if lead >= 1 else 4}f}"


def _refusing(made: Deliberation, rows: Indices) -> list[list[str]]:
    """The policies that refuse each candidate, in their order; the holdout is the arm and not a reason here."""
    refusing: list[list[str]] = [[] for _ in rows]
    places = np.flatnonzero(~made.kept.is_allowed[rows])
    for place, names in zip(places.tolist(), made.refusing(rows[places]), strict=True):
        refusing[place] = names
    return refusing
