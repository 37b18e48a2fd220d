"""What people ask and decide about identities: who is who, what is contested, two that are one, one that is two."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from graph.identity import MERGED, REASONS, SPLIT, VISITOR, Decisions, decisions_in_force
from lake.journal import Actor, Journal
from lake.runs import RunRow
from pipelines.day import Day
from pipelines.errors import RefusedError, UsageError
from pipelines.identities import decisions_of, stored_aliases, stored_contested
from pipelines.people import insist_on, may, said_by
from pipelines.subjects.persons import current_table

MASKED: Final = "…"
SHOWN: Final = 1000


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of identities at this moment.

    Attributes:
        ids: All ids: customers, visitors and aliases.
        aliases: As the last run found them.
        decisions: All that people decided, those that no run has taken in yet included.
    """

    ids: frozenset[str]
    aliases: pd.DataFrame
    decisions: Decisions

    def survivor(self, of: str) -> str:
        """Whom an id stood for in the last run."""
        found = self.aliases.loc[self.aliases["alias"] == of, "customer_id"]
        return str(found.iloc[0]) if len(found) else of

    def is_one(self, one: str, other: str) -> bool:
        """Whether two ids are one in the last run or by what people decided since."""
        apart = self.decisions.apart & {one, other}
        kept = frozenset({one, other}) in self.decisions.kept
        by_run = self.survivor(one) == self.survivor(other) and not apart and not kept
        return by_run or other in self.decisions.group(one)


def list_aliases(day: Day, actor: Actor, *, customer: str | None = None, limit: int = SHOWN) -> dict[str, Any]:
    """Aliases of the last run, all or those of a customer.

    Returns:
        `run_id`, `aliases` (columns of `graph.identity.ALIAS_COLUMNS`), `rows`, `is_cut`. Identifiers are masked for
        who may not see personal data.
    """
    run = _last_run(day)
    rows = stored_aliases(day.lake, run.run_id)
    if customer is not None:
        rows = rows[(rows["customer_id"] == customer) | (rows["alias"] == customer)]
        if rows.empty:
            _insist_on_known(_known(day), customer)
    shown = rows.head(limit)
    if not may(actor, "see personal data"):
        shown = shown.assign(evidence=shown["evidence"].map(_masked))
    moments = [None if pd.isna(at) else at.isoformat() for at in shown["at"]]
    aliases = shown.assign(at=pd.Series(moments, index=shown.index, dtype=object)).to_dict("records")
    return {"run_id": run.run_id, "aliases": aliases, "rows": len(rows), "is_cut": len(rows) > limit}


def list_contested(day: Day, actor: Actor, *, limit: int = SHOWN) -> dict[str, Any]:
    """What the last run could not tell.

    Returns:
        `run_id`, `contested` (contested_id, reason, because, customers, evidence, n_customers), `rows`, `is_cut`.
    """
    run = _last_run(day)
    rows = stored_contested(day.lake, run.run_id)
    shown = rows.head(limit)
    contested = [row | {"because": REASONS[row["reason"]]} for row in shown.to_dict("records")]
    if not may(actor, "see personal data"):
        contested = [row | {"evidence": [_masked(one) for one in row["evidence"]]} for row in contested]
    return {"run_id": run.run_id, "contested": contested, "rows": len(rows), "is_cut": len(rows) > limit}


def merge_ids(day: Day, actor: Actor, one: str, other: str, *, because: str) -> dict[str, Any]:
    """Decide that two ids are one person; the next run as of a later moment takes it in.

    Raises:
        UsageError: An id is not known.
        RefusedError: The actor may not merge, or the two are one already: an id cannot be merged into itself, nor two
            ids in a circle.
    """
    insist_on(actor, "merge", day.playbook)
    if one == other:
        raise RefusedError(
            f"`{one}` cannot be merged into itself.", where="identity merge", remedy="Name two different ids."
        )
    known = _known(day)
    for name in (one, other):
        _insist_on_known(known, name)
    if known.is_one(one, other):
        raise RefusedError(
            f"`{one}` and `{other}` are one already; merging them again would go round in a circle.",
            where="identity merge",
            remedy=f"See why: warrant identity list --customer {known.survivor(one)}.",
        )
    return _recorded(day, actor, MERGED, {"customer_id": one, "other_id": other}, because)


def split_id(day: Day, actor: Actor, name: str, *, because: str) -> dict[str, Any]:
    """Take an id out again: what people merged it with is undone, else no rule joins it any more.

    Raises:
        UsageError: The id is not known.
        RefusedError: The actor may not, or the id stands alone already.
    """
    insist_on(actor, "merge", day.playbook)
    known = _known(day)
    _insist_on_known(known, name)
    is_tied = any(name in tie.ids for tie in known.decisions.ties)
    others = known.aliases.loc[known.aliases["customer_id"] == name, "alias"].tolist()
    is_joined = known.survivor(name) != name or any(not alias.startswith(VISITOR) for alias in others)
    if not is_tied and (name in known.decisions.apart or not is_joined):
        visitors = [alias for alias in others if alias.startswith(VISITOR)]
        raise RefusedError(
            f"`{name}` is joined with no other customer; there is nothing to split.",
            where="identity split",
            remedy=f"To take a visitor away from it name the visitor, such as {visitors[0]}."
            if visitors
            else "See what is joined: warrant identity list.",
        )
    return _recorded(day, actor, SPLIT, {"customer_id": name}, because)


def _recorded(day: Day, actor: Actor, kind: str, payload: dict[str, str], because: str) -> dict[str, Any]:
    event = Journal(day.lake).append(kind, actor, payload, at=day.clock.now, because=because)
    return {
        "decision": kind,
        **payload,
        "decided_by": said_by(actor),
        "because": event.because,
        "at": event.at.isoformat(),
        "position": event.position,
    }


def _last_run(day: Day) -> RunRow:
    return day.newest_run(otherwise=f"`{day.playbook.name}` has not been run yet.")


def _known(day: Day) -> Known:
    aliases = stored_aliases(day.lake, _last_run(day).run_id)
    ids = frozenset(current_table(day, "customers")["customer_id"]) | frozenset(aliases["alias"])
    return Known(ids, aliases, decisions_in_force(decisions_of(day.lake)))


def _insist_on_known(known: Known, name: str) -> None:
    if name in known.ids:
        return
    nearest: Sequence[str] = difflib.get_close_matches(name, sorted(known.ids)[:100_000], n=1)
    if VISITOR + name in known.ids:
        nearest = [VISITOR + name]
    raise UsageError(
        f"nobody is known as `{name}`.",
        where="identity",
        remedy=(f"Did you mean {nearest[0]}? " if nearest else "") + "Name a customer's id, or anonymous/<visitor>.",
    )


def _masked(evidence: str | None) -> str | None:
    """The kind of an identifier without its value; where a decision stands holds nothing personal."""
    if evidence is None or evidence.startswith("journal:"):
        return evidence
    return evidence.partition(":")[0] + ":" + MASKED
