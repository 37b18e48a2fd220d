"""Who is who: customers that are one person, visitors that turned out to be customers, and what cannot be told."""

from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from graph.identity.decisions import Decisions, decisions_in_force
from graph.identity.disputes import Disputes
from graph.identity.evidence import Evidence, gather
from graph.identity.explanations import alias_table
from graph.identity.persons import find_persons
from graph.identity.succession import owners_by_time
from graph.identity.values import IdentitySettings, Resolution
from graph.identity.visitors import Owners, find_owners

DEFAULTS = IdentitySettings()


def resolve(
    identities: pa.Table | pd.DataFrame,
    signals: pa.Table | pd.DataFrame,
    customers: pa.Table | pd.DataFrame,
    decided: pd.DataFrame,
    *,
    as_of: datetime | None = None,
    settings: IdentitySettings = DEFAULTS,
) -> Resolution:
    """Find out who is who; the same rows in any order give the same answer.

    Customers who share an identifier of a strong kind are one person, unless they contradict each other in another; a
    visitor belongs to the one person that its logins and the contacts it left lead to. Whatever leads to several is
    contested and stays as it is. What people decided wins over all of this. Of those who are one, the oldest survives:
    customers known by name before others, then who joined or was seen first, then the smaller id.

    Identifiers are compared as they are written; sources say them in one way, or hash them.

    Args:
        identities: kind, value, customer_id, first_seen_at. Kind `anonymous` (or `anonymous_id`): the visitor of this
            id was seen as this customer.
        signals: signal_id, customer_id, anonymous_id, occurred_at, properties (JSON; contacts in it count).
        customers: customer_id; is_known and joined_at where there are any.
        decided: What people decided, columns `decisions.DECIDED_COLUMNS`.
        as_of: Rows and decisions of this moment or later do not count; None for all.
        settings: How much evidence is enough.

    Raises:
        IdentityError: A decision merges an id into itself.
    """
    decisions = decisions_in_force(decided, as_of)
    evidence = gather(identities, signals, customers, as_of=as_of, settings=settings)
    disputes = Disputes()
    persons = find_persons(evidence, decisions, settings, disputes)
    owners = find_owners(evidence, persons, disputes)
    return _resolution(evidence, decisions, owners, disputes, settings)


def _resolution(
    evidence: Evidence, decisions: Decisions, owners: Owners, disputes: Disputes, settings: IdentitySettings
) -> Resolution:
    parties = evidence.parties
    is_survivor = owners.label == np.arange(len(parties))
    return Resolution(
        aliases=alias_table(evidence, decisions, owners),
        contested=disputes.table(parties, evidence.identifiers, owners.label),
        moved=_moved(evidence, owners, settings.window_days),
        visitors=tuple(sorted(parties.texts(np.flatnonzero(parties.is_visitor & is_survivor)))),
        unreadable=evidence.unreadable,
    )


def _moved(evidence: Evidence, owners: Owners, window_days: float) -> pd.DataFrame:
    claimed = owners_by_time(evidence.visits, owners.handed_on, window_days)
    signal_id = np.asarray(evidence.visits.signal_id.to_numpy(zero_copy_only=False), dtype=object)
    moved = pd.DataFrame({"signal_id": signal_id, "customer_id": evidence.parties.texts(owners.label[claimed])})
    return moved.sort_values("signal_id", ignore_index=True)
