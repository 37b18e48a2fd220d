"""Whom visitors belong to: the one customer that all they left leads to, or nobody yet.

A visitor here is whoever is not known by name, be it a browser's id or a customer whose row says so.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from graph.identity.components import relabelled
from graph.identity.disputes import Disputes
from graph.identity.evidence import Evidence, Rows
from graph.identity.parties import Codes, Mask
from graph.identity.persons import Persons
from graph.identity.succession import Claims, orderly
from graph.identity.values import KEPT_APART, OVERLAPPING, SEVERAL_OWNERS

NOBODY = -1


@dataclass(frozen=True, eq=False)
class Owners:
    """Whom everybody belongs to.

    Attributes:
        label: The survivor of each party, shape (parties,).
        handed_on: Who claimed the visitors whose visits belong to one customer after the other.
        links: What leads from a visitor to an identifier or to somebody else, for telling why.
    """

    label: Codes
    handed_on: Claims
    links: Rows


def find_owners(evidence: Evidence, persons: Persons, disputes: Disputes) -> Owners:
    """Give every visitor to the one person that it leads to.

    1. A visitor leads to a person by a login, or by an identifier that this person alone has.
    2. Leading to several, it is a device that changed hands when they came one after the other, and contested when
       they alternate or came by another way than time can tell.
    3. Visitors that lead to nobody follow the identifiers they share with other visitors, as far as these lead to one
       person; among themselves they are one visitor, the oldest.
    """
    label = persons.label.copy()
    links = _links(evidence, persons)
    owned, shared_among = _owners_of_identifiers(evidence, persons)
    claims = _claims(evidence, persons, links, owned)
    of = claims.drop_duplicates(["visitor", "person"])["visitor"].value_counts()
    several = of.index[of > 1].to_numpy(dtype=np.int64)
    is_several = np.zeros(len(label), dtype=np.bool_)
    is_several[several] = True
    sole = claims[~is_several[claims["visitor"]]].drop_duplicates(["visitor", "person"])
    handed_on = _handed_on(claims[is_several[claims["visitor"]]], evidence, persons, disputes)
    free = links.where((shared_among[links.identifier] == 0) & ~is_several[label[links.party]])
    label = _followed(label, evidence, persons, sole=sole, free=free, is_several=is_several, disputes=disputes)
    label = _kept_apart(label, persons, disputes)
    _note_ambiguous(label, persons, links, shared_among, evidence=evidence, disputes=disputes)
    return Owners(label, handed_on, links)


def _links(evidence: Evidence, persons: Persons) -> Rows:
    """Rows of whoever is not known by name, apart from those that nothing may be joined with."""
    rows = Rows(
        np.concatenate([evidence.held.party, evidence.left.party]),
        np.concatenate([evidence.held.identifier, evidence.left.identifier]),
        np.concatenate([evidence.held.moment, evidence.left.moment]),
    )
    is_open = ~persons.is_known[persons.label[rows.party]] & ~persons.is_apart[rows.party]
    return rows.where(is_open & ~persons.is_wide[rows.identifier])


def _owners_of_identifiers(evidence: Evidence, persons: Persons) -> tuple[Codes, Codes]:
    """For each identifier the one known person that has it, or `NOBODY`; and how many known persons have it."""
    held = evidence.held.where(persons.is_known[persons.label[evidence.held.party]])
    pairs = pd.DataFrame({"identifier": held.identifier, "person": persons.label[held.party]}).drop_duplicates()
    count = np.bincount(pairs["identifier"], minlength=len(evidence.identifiers)).astype(np.int64)
    owned = np.full(len(evidence.identifiers), NOBODY, dtype=np.int64)
    owned[pairs["identifier"]] = pairs["person"]
    return np.where(count == 1, owned, NOBODY), count


def _claims(evidence: Evidence, persons: Persons, links: Rows, owned: Codes) -> pd.DataFrame:
    """Who leads to which known person, and when: `visitor` (its own label), `person`, `at`, `party`."""
    by_identifier = links.where(owned[links.identifier] >= 0)
    logins = evidence.logins
    is_claim = persons.is_known[persons.label[logins.customer]] & ~persons.is_known[persons.label[logins.visitor]]
    is_claim &= ~persons.is_apart[logins.visitor]
    party = np.concatenate([by_identifier.party, logins.visitor[is_claim]])
    return pd.DataFrame(
        {
            "visitor": persons.label[party],
            "person": np.concatenate([owned[by_identifier.identifier], persons.label[logins.customer[is_claim]]]),
            "at": np.concatenate([by_identifier.moment, logins.moment[is_claim]]),
            "party": party,
        }
    )


def _handed_on(claims: pd.DataFrame, evidence: Evidence, persons: Persons, disputes: Disputes) -> Claims:
    """Claims on devices that changed hands in an order that can be told; the others are disputes."""
    alone = np.bincount(persons.label, minlength=len(persons.label)) == 1
    can_be_told = alone[claims["visitor"]] & evidence.parties.is_visitor[claims["visitor"]]
    in_order = orderly(claims[can_be_told])
    contested = claims[~claims["visitor"].isin(in_order["visitor"])]
    visitor, person = (contested[end].to_numpy(dtype=np.int64) for end in ("visitor", "person"))
    disputes.note(OVERLAPPING, (visitor, visitor, None), (visitor, person, None))
    return Claims(*(in_order[name].to_numpy(dtype=np.int64) for name in ("visitor", "person", "at")))


def _followed(
    label: Codes,
    evidence: Evidence,
    persons: Persons,
    *,
    sole: pd.DataFrame,
    free: Rows,
    is_several: Mask,
    disputes: Disputes,
) -> Codes:
    """Labels after following identifiers that no known person has, and logins among visitors."""
    size = len(label)
    logins = evidence.logins
    both = ~(persons.is_known[label[logins.customer]] | persons.is_known[label[logins.visitor]])
    both &= ~(persons.is_apart[logins.customer] | persons.is_apart[logins.visitor])
    both &= ~(is_several[label[logins.customer]] | is_several[label[logins.visitor]])
    one = np.concatenate([label[free.party], label[logins.visitor[both]]])
    other = np.concatenate([size + free.identifier, label[logins.customer[both]]])
    cluster = relabelled(size + len(evidence.identifiers), one, other)[:size]
    led = pd.DataFrame({"cluster": cluster[sole["visitor"]], "person": sole["person"].to_numpy()}).drop_duplicates()
    persons_of = led["cluster"].value_counts()
    contested = persons_of.index[persons_of > 1].to_numpy(dtype=np.int64)
    own = np.full(size, NOBODY, dtype=np.int64)
    own[sole["visitor"]] = sole["person"]
    person_of = np.full(size, NOBODY, dtype=np.int64)
    person_of[led["cluster"]] = led["person"]
    is_contested = np.isin(cluster, contested)
    survivor = np.where(person_of[cluster] >= 0, person_of[cluster], cluster)
    alone = np.where(own >= 0, own, np.arange(size))
    result = np.where(is_contested, alone, survivor)[label]
    _note_led_apart(is_contested, cluster, label, led=led, free=free, disputes=disputes)
    return result


def _note_led_apart(
    is_contested: Mask, cluster: Codes, label: Codes, *, led: pd.DataFrame, free: Rows, disputes: Disputes
) -> None:
    rows = free.where(is_contested[label[free.party]])
    chosen = led[np.isin(led["cluster"], cluster[is_contested])]
    disputes.note(
        SEVERAL_OWNERS,
        (cluster[label[rows.party]], rows.party, rows.identifier),
        (chosen["cluster"].to_numpy(dtype=np.int64), chosen["person"].to_numpy(dtype=np.int64), None),
    )


def _kept_apart(label: Codes, persons: Persons, disputes: Disputes) -> Codes:
    """Take visitors out again whom a person keeps apart from somebody in the same place."""
    result = label.copy()
    for one, other in persons.kept:
        if label[one] != label[other]:
            continue
        for end in (one, other):
            if not persons.is_known[persons.label[end]]:
                result[persons.label == persons.label[end]] = persons.label[end]
        disputes.note(KEPT_APART, (np.array([one, one]), np.array([one, other]), None))
    return result


def _note_ambiguous(
    label: Codes, persons: Persons, links: Rows, count: Codes, *, evidence: Evidence, disputes: Disputes
) -> None:
    """Visitors that still belong to nobody and left what several known persons have."""
    is_unresolved = ~persons.is_known[label[links.party]]
    rows = links.where((count[links.identifier] > 1) & is_unresolved)
    held = evidence.held
    owners = held.where(np.isin(held.identifier, rows.identifier) & persons.is_known[persons.label[held.party]])
    # one dispute per visitor and identifier
    pairs = pd.DataFrame({"party": rows.party, "identifier": rows.identifier, "dispute": np.arange(len(rows.party))})
    with_owners = pairs.merge(pd.DataFrame({"owner": owners.party, "identifier": owners.identifier}), on="identifier")
    chosen = ((pairs, "party"), (with_owners, "owner"))
    columns = [
        [frame[name].to_numpy(dtype=np.int64) for name in ("dispute", who, "identifier")] for frame, who in chosen
    ]
    disputes.note(SEVERAL_OWNERS, *((dispute, party, identifier) for dispute, party, identifier in columns))
