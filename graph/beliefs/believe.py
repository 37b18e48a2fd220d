"""All rules together: from the canonical tables to what is believed about each customer."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import pandas as pd

from graph.beliefs.answers_on import answers_on
from graph.beliefs.checkout_left import checkout_left
from graph.beliefs.chosen_most import chosen_most
from graph.beliefs.engaged import engaged
from graph.beliefs.evidence import no_beliefs
from graph.beliefs.facts import Facts
from graph.beliefs.hesitated import hesitated
from graph.beliefs.most_browsed import most_browsed
from graph.beliefs.observed import observed
from graph.beliefs.offers_ignored import offers_ignored
from graph.beliefs.pricing_visited import pricing_visited
from graph.beliefs.refused import refused
from graph.beliefs.repeat_purchase import repeat_purchase
from graph.beliefs.returned import returned
from graph.beliefs.returning_visitor import returning_visitor
from graph.beliefs.settings import BeliefSettings
from graph.beliefs.similarity import NO_SIMILARITY
from graph.beliefs.stated import overruled, stated

_TARGETS = {"Category": ("categories", "category_id"), "Channel": ("channels", "channel_id")}
"""Where the keys of targets are that must be known; topics are what anybody speaks about."""


def believe(
    tables: Mapping[str, pd.DataFrame],
    *,
    as_of: datetime,
    timezone: str,
    settings: BeliefSettings | None = None,
    similar_topics: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """What is believed, a table of rows per kind such as `Customer OBJECTS_TO Topic`; kinds without rows are absent.

    A belief is a function of its evidence, never of the day on which somebody asks: the end of its validity is known in
    advance, and beliefs that have ended are here too. It is open at a time from `valid_from` until before `valid_to`.

    Args:
        tables: Canonical tables; customers, categories and channels say who and what is known, the others may be
            missing.
        as_of: Nothing that happened at or after it counts.
        timezone: IANA time zone of the playbook, whose midnight starts a day.
        settings: What the playbook says about beliefs.
        similar_topics: Rows of `Topic SIMILAR_TO Topic`: from_key, to_key, similarity (0 to 1).

    Returns:
        from_key, to_key, rule, valid_from, valid_to, observed_at (when we learnt the last of the evidence), weight (at
        valid_from), half_life_days, confidence (see `rules`), source, evidence (at most five keys, newest first);
        author and reason where somebody stated it.
    """
    similar = NO_SIMILARITY if similar_topics is None else similar_topics
    facts = Facts(tables, as_of, timezone, settings or BeliefSettings(), similar)
    stated_rows = stated(facts)
    inferred: dict[str, list[pd.DataFrame]] = {}
    for kind, rows in _inferred(facts):
        inferred.setdefault(kind, []).append(overruled(rows, kind, stated_rows))
    every = {kind: [*inferred.get(kind, []), *_listed(stated_rows, kind)] for kind in {**inferred, **stated_rows}}
    beliefs = {kind: _joined(facts, kind, parts) for kind, parts in sorted(every.items())}
    return {kind: rows for kind, rows in beliefs.items() if len(rows)}


def _inferred(facts: Facts) -> Iterator[tuple[str, pd.DataFrame]]:
    """What each rule believes, with the kind of relationship that it is."""
    yield "Customer INTERESTED_IN Category", repeat_purchase(facts)
    yield "Customer INTERESTED_IN Category", most_browsed(facts)
    yield "Customer PREFERS Channel", answers_on(facts)
    yield "Customer TRIGGERED_BY Topic", pricing_visited(facts)
    yield "Customer TRIGGERED_BY Topic", returning_visitor(facts)
    yield "Customer TRIGGERED_BY Topic", observed(facts)
    yield "Customer OBJECTS_TO Topic", offers_ignored(facts)
    yield "Customer OBJECTS_TO Topic", hesitated(facts)
    yield "Customer OBJECTS_TO Category", returned(facts)
    for what in ("Topic", "Category"):
        yield f"Customer INTERESTED_IN {what}", engaged(facts, what)
        yield f"Customer PREFERS {what}", chosen_most(facts, what)
        yield f"Customer TRIGGERED_BY {what}", checkout_left(facts, what)
        yield f"Customer OBJECTS_TO {what}", refused(facts, what)


def _listed(stated_rows: Mapping[str, pd.DataFrame], kind: str) -> list[pd.DataFrame]:
    return [stated_rows[kind]] if kind in stated_rows else []


def _joined(facts: Facts, kind: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The rows of a kind whose two ends are known, in order of customer, target, rule and time."""
    found = [part for part in parts if len(part)]
    if not found:
        return no_beliefs()
    rows = pd.concat(found, ignore_index=True)
    rows = rows[rows["from_key"].isin(facts.table("customers", "customer_id")["customer_id"])]
    what = kind.rsplit(" ", maxsplit=1)[-1]
    if what in _TARGETS:
        table, key = _TARGETS[what]
        rows = rows[rows["to_key"].isin(facts.table(table, key)[key])]
    return rows.sort_values(["from_key", "to_key", "rule", "valid_from"]).reset_index(drop=True)
