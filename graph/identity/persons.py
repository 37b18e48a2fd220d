"""Which customers are one person: those who share an identifier that proves one, unless something speaks against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from graph.identity.components import counts_of, distinct_pairs, joined_by, relabelled
from graph.identity.decisions import Decisions
from graph.identity.disputes import Disputes
from graph.identity.evidence import Evidence, Identifiers, Rows
from graph.identity.parties import Codes, Mask, Parties
from graph.identity.values import CONFLICTING, CROWDED, KEPT_APART, SHARED_BY_MANY, WEAK_ONLY, IdentitySettings


@dataclass(frozen=True, eq=False)
class Persons:
    """Customers as persons.

    Attributes:
        tied: For each party the smallest that people made one with it, shape (parties,).
        label: For each party its person: the smallest party in it, shape (parties,).
        is_known: Whether a customer known by name is in the person of that number, shape (parties,).
        is_wide: Identifiers that are nobody's own, shape (identifiers,).
        kept: Pairs of parties that no rule may join.
        is_apart: Parties that no rule joins with any other, shape (parties,).
    """

    tied: Codes
    label: Codes
    is_known: Mask
    is_wide: Mask
    kept: Codes
    is_apart: Mask


def find_persons(evidence: Evidence, decisions: Decisions, settings: IdentitySettings, disputes: Disputes) -> Persons:
    """Join customers by strong identifiers and by what people decided.

    Not joined, and noted as disputes, are components in which

    - two groups have identifiers of the same strong kind and none in common (another login, another address),
    - more customers hang together than `most_together`,
    - a pair stands that a person keeps apart.

    An identifier of more than `most_customers` customers joins nobody, and is noted as well.
    """
    parties, identifiers, held = evidence.parties, evidence.identifiers, evidence.held
    tied = relabelled(len(parties), *_ties(decisions, parties))
    is_apart = np.zeros(len(parties), dtype=np.bool_)
    apart = parties.code(sorted(decisions.apart))
    is_apart[apart[apart >= 0]] = True
    kept = _kept(decisions, parties, tied)
    is_wide = _wide(evidence, tied, settings, disputes)
    strong = held.where(identifiers.is_strong[held.identifier] & ~is_wide[held.identifier])
    joining = _shared(strong.where(~is_apart[strong.party]), tied, len(identifiers))
    members, smallest = joined_by(tied[joining.party], joining.identifier)
    component = np.full(len(parties), -1, dtype=np.int64)
    component[members] = smallest
    sizes = pd.Series(component[members]).value_counts()
    why = _first_reason(
        {
            CONFLICTING: _conflicting(component, strong, identifiers, tied),
            CROWDED: sizes.index[sizes > settings.most_together].to_numpy(dtype=np.int64),
            KEPT_APART: _holding_kept(component, tied, kept),
        }
    )
    for reason, contested in why.items():
        is_in = np.isin(component[tied[joining.party]], contested)
        rows = joining.where(is_in)
        disputes.note(reason, (component[tied[rows.party]], rows.party, rows.identifier))
    refused = np.concatenate([*why.values(), np.zeros(0, dtype=np.int64)])
    is_joined = (component >= 0) & ~np.isin(component, refused)
    label = np.where(is_joined, component, np.arange(len(parties)))[tied]
    is_known = np.zeros(len(parties), dtype=np.bool_)
    is_known[label[parties.is_known]] = True
    weak = held.where(~identifiers.is_strong[held.identifier] & ~is_wide[held.identifier])
    _note_weak(weak.where(is_known[label[weak.party]]), label, len(identifiers), disputes)
    return Persons(tied, label, is_known, is_wide, kept, is_apart)


def _ties(decisions: Decisions, parties: Parties) -> tuple[Codes, Codes]:
    """Ties between ids that are known at this moment."""
    ends = _pairs(parties, [tie.ids for tie in decisions.ties])
    return ends[:, 0], ends[:, 1]


def _kept(decisions: Decisions, parties: Parties, tied: Codes) -> Codes:
    """Pairs to be kept apart, shape (pairs, 2); what ties make one all the same is no such pair."""
    ends = _pairs(parties, sorted(sorted(pair) for pair in decisions.kept))
    is_open: Mask = tied[ends[:, 0]] != tied[ends[:, 1]]
    return np.asarray(ends[is_open])


def _pairs(parties: Parties, pairs: Sequence[Sequence[str]]) -> Codes:
    """Numbers of pairs of which both are known, shape (pairs, 2)."""
    ends = parties.code([end for pair in pairs for end in pair]).reshape(-1, 2)
    return ends[(ends >= 0).all(axis=1)]


def _wide(evidence: Evidence, tied: Codes, settings: IdentitySettings, disputes: Disputes) -> Mask:
    held, left, size = evidence.held, evidence.left, len(evidence.identifiers)
    customer = held.where(distinct_pairs(tied[held.party], held.identifier)) if len(held.party) else held
    visitor = left.where(distinct_pairs(tied[left.party], left.identifier)) if len(left.party) else left
    too_many_customers = counts_of(customer.identifier, size) > settings.most_customers
    is_wide: Mask = too_many_customers | (counts_of(visitor.identifier, size) > settings.most_visitors)
    chosen = [rows.where(is_wide[rows.identifier]) for rows in (held, left)]
    disputes.note(SHARED_BY_MANY, *((rows.identifier, rows.party, rows.identifier) for rows in chosen))
    return is_wide


def _shared(rows: Rows, tied: Codes, size: int) -> Rows:
    """Rows of identifiers that at least two have; the others join nobody."""
    distinct = rows.where(distinct_pairs(tied[rows.party], rows.identifier))
    return rows.where(counts_of(distinct.identifier, size)[rows.identifier] > 1)


def _first_reason(found: Mapping[str, Codes]) -> dict[str, Codes]:
    """Contested components by reason, each under the first one that it has."""
    first: dict[str, Codes] = {}
    seen = np.zeros(0, dtype=np.int64)
    for reason, contested in found.items():
        first[reason] = np.setdiff1d(contested, seen)
        seen = np.union1d(seen, contested)
    return first


def _conflicting(component: Codes, strong: Rows, identifiers: Identifiers, tied: Codes) -> Codes:
    """Components with two groups that have identifiers of one kind, and none that leads from one to the other."""
    inside = strong.where(component[tied[strong.party]] >= 0)
    contested = [np.zeros(0, dtype=np.int64)]
    kinds = identifiers.kind[inside.identifier]
    for kind in np.unique(kinds):
        rows = inside.where(kinds == kind)
        holders, group = joined_by(tied[rows.party], rows.identifier)
        groups = pd.DataFrame({"component": component[holders], "group": group}).drop_duplicates()
        several = groups["component"].value_counts()
        contested.append(several.index[several > 1].to_numpy(dtype=np.int64))
    return np.unique(np.concatenate(contested))


def _holding_kept(component: Codes, tied: Codes, kept: Codes) -> Codes:
    one, other = component[tied[kept[:, 0]]], component[tied[kept[:, 1]]]
    return np.unique(one[(one == other) & (one >= 0)])


def _note_weak(weak: Rows, label: Codes, size: int, disputes: Disputes) -> None:
    """Known persons who share nothing but what proves no person."""
    shared = _shared(weak, label, size)
    disputes.note(WEAK_ONLY, (shared.identifier, shared.party, shared.identifier))
