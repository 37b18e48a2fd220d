"""Who is meant: a customer and all the identifiers that they go by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lake.erasure import Tombstones
from lake.errors import LakeError
from lake.rewriting import every_version
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.stored import empty_table

ALIASES = "aliases"
VISITOR = "anonymous/"
"""What the id of a visitor begins with who became no customer that we know by another name."""


class UnknownPersonError(UsageError):
    """Nobody is known under this id."""


@dataclass(frozen=True)
class Person:
    """One customer.

    Attributes:
        customer_id: The id that all tables name them by since identities were resolved.
        identifiers: All that name them and nobody else: ids, aliases, anonymous ids, addresses; the id first.
        shared: Identifiers that others have too; they say nothing about this person alone and stay with the others.
    """

    customer_id: str
    identifiers: tuple[str, ...]
    shared: tuple[str, ...] = ()


def current_table(day: Day, name: str) -> pd.DataFrame:
    """The latest version of a canonical table; without rows when nothing ever stated any."""
    return day.lake.read(name) if day.lake.latest(name) is not None else empty_table(name)


def result_table(day: Day, name: str) -> pd.DataFrame:
    """All rows of a results table, with `run_id`; empty when no run ever produced it."""
    try:
        return day.lake.read_result(name)
    except LakeError:
        if (day.lake.root / "results" / name).exists():
            raise
        return pd.DataFrame()


def known_customer(day: Day, identifier: str, *, ever: bool = False) -> str:
    """The customer whom an id names, be it their own or one that was merged into it.

    Args:
        day: Of the command.
        identifier: The id.
        ever: Also whom the sources do not name any more, as long as an earlier version of the customers is kept.

    Raises:
        UnknownPersonError: Nobody.
    """
    customers = current_table(day, "customers")["customer_id"]
    if customers.eq(identifier).any():
        return identifier
    survivor = _survivor_of(day, identifier)
    if survivor is not None:
        return survivor
    if ever and _was_customer(day, identifier):
        return identifier
    if Tombstones.of(day.lake).names(identifier):
        raise UnknownPersonError(
            f"nothing is known about `{identifier}` any more.",
            where=str(day.lake.root),
            remedy=f"They were erased; what was done stands in the receipts in {receipts(day)}.",
        )
    known = ", ".join(customers.head(3))
    raise UnknownPersonError(
        f"nobody is known as `{identifier}`.",
        where=str(day.lake.root),
        remedy=f"Customers have ids such as {known}." if known else "Run the playbook first: warrant run.",
    )


def receipts(day: Day) -> Path:
    """Where the receipts of a playbook's erasures lie."""
    return day.home.root / "receipts" / day.playbook.name


def person_of(day: Day, identifier: str) -> Person:
    """A customer with everything that names them, or did in a version of the tables that is kept.

    Raises:
        UnknownPersonError: Nobody goes by this identifier.
    """
    customer_id = known_customer(day, identifier, ever=True)
    ids = [customer_id, *_aliases_of(day, customer_id)]
    identities = current_table(day, "identities")
    of_others = set(identities.loc[~identities["customer_id"].isin(ids), "value"])
    values = _identifiers_ever(day, ids)
    signals = current_table(day, "signals")
    anonymous = signals.loc[signals["customer_id"].isin(ids), "anonymous_id"].dropna().drop_duplicates()
    own = [value for value in _ordered([*ids, *values, *anonymous]) if value not in of_others]
    own += [value.removeprefix(VISITOR) for value in own if value.startswith(VISITOR)]
    visits = set(signals["anonymous_id"].dropna())
    own += [f"{VISITOR}{value}" for value in own if value in visits]
    return Person(customer_id, tuple(_ordered(own)), tuple(value for value in values if value in of_others))


def _was_customer(day: Day, identifier: str) -> bool:
    named = pa.scalar(identifier, pa.string())
    return any(
        pc.any(pc.equal(rows["customer_id"].cast(pa.string()), named)).as_py()
        for rows in every_version(day.lake, "customers")
    )


def _identifiers_ever(day: Day, ids: Sequence[str]) -> list[str]:
    """Identifiers that any kept version gives to one of these ids, the latest version's first."""
    wanted = pa.array(ids, pa.string())
    found = [
        rows["value"].filter(pc.is_in(rows["customer_id"].cast(pa.string()), value_set=wanted)).to_pylist()
        for rows in every_version(day.lake, "identities")
    ]
    return _ordered(value for values in found for value in values)


def _survivor_of(day: Day, identifier: str) -> str | None:
    aliases = _aliases(day)
    found = aliases.loc[aliases["alias"] == identifier, "customer_id"]
    return str(found.iloc[-1]) if len(found) else None


def _aliases_of(day: Day, customer_id: str) -> list[str]:
    aliases = _aliases(day)
    return aliases.loc[aliases["customer_id"] == customer_id, "alias"].drop_duplicates().tolist()


def _aliases(day: Day) -> pd.DataFrame:
    """Ids that are merged into others now: `alias` and the `customer_id` that stands for it."""
    run = day.ledger.latest()
    found = result_table(day, ALIASES)
    if run is None or found.empty:
        return pd.DataFrame({"alias": [], "customer_id": []}, dtype=object)
    return found[found["run_id"] == run.run_id]


def _ordered(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(str(value) for value in values if str(value).strip()))
