"""What speaks for somebody being somebody: identifiers of customers, contacts that visitors left, and their logins."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.identity.parties import Codes, Mask, Parties, micros, parties_of
from graph.identity.values import VISITOR, IdentitySettings
from lake.coercion import arrow_of

ANONYMOUS_KINDS: Final = ("anonymous", "anonymous_id")
"""Kinds of `identities` whose value is the id of a visitor: a login that was recorded elsewhere."""

LOGIN: Final = "anonymous_id"


@dataclass(frozen=True, eq=False)
class Rows:
    """Who has which identifier; each pair once, with the earliest moment; shapes (rows,).

    Attributes:
        party: Numbers of `Parties`.
        identifier: Numbers of `Identifiers`.
        moment: Microseconds.
    """

    party: Codes
    identifier: Codes
    moment: Codes

    def where(self, chosen: Mask) -> "Rows":
        """Some of them."""
        return Rows(self.party[chosen], self.identifier[chosen], self.moment[chosen])


@dataclass(frozen=True, eq=False)
class Identifiers:
    """The distinct identifiers.

    Attributes:
        kind: Position in `kinds`, shape (identifiers,).
        value: Position in `values`, shape (identifiers,).
        kinds: The kinds.
        values: The values.
        is_strong: Whether the kind proves a person, shape (identifiers,).
    """

    kind: Codes
    value: Codes
    kinds: pa.Array
    values: pa.Array
    is_strong: Mask

    def __len__(self) -> int:
        """How many there are."""
        return len(self.kind)

    def texts(self, of: Codes) -> npt.NDArray[np.object_]:
        """Identifiers as `kind:value`."""
        kinds, values = self.kinds.take(pa.array(self.kind[of])), self.values.take(pa.array(self.value[of]))
        return np.asarray(pc.binary_join_element_wise(kinds, values, ":").to_numpy(zero_copy_only=False), dtype=object)


@dataclass(frozen=True, eq=False)
class Logins:
    """A visitor was seen as a customer; shapes (rows,).

    Attributes:
        visitor: Numbers of `Parties`.
        customer: Numbers of `Parties`.
        moment: Microseconds.
    """

    visitor: Codes
    customer: Codes
    moment: Codes


@dataclass(frozen=True, eq=False)
class Visits:
    """Signals of visitors that name no customer; shapes (rows,).

    Attributes:
        signal_id: Keys.
        visitor: Numbers of `Parties`.
        moment: Microseconds.
    """

    signal_id: pa.Array
    visitor: Codes
    moment: Codes


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that was known at a moment.

    Attributes:
        parties: Customers and visitors.
        identifiers: Identifiers.
        held: Which customers have which identifier.
        left: Which visitors left which contact.
        logins: Which visitors were seen as which customers.
        visits: What visitors did.
        unreadable: Signals whose properties are no JSON object.
    """

    parties: Parties
    identifiers: Identifiers
    held: Rows
    left: Rows
    logins: Logins
    visits: Visits
    unreadable: int


def gather(
    identities: pa.Table | pd.DataFrame,
    signals: pa.Table | pd.DataFrame,
    customers: pa.Table | pd.DataFrame,
    *,
    as_of: datetime | None,
    settings: IdentitySettings,
) -> Evidence:
    """Number everybody and everything that was known before a moment."""
    identities = _before(_typed(identities, ("kind", "value", "customer_id"), "first_seen_at"), "first_seen_at", as_of)
    names = ("signal_id", "customer_id", "anonymous_id", "properties")
    signals = _before(_typed(signals, names, "occurred_at"), "occurred_at", as_of)
    signals = signals.filter(pc.is_valid(signals["anonymous_id"]))
    customers = customers if isinstance(customers, pa.Table) else arrow_of(customers)
    is_login = pc.is_in(identities["kind"], value_set=pa.array(ANONYMOUS_KINDS))
    stated, identities = identities.filter(is_login), identities.filter(pc.invert(is_login))
    named = signals.filter(pc.is_valid(signals["customer_id"]))
    contacts, unreadable = contacts_in(signals, settings.contact_kinds)
    parties = parties_of(
        customers.set_column(
            customers.column_names.index("customer_id"), "customer_id", customers["customer_id"].cast(pa.string())
        ),
        pa.table({"customer_id": identities["customer_id"], "at": identities["first_seen_at"]}),
        _combined(signals, "anonymous_id", "occurred_at", stated),
    )
    held, left, identifiers = _identifiers(identities, contacts, parties, settings)
    visitor = _visitors(
        parties, pa.chunked_array([*named["anonymous_id"].chunks, *stated["value"].chunks], pa.string())
    )
    customer = parties.codes(
        pa.chunked_array([*named["customer_id"].chunks, *stated["customer_id"].chunks], pa.string())
    )
    at = np.concatenate([micros(named["occurred_at"]), micros(stated["first_seen_at"])])
    is_ours = (customer >= 0) & (visitor != customer)
    visits = signals.filter(pc.is_null(signals["customer_id"]))
    return Evidence(
        parties,
        identifiers,
        held,
        left,
        Logins(visitor[is_ours], customer[is_ours], at[is_ours]),
        Visits(
            visits["signal_id"].combine_chunks(),
            _visitors(parties, visits["anonymous_id"]),
            micros(visits["occurred_at"]),
        ),
        unreadable,
    )


def contacts_in(signals: pa.Table, kinds: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """Contact identifiers in the properties of signals.

    Args:
        signals: anonymous_id, occurred_at, properties (JSON objects).
        kinds: Kinds that are looked for, as `<kind>` or `<kind>_hash`, at the top or below `traits`.

    Returns:
        `kind`, `value`, `anonymous_id`, `at`; and how many that seem to hold one are no JSON object.
    """
    names = [(name, kind) for kind in kinds for name in (kind, f"{kind}_hash")]
    seems = pc.match_substring_regex(signals["properties"], '"(' + "|".join(name for name, _ in names) + ')"')
    chosen = signals.filter(pc.fill_null(seems, fill_value=False))
    rows: list[tuple[str, str, str, Any]] = []
    unreadable = 0
    moments = chosen["occurred_at"].cast(pa.timestamp("us", "UTC"))
    columns = (chosen["properties"].to_pylist(), chosen["anonymous_id"].to_pylist(), micros(moments).tolist())
    for text, visitor, at in zip(*columns, strict=True):
        read = _json_object(text)
        if read is None:
            unreadable += 1
            continue
        traits = read.get("traits")
        for said in (read, traits if isinstance(traits, dict) else {}):
            found = ((kind, said[name]) for name, kind in names if name in said)
            rows += [(kind, str(value).strip(), visitor, at) for kind, value in found if _is_identifier(value)]
    return pd.DataFrame(rows, columns=["kind", "value", "anonymous_id", "at"]), unreadable


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        read = json.loads(text)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _is_identifier(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip() != ""


def _identifiers(
    identities: pa.Table, contacts: pd.DataFrame, parties: Parties, settings: IdentitySettings
) -> tuple[Rows, Rows, Identifiers]:
    kinds = pa.chunked_array([*identities["kind"].chunks, pa.array(contacts["kind"], pa.string())], pa.string())
    values = pa.chunked_array([*identities["value"].chunks, pa.array(contacts["value"], pa.string())], pa.string())
    kind, value = (column.combine_chunks().dictionary_encode() for column in (kinds, values))
    kind_code, value_code = (np.asarray(one.indices.to_numpy(), dtype=np.int64) for one in (kind, value))
    number, distinct = pd.factorize(kind_code * max(len(value.dictionary), 1) + value_code)
    of_kind, of_value = np.divmod(distinct, max(len(value.dictionary), 1))
    strong = np.asarray(
        pc.is_in(kind.dictionary, value_set=pa.array(settings.strong_kinds)).to_numpy(zero_copy_only=False)
    )
    identifiers = Identifiers(of_kind, of_value, kind.dictionary, value.dictionary, strong[of_kind])
    party = parties.codes(identities["customer_id"])
    visitor = _visitors(parties, pa.chunked_array([pa.array(contacts["anonymous_id"], pa.string())]))
    ours = number[: len(party)].astype(np.int64)
    left = _earliest(visitor, number[len(party) :].astype(np.int64), contacts["at"].to_numpy(dtype=np.int64))
    held = _earliest(party, ours, micros(identities["first_seen_at"]))
    return held.where(held.party >= 0), left, identifiers


def _earliest(party: Codes, identifier: Codes, at: Codes) -> Rows:
    """Each pair once, with its earliest moment."""
    if len(party) == 0:
        return Rows(party, identifier, at)
    pair = party * (int(identifier.max()) + 1) + identifier
    group, distinct = pd.factorize(pair)
    if len(distinct) == len(pair):
        return Rows(party, identifier, at)
    first = np.full(len(distinct), np.iinfo(np.int64).max)
    np.minimum.at(first, group, at)
    _, place = np.unique(group, return_index=True)
    return Rows(party[place], identifier[place], first[group[place]])


def _visitors(parties: Parties, anonymous_ids: pa.ChunkedArray) -> Codes:
    return parties.codes(pc.binary_join_element_wise(VISITOR, anonymous_ids.cast(pa.string()), ""))


def _typed(table: pa.Table | pd.DataFrame, texts: Sequence[str], time: str) -> pa.Table:
    rows = table if isinstance(table, pa.Table) else arrow_of(table)
    nothing = pa.nulls(rows.num_rows)
    columns = {name: rows[name] if name in rows.column_names else nothing for name in (*texts, time)}
    types = dict.fromkeys(texts, pa.string()) | {time: pa.timestamp("us", "UTC")}
    return pa.table({name: column.cast(types[name]) for name, column in columns.items()})


def _before(rows: pa.Table, time: str, as_of: datetime | None) -> pa.Table:
    if as_of is None:
        return rows
    is_known = pc.less(rows[time], pa.scalar(as_of, pa.timestamp("us", "UTC")))
    return rows.filter(pc.fill_null(is_known, fill_value=True))


def _combined(signals: pa.Table, visitor: str, at: str, stated: pa.Table) -> pa.Table:
    ids = pa.chunked_array([*signals[visitor].chunks, *stated["value"].chunks], pa.string())
    moments = pa.chunked_array([*signals[at].chunks, *stated["first_seen_at"].chunks], pa.timestamp("us", "UTC"))
    return pa.table({"anonymous_id": ids, "at": moments})
