"""Choose: the allocation for everybody who is treated, and what held-out customers would have got at its prices."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from decisioning.allocate import NOTHING, Allocation, best_per_customer, fits, undominated
from decisioning.bids import Bids, used_by_all
from decisioning.exploration import Explored, LimitUse, explore
from decisioning.limits import Amounts, Limits, Usage, paid
from decisioning.options import Indices, Options
from decisioning.settle import Settled, options_of
from decisioning.shortlist import Counts
from forecasting.values import Floats

Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

NO_MOTIVE = "no motive"
NO_CONTENT = "no content answers"
REFUSED = "refused by policy"
NOT_WORTH_IT = "not worth it"
LIMITS = "limits"
EXPLORED = "explored: chance chose to do nothing"


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen, and what stood in the way of everything else.

    Attributes:
        options: Every candidate that was kept, as an option.
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
        explored: What chance changed, and how likely each choice was.
        total_use: What all choices together use of each limit, held-out customers left aside, per family.
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
    explored: Explored
    total_use: tuple[Amounts, ...]

    @property
    def competed(self) -> Indices:
        """Candidates that took part in the allocation after pruning, ascending."""
        return np.flatnonzero(self.allocation.shortlisted)

    @property
    def limits(self) -> Limits:
        """The limits of the day."""
        return self.allocation.limits

    def blocking_names(self, rows: Indices) -> npt.NDArray[np.object_]:
        """What people call the limit that weighs most against these candidates; `limits` without any."""
        names, family_of = np.full(len(rows), LIMITS, dtype=object), self.blocking[rows]
        for place, family in enumerate(self.limits):
            at = np.flatnonzero(family_of == place)
            names[at] = family.names_of(self.used.index[place, rows[at]])
        return names


@dataclass(frozen=True, eq=False)
class Exploration:
    """How much is left to chance: the share of customers, the seed of the day, and the customers' keys."""

    share: float
    seed: str
    customer_keys: npt.NDArray[np.object_]


def choose(
    settled: Settled,
    touch_cost: Floats,
    is_held_out: Flags,
    exploration: Exploration | None = None,
    absent: Bids | None = None,
) -> Choice:
    """What everybody gets, of what passes kept.

    Held-out customers take no part in the allocation and use nothing up: each takes what is best at the prices that the
    others' competition led to, which is what would have been sent to one customer more.

    Args:
        settled: The allocation over all candidates, and what was kept of them.
        touch_cost: Cost of one touch, shape (channels,).
        is_held_out: Per customer.
        exploration: How much of it is left to chance; None for nothing.
        absent: Bids of those who took part and are not here any more.
    """
    common = None if absent is None else absent.common
    kept, allocation = settled.kept, settled.allocation
    limits, count = allocation.limits, len(is_held_out)
    options = options_of(kept, touch_cost, kept.value)
    used = options.uses(limits)
    prices_paid = paid(limits, used, allocation.prices)
    net = np.asarray(options.value - prices_paid.sum(axis=0))
    is_eligible, is_treated = kept.is_allowed, ~is_held_out[kept.customer]
    is_affordable = is_eligible & (kept.value > 0) & fits(options, limits)
    undone = None if absent is None or common is None else absent.is_here_at(np.array(common.undone), count)
    explored = _explored(
        options, np.where(is_affordable, net, -np.inf), used, settled, is_held_out, exploration, undone
    )
    chosen = explored.chosen.copy()
    totals = [
        taken + ours for taken, ours in zip(settled.taken, used.take(chosen[chosen >= 0]).totals(limits), strict=True)
    ]
    if common is not None and len(common.used) == len(limits):
        totals = used_by_all(limits, common)
    ghosts = np.where(is_affordable & ~is_treated, net, -np.inf)
    chosen[is_held_out] = best_per_customer(options.customer, ghosts, count)[is_held_out]

    is_full = np.zeros(used.index.shape, dtype=np.bool_)
    for row, family in enumerate(limits):
        room = family.whole_most - totals[row]
        if len(family):
            is_full[row] = (used.index[row] >= 0) & (used.amount[row] > room[used.index[row]])
    return Choice(
        options=options,
        chosen=chosen,
        is_eligible=is_eligible,
        is_affordable=is_affordable,
        is_shortlisted=_shortlisted(options, limits, allocation, is_affordable, is_treated),
        priced=net,
        used=used,
        paid=prices_paid,
        blocking=_blocking(prices_paid, is_full),
        allocation=allocation,
        explored=explored,
        total_use=tuple(totals),
    )


def _explored(  # noqa: PLR0917 -- as many things as it is made of
    options: Options,
    priced: Floats,
    used: Usage,
    settled: Settled,
    is_held_out: Flags,
    exploration: Exploration | None,
    undone: Flags | None,
) -> Explored:
    chosen, limits = settled.allocation.chosen, settled.allocation.limits
    if exploration is None:
        exploration = Exploration(0.0, "", np.empty(len(chosen), dtype=object))
    use = [
        LimitUse(
            used.index[row],
            used.amount[row],
            np.where(np.isfinite(family.most), (family.whole_most - taken).astype(np.float64), np.inf),
            family.whole_least.astype(np.float64) if family.has_minimum else None,
        )
        for row, (family, taken) in enumerate(zip(limits, settled.taken, strict=True))
        if len(family)
    ]
    return explore(
        options.customer,
        priced,
        chosen,
        share=exploration.share,
        seed=exploration.seed,
        customer_keys=exploration.customer_keys,
        use=use,
        may_explore=~is_held_out,
        undone=undone,
    )


def none_reasons(choice: Choice, counts: Counts, motives: Indices, main_policy: Texts) -> Texts:
    """Why each customer gets nothing, None for those who get something, shape (customers,).

    The first that applies: no motive, no content answers, refused by policy (naming the one that refused most), not
    worth it, limits (naming the one that weighs most), explored (chance chose to do nothing).

    Args:
        choice: What was chosen.
        counts: Candidates, eligible and affordable ones, shape (customers, 3).
        motives: Motives of each customer, shape (customers,).
        main_policy: The policy that refused most of each customer's candidates, shape (customers,).
    """
    worth = np.where(choice.is_eligible, choice.options.value, -np.inf)
    best = best_per_customer(choice.options.customer, worth, len(choice.chosen))
    stopped = np.flatnonzero((choice.chosen < 0) & (best >= 0))
    limited = np.full(len(choice.chosen), LIMITS, dtype=object)
    names = choice.blocking_names(best[stopped])
    limited[stopped] = np.where(names == LIMITS, LIMITS, LIMITS + ": " + names)
    limited[choice.explored.is_explored] = EXPLORED
    refused = REFUSED + ": " + main_policy.astype(str).astype(object)
    constants = [np.full(len(best), reason, dtype=object) for reason in (None, NO_MOTIVE, NO_CONTENT, NOT_WORTH_IT)]
    sent, no_motive, no_content, not_worth_it = constants
    return np.select(
        [choice.chosen >= 0, motives == 0, counts[:, 0] == 0, counts[:, 1] == 0, best < 0],
        [sent, no_motive, no_content, refused, not_worth_it],
        default=limited,
    )


def _shortlisted(
    options: Options, limits: Limits, allocation: Allocation, is_affordable: Flags, is_treated: Flags
) -> Flags:
    """The pruning's survivors; what held-out customers had is pruned the same way."""
    survives = allocation.shortlisted.copy()
    ghosts = np.flatnonzero(is_affordable & ~is_treated)
    survives[ghosts[undominated(options.take(ghosts), limits)]] = True
    return survives & is_affordable


def _blocking(paid: Floats, is_out_of_room: Flags) -> Indices:
    count = paid.shape[1]
    if not len(paid):
        return np.full(count, NOTHING, dtype=np.int64)
    dearest, first_full = paid.argmax(axis=0), is_out_of_room.argmax(axis=0)
    without_price = np.where(is_out_of_room.any(axis=0), first_full, NOTHING)
    return np.where(paid.max(axis=0) > 0, dearest, without_price).astype(np.int64)
