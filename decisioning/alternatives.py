"""What else could have been said, best first, and why it was not."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from decisioning.allocate import NOTHING
from decisioning.choice import Choice
from decisioning.deliberation import Deliberation
from decisioning.gather import gather
from decisioning.record_lists import coded, list_column

Indices = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

SHOWN = 3
SMALLEST_LEAD = 0.00005
"""In currency; a lead that four digits do not show is a tie."""

WORDS: Mapping[str, str] = {
    "refused": "refused by {by}",
    "not worth it": "not worth it: it costs more than it brings",
    "chance": "worth {behind} more; chance chose otherwise, to learn",
    "priced out": "priced out: others make more of {by}",
    "boosted": "worth {behind} more; a boost put what was chosen first",
    "worth less": "worth {behind} less",
    "worth less after limits": "worth {behind} less after limits",
    "no room": "no room left in {by}",
    "tied": "just as good, and later in order",
}
"""Why something was not taken, in the order in which reasons are asked about, and what a person reads."""
REASONS = tuple(WORDS)
PRICED_OUT, NO_ROOM, TIED = (REASONS.index(reason) for reason in ("priced out", "no room", "tied"))


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


def runners_up(made: Deliberation, ranked: Indices) -> pa.Array:
    """The three best other candidates of every customer: what, on which channel, its value, and why not."""
    choice, candidates = made.choice, made.kept
    customer = candidates.customer[ranked]
    place = np.arange(len(ranked)) - np.searchsorted(customer, customer)
    top = ranked[place < SHOWN]
    reason, by, behind = why_not(made, top)
    assets, motives, motive = made.view.assets, made.motives.table, candidates.motive[top]
    asset = candidates.asset[top]
    columns = {
        "asset_id": _at(assets.keys, asset),
        "title": _at(assets.frame["title"].to_numpy(dtype=object), asset),
        "channel_id": _at(made.view.channels.keys, candidates.channel[top]),
        "play": coded(motives["play"].to_numpy(dtype=object)[motive]),
        "subject": coded(motives["subject"].to_numpy(dtype=object)[motive]),
        "value": pa.array(made.margins(top)),
        "priced_value": pa.array(choice.priced[top] - made.boost[asset]),
        "reason": pa.DictionaryArray.from_arrays(pa.array(reason), pa.array(REASONS)),
        "by": coded(by),
        "behind": pa.array(behind),
    }
    return list_column(candidates.customer[top], made.customer_count, columns)


def why_not(made: Deliberation, rows: Indices) -> tuple[npt.NDArray[np.int8], Texts, npt.NDArray[np.float64]]:
    """Why each of these candidates was not chosen; each array has shape (len(rows),).

    Returns:
        The first of `REASONS` that applies; the policies that refuse it, or the limit that weighs most against it, None
        where neither is the reason; by how much less it was worth at the prices than what was chosen, boosts left
        aside.
    """
    choice, customer = made.choice, made.kept.customer[rows]
    own = choice.chosen[customer]
    behind = gather(choice.priced, own, 0.0) - choice.priced[rows]
    favoured = gather(made.boost, gather(made.kept.asset, own, NOTHING), 0.0) - made.boost[made.kept.asset[rows]]
    pays = np.asarray(choice.paid.any(axis=0))
    has_paid = pays[rows] | gather(pays, own, missing=False)
    is_refused = ~made.kept.is_allowed[rows]
    reason = np.select(
        [
            is_refused,
            choice.options.value[rows] <= 0,
            choice.explored.is_explored[customer] & (behind < 0),
            (choice.priced[rows] <= 0) | (own == NOTHING),
            (behind >= SMALLEST_LEAD) & (favoured > 0) & (behind - favoured < SMALLEST_LEAD),
            (behind >= SMALLEST_LEAD) & ~has_paid,
            behind >= SMALLEST_LEAD,
            (choice.blocking[rows] >= 0) & (behind <= 0),
        ],
        list(range(TIED)),
        TIED,
    ).astype(np.int8)
    by: Texts = np.full(len(rows), None, dtype=object)
    limited = np.flatnonzero((reason == PRICED_OUT) | (reason == NO_ROOM))
    by[limited] = choice.blocking_names(rows[limited])
    refused = np.flatnonzero(is_refused)
    by[refused] = [", ".join(names) for names in made.refusing(rows[refused])]
    return reason, by, behind - favoured


def said(entry: Mapping[str, Any]) -> str:
    """Why an entry of `runners_up` was not chosen, in words."""
    return WORDS[entry["reason"]].format(by=entry["by"], behind=amount(abs(float(entry["behind"]))))


def _at(keys: Texts, positions: npt.NDArray[np.integer]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(positions.astype(np.int32)), pa.array(keys, pa.string()))


def amount(lead: float) -> str:
    """With as many digits as people see of values: hundredths of cents only below one."""
    return f"{lead:,.{2 if lead >= 1 else 4}f}"
