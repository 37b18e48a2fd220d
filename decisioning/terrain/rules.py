"""Policies as words, and who objects to what."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from decisioning.beliefs import refused_topics
from decisioning.ground import Rules
from decisioning.policies.builtin import MESSAGE_ORDER, OBJECTION, OUTSIDE_REMITS, SENDING_HOURS
from decisioning.policies.compile import BITS_PER_WORD
from decisioning.policies.screen import Verdicts
from decisioning.screening import HOLDOUT, OFFER_COST_UNKNOWN, OUT_OF_DATES, is_service
from graph.view import Links, View


def rules_of(view: View, verdicts: Verdicts) -> Rules:
    """The verdicts on both sides, and what stands beside policies."""
    from decisioning.policies.programs import crossing_programs

    names = refusal_names(verdicts)
    objections = believed(refused_topics(view), view.objections, view)
    masks = _masks(verdicts, len(names))
    programs = crossing_programs(verdicts)
    plain = programs.plain()
    gates = programs.gates.copy()
    np.bitwise_and.at(gates, plain.word, ~plain.bit)
    return Rules(
        customer_words=np.ascontiguousarray(verdicts.customer_words),
        asset_words=np.ascontiguousarray(verdicts.asset_words),
        masks=masks,
        refusing=np.bitwise_or.reduce(masks, axis=0),
        plain=plain,
        customer_values=programs.customer_values,
        asset_values=programs.asset_values,
        gates=gates,
        programs=programs,
        objection_starts=objections.starts,
        objections=objections.targets,
        is_service=is_service(view),
        objection=names.index(OBJECTION),
        cost_unknown=names.index(OFFER_COST_UNKNOWN),
        no_hour=names.index(SENDING_HOURS),
        out_of_dates=names.index(OUT_OF_DATES),
        waiting=names.index(MESSAGE_ORDER),
        outside_remits=names.index(OUTSIDE_REMITS),
    )


def refusal_names(verdicts: Verdicts) -> tuple[str, ...]:
    """What may refuse a candidate, in the order of the columns that count refusals; the holdout's stays empty."""
    return (*verdicts.compiled.identifiers, OBJECTION, SENDING_HOURS, MESSAGE_ORDER, OUTSIDE_REMITS)


def believed(of_topics: Links, of_categories: Links, view: View) -> Links:
    """Customers × what some of their beliefs are about: topics, then categories; each once, whatever the rules."""
    topics = len(view.topics)
    width = max(1, topics + len(view.categories))
    customer = np.concatenate([of_topics.sources, of_categories.sources]).astype(np.int64)
    subject = np.concatenate([of_topics.targets, of_categories.targets + topics])
    pairs = np.unique(customer * width + subject)
    return Links.build(pairs // width, pairs % width, len(view.customers))


def _masks(verdicts: Verdicts, count: int) -> npt.NDArray[np.uint64]:
    """The bits of every policy, shape (policies, words)."""
    compiled = verdicts.compiled
    masks = np.zeros((count, verdicts.customer_words.shape[2]), dtype=np.uint64)
    for position, term in enumerate(compiled.terms):
        if compiled.identifiers[term.policy] != HOLDOUT:
            masks[term.policy, position // BITS_PER_WORD] |= np.uint64(1 << (position % BITS_PER_WORD))
    return masks


def refusals(names: Sequence[str], counts: npt.NDArray[np.int32]) -> dict[str, npt.NDArray[np.int32]]:
    """Candidates that each policy refuses, per customer, by name; the holdout left aside."""
    return {name: counts[:, place] for place, name in enumerate(names) if name != HOLDOUT}
