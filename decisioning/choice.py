"""Choose: the allocation for everybody who is treated, and what held-out customers would have got at its prices."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from decisioning.allocate import (
    NOTHING,
    Allocation,
    Indices,
    Options,
    best_per_customer,
    fits,
    priced,
    undominated,
)
from decisioning.bids import Bids, allocate_beside, nobody
from decisioning.candidates import Candidates
from decisioning.limits import Limits, Usage, paid
from decisioning.screening import Screened, main_policy
from decisioning.value import Values
from forecasting.values import Floats

Flags = npt.NDArray[np.bool_]

NO_MOTIVE = "no motive"
NO_CONTENT = "no content answers"
REFUSED = "refused by policy"
NOT_WORTH_IT = "not worth it"
LIMITS = "limits"


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen, and what stood in the way of everything else.

    Attributes:
        options: Every candidate as an option.
        chosen: Index of each customer's candidate, the ghost's for held-out ones, -1 for nothing, shape (customers,).
        is_eligible: No policy refuses it, the holdout left aside, shape (candidates,).
        is_affordable: Eligible, worth more than nothing, and within every limit by itself, shape (candidates,).
        is_shortlisted: Affordable and not beaten by another candidate of the same customer and channel.
        priced: Value less the prices of what it uses, shape (candidates,).
        used: What each candidate uses of every family of limits.
        paid: What each candidate pays for its limit of each family, in currency, shape (families, candidates).
        blocking: Per candidate the family whose limit weighs most against it: the one with the highest price to pay, or
            else the first without room; -1 without any, shape (candidates,).
        allocation: The allocation of everybody who is treated.
        competed: Candidates that took part in it after pruning, ascending.
    """

    options: Options
    chosen: Indices
    is_eligible: Flags
    is_affordable: Flags
    is_shortlisted: Flags
    priced: Floats
    used: Usage
    paid: Floats
    blocking: Indices
    allocation: Allocation
    competed: Indices

    @property
    def limits(self) -> Limits:
        """The limits of the day."""
        return self.allocation.limits

    def blocking_names(self, rows: Indices) -> npt.NDArray[np.object_]:
        """What people call the limit that weighs most against these candidates; `limits` without any."""
        names = np.full(len(rows), LIMITS, dtype=object)
        for at, row in enumerate(rows.tolist()):
            family = self.blocking[row]
            if family >= 0:
                names[at] = self.limits[family].name_of(self.used.index[family, row])
        return names


def choose(
    candidates: Candidates,
    values: Values,
    screened: Screened,
    is_held_out: Flags,
    limits: Limits,
    *,
    absent: Bids | None = None,
) -> Choice:
    """Choose at most one candidate per customer.

    Held-out customers take no part in the allocation and use nothing up: each takes what is best at the prices that the
    others' competition led to, which is what would have been sent to one customer more. Whoever was erased since a run
    takes part in its replay by their bids.
    """
    options = Options(
        candidates.customer,
        candidates.asset,
        candidates.channel,
        values.value,
        values.touch_cost,
        values.offer_cost,
        values.redemption_cost,
    )
    is_eligible = ~screened.is_refused
    is_treated = ~is_held_out[candidates.customer]
    competing = np.flatnonzero(is_eligible & is_treated)
    customer_count = len(is_held_out)
    allocation, taken = allocate_beside(options.take(competing), limits, customer_count, absent or nobody())
    chosen = np.full(customer_count, NOTHING, dtype=np.int64)
    given = allocation.chosen >= 0
    chosen[given] = competing[allocation.chosen[given]]

    used = options.uses(limits)
    prices_paid = paid(limits, used, allocation.prices)
    net = priced(options, limits, allocation.prices)
    is_affordable = is_eligible & (values.value > 0) & fits(options, limits)
    ghosts = np.where(is_affordable & ~is_treated, net, -np.inf)
    chosen[is_held_out] = best_per_customer(options.customer, ghosts, customer_count)[is_held_out]

    totals = used.take(chosen[given]).totals(limits)
    is_full = np.zeros(used.index.shape, dtype=np.bool_)
    for row, family in enumerate(limits):
        room = family.whole_most - taken[row] - totals[row]
        is_full[row] = (used.index[row] >= 0) & (used.amount[row] > room[used.index[row]])
    return Choice(
        options=options,
        chosen=chosen,
        is_eligible=is_eligible,
        is_affordable=is_affordable,
        is_shortlisted=_shortlisted(options, limits, allocation, competing, is_affordable),
        priced=net,
        used=used,
        paid=prices_paid,
        blocking=_blocking(prices_paid, is_full),
        allocation=allocation,
        competed=competing[allocation.shortlisted],
    )


def none_reasons(choice: Choice, screened: Screened, motive_counts: Indices) -> npt.NDArray[np.object_]:
    """Why each customer gets nothing, None for those who get something, shape (customers,).

    The first that applies: no motive, no content answers, refused by policy (naming the one that refused most), not
    worth it, limits (naming the one that weighs most).
    """
    customer, count = choice.options.customer, len(choice.chosen)
    candidates = np.bincount(customer, minlength=count)
    eligible = np.bincount(customer, choice.is_eligible, minlength=count)
    worth = np.where(choice.is_eligible, choice.options.value, -np.inf)
    best = best_per_customer(customer, worth, count)
    stopped = np.flatnonzero((choice.chosen < 0) & (best >= 0))
    limited = np.full(count, LIMITS, dtype=object)
    names = choice.blocking_names(best[stopped])
    limited[stopped] = np.where(names == LIMITS, LIMITS, LIMITS + ": " + names)
    refused = [f"{REFUSED}: {policy}" for policy in main_policy(screened, customer, count)]
    constants = [np.full(count, reason, dtype=object) for reason in (None, NO_MOTIVE, NO_CONTENT, NOT_WORTH_IT)]
    sent, no_motive, no_content, not_worth_it = constants
    return np.select(
        [choice.chosen >= 0, motive_counts == 0, candidates == 0, eligible == 0, best < 0],
        [sent, no_motive, no_content, np.array(refused, dtype=object), not_worth_it],
        default=limited,
    )


def _shortlisted(
    options: Options, limits: Limits, allocation: Allocation, competing: Indices, is_affordable: Flags
) -> Flags:
    """The pruning's survivors; what held-out customers had is pruned the same way."""
    survives = np.zeros(len(options), dtype=np.bool_)
    survives[competing[allocation.shortlisted]] = True
    ghosts = np.setdiff1d(np.flatnonzero(is_affordable), competing)
    survives[ghosts[undominated(options.take(ghosts), limits)]] = True
    return survives & is_affordable


def _blocking(paid: Floats, is_out_of_room: Flags) -> Indices:
    count = paid.shape[1]
    if not len(paid):
        return np.full(count, NOTHING, dtype=np.int64)
    dearest, first_full = paid.argmax(axis=0), is_out_of_room.argmax(axis=0)
    without_price = np.where(is_out_of_room.any(axis=0), first_full, NOTHING)
    return np.where(paid.max(axis=0) > 0, dearest, without_price).astype(np.int64)
