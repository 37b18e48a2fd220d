"""Canonical tables after it is known who is who: rows of aliases become rows of their survivors, and none is lost.

Where two rows have one key afterwards, the survivor's own row stays, else that of the alias that is first by id, and
the others go to quarantine with the reason. Rows that say the same are one. Beyond that

- consents: of two words from one moment the refusal stays,
- suppressions: the row that ends last stays, from the earliest beginning of them; one of an alias's household or
  account is one of the survivor,
- identities: the earliest sighting stays; the later ones say nothing more and are not put aside,
- customers: what the survivor's row leaves open is filled from its aliases', in order of their ids; who is known by
  name or a minor anywhere is so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.identity import Resolution
from lake.columns import Table
from lake.ordering import order_by, runs_of_equal_keys
from lake.quality import REASON, ROW, SOURCE_ROW, VALUE
from lake.tables import TABLES
from lake.withdrawals import GRANTED, VOIDED, is_in_doubt

CUSTOMER: Final = "customer_id"
SUBJECT_PREFIX: Final = "customer/"
NAMED_BY_KIND: Final[Mapping[str, tuple[str, str]]] = {
    "estimates": ("subject_id", "subject_kind"),
    "suppressions": ("value", "kind"),
}
"""Columns that hold a customer's key where another column says `customer`."""

GROUPS: Final[Mapping[str, str]] = {"household": "household_id", "account": "account_id"}
"""Columns of customers by the kind of suppression that names what stands in them."""

NO_SOURCE_ROW: Final = 0
"""The source row of what no source states as it is."""

SAME_KEY: Final = "another row of the same customer has this key, since their identities were joined"
STRANGER: Final = "unknown customer"

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Joined:
    """One table after joining.

    Attributes:
        content: Its rows, in order of the key.
        quarantined: Rows put aside, in the columns of `lake.quality.Split.quarantined`.
    """

    content: pa.Table
    quarantined: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Survivors:
    """Whom ids stand for.

    Attributes:
        alias: Ids that stand for another one.
        survivor: Which one, of the same length.
    """

    alias: pa.Array
    survivor: pa.Array

    @classmethod
    def of(cls, aliases: pd.DataFrame) -> "Survivors":
        """From a table with `alias` and `customer_id`."""
        return cls(pa.array(aliases["alias"], pa.string()), pa.array(aliases["customer_id"], pa.string()))

    def of_ids(self, ids: pa.Array | pa.ChunkedArray) -> pa.Array:
        """Each id's survivor; an id that is no alias is its own."""
        texts = _plain(ids)
        found = self.survivor.take(pc.index_in(texts, value_set=self.alias))
        return pc.coalesce(found, texts)

    def names_of(self, customers: "pd.Series[str]") -> pa.Array:
        """These customers and all of their aliases."""
        ids = pa.array(customers, pa.string())
        return pa.concat_arrays([ids, self.alias.filter(pc.is_in(self.survivor, value_set=ids))])


def join_rows(table: Table, content: pa.Table, resolution: Resolution) -> Joined:
    """A table other than customers, with survivors in the place of aliases."""
    survivors = Survivors.of(resolution.aliases)
    column = _customer_column(table)
    if column is None:
        return Joined(content, _nothing_aside())
    before = _plain(content[column])
    after = _survivors_in(table, content, survivors)
    if table.name == "signals":
        after = _with_visits(content, after, resolution.moved)
    if after.equals(before):
        return Joined(content, _nothing_aside())
    changed = content.set_column(content.column_names.index(column), column, after)
    if column not in table.key:
        return Joined(changed, _nothing_aside())
    own = np.asarray(pc.fill_null(pc.equal(before, after), fill_value=True).to_numpy(zero_copy_only=False))
    return _one_row_per_key(table, changed, before, own)


def join_customers(table: Table, content: pa.Table, resolution: Resolution) -> pa.Table:
    """Customers: one row per survivor, and one per visitor who belongs to nobody we know."""
    survivors = Survivors.of(resolution.aliases)
    ids = _plain(content[CUSTOMER])
    after = survivors.of_ids(ids)
    is_touched = pc.is_in(after, value_set=after.filter(pc.not_equal(ids, after)))
    touched, kept = content.filter(is_touched), content.filter(pc.invert(is_touched))
    parts = [kept, *_filled(touched, after.filter(is_touched))]
    fresh = pa.array([one for one in resolution.visitors if one not in set(ids.to_pylist())], pa.string())
    if len(fresh):
        columns = {name: pa.nulls(len(fresh), content.schema.field(name).type) for name in content.column_names}
        is_known = pa.array(np.zeros(len(fresh), dtype=np.bool_))
        parts.append(pa.table(columns | {CUSTOMER: fresh, "is_known": is_known}).cast(content.schema))
    joined = pa.concat_tables(parts)
    return joined.take(pa.array(order_by(joined, table.key)))


def with_groups_of_aliases(suppressions: pa.Table, customers: pa.Table, survivors: Survivors) -> pa.Table:
    """Suppressions, those of a household or an account that an alias belongs to said of the survivor as well.

    A survivor may belong to another household than its alias, and has but one in its row.

    Args:
        suppressions: Rows by survivors.
        customers: Rows of the source, aliases and all.
        survivors: Whom aliases stand for.
    """
    ids = _plain(customers[CUSTOMER])
    is_alias = pc.is_in(ids, value_set=survivors.alias)
    columns = {name: customers[name] for name in GROUPS.values() if name in customers.column_names}
    people = pa.table({"survivor": survivors.of_ids(ids), **columns}).filter(is_alias).to_pandas()
    frame = suppressions.to_pandas()
    meant = [
        frame[frame["kind"] == kind].merge(people[["survivor", name]].dropna(), left_on="value", right_on=name)
        for kind, name in GROUPS.items()
        if name in columns
    ]
    said = [
        part.assign(kind="customer", value=part["survivor"])[suppressions.column_names] for part in meant if len(part)
    ]
    if not said:
        return suppressions
    schema, key = suppressions.schema, list(TABLES["suppressions"].key)
    every = pd.concat([frame, *said], ignore_index=True)
    every["starts_at"] = every.groupby(key)["starts_at"].transform("min")
    lasts = every.sort_values("ends_at", na_position="last", kind="stable").drop_duplicates(key, keep="last")
    typed = pa.Table.from_pandas(lasts, schema=schema, preserve_index=False).replace_schema_metadata(None)
    return typed.take(pa.array(order_by(typed, key)))


def with_survivors(table: Table, frame: pd.DataFrame, survivors: Survivors) -> pd.DataFrame:
    """Rows of a table that has not been joined, with survivors in the place of aliases; keys may be there twice."""
    column = _customer_column(table)
    if column is None or frame.empty or not len(survivors.alias):
        return frame
    read = [column, *NAMED_BY_KIND.get(table.name, ())]
    content = pa.table({name: pa.array(frame[name], pa.string()) for name in read})
    return frame.assign(**{column: _survivors_in(table, content, survivors).to_numpy(zero_copy_only=False)})


def without_doubtful(table: Table, content: pa.Table, doubts: pd.DataFrame, survivors: Survivors) -> Joined:
    """Consents without the grants that a word put aside may have withdrawn, under whichever id the person said it.

    Args:
        table: `consents`.
        content: Its rows, by survivors.
        doubts: What was put aside, by the ids of the source.
        survivors: Whom aliases stand for.
    """
    granted = np.flatnonzero(content[GRANTED].to_numpy(zero_copy_only=False).astype(bool))
    grants = content.select(list(table.key)).take(pa.array(granted)).to_pandas()
    voided = granted[is_in_doubt(table, grants, with_survivors(table, doubts, survivors))]
    is_kept = np.ones(content.num_rows, dtype=np.bool_)
    is_kept[voided] = False
    aside = content.take(pa.array(voided))
    return Joined(content.filter(pa.array(is_kept)), _aside(aside, VOIDED, [None] * aside.num_rows))


def without_strangers(content: pa.Table, customers: pa.Table) -> Joined:
    """Rows whose customer is there; the others are put aside."""
    is_there = pc.or_(pc.is_null(content[CUSTOMER]), pc.is_in(content[CUSTOMER], value_set=_plain(customers[CUSTOMER])))
    lost = content.filter(pc.invert(is_there))
    return Joined(content.filter(is_there), _aside(lost, STRANGER, lost[CUSTOMER].to_pylist()))


def _customer_column(table: Table) -> str | None:
    if table.name in NAMED_BY_KIND:
        return NAMED_BY_KIND[table.name][0]
    if table.name == "assertions":
        return "subject"
    return CUSTOMER if any(column.name == CUSTOMER for column in table.columns) else None


def _survivors_in(table: Table, content: pa.Table, survivors: Survivors) -> pa.Array:
    if table.name in NAMED_BY_KIND:
        column, kind = NAMED_BY_KIND[table.name]
        is_customer = pc.fill_null(pc.equal(_plain(content[kind]), "customer"), fill_value=False)
        return pc.if_else(is_customer, survivors.of_ids(content[column]), _plain(content[column]))
    if table.name == "assertions":
        subjects = _plain(content["subject"])
        is_customer = pc.starts_with(subjects, SUBJECT_PREFIX)
        named = survivors.of_ids(pc.utf8_slice_codeunits(subjects, len(SUBJECT_PREFIX)))
        return pc.if_else(is_customer, pc.binary_join_element_wise(SUBJECT_PREFIX, named, ""), subjects)
    return survivors.of_ids(content[CUSTOMER])


def _with_visits(content: pa.Table, customers: pa.Array, moved: pd.DataFrame) -> pa.Array:
    """Customers of signals, those of visitors included."""
    place = pc.index_in(_plain(content["signal_id"]), value_set=pa.array(moved["signal_id"], pa.string()))
    return pc.coalesce(customers, pa.array(moved["customer_id"], pa.string()).take(place))


def _one_row_per_key(table: Table, content: pa.Table, before: pa.Array, own: npt.NDArray[np.bool_]) -> Joined:
    order = order_by(content, table.key)
    ordered = content.take(pa.array(order))
    group = runs_of_equal_keys(ordered, table.key)
    is_repeated = np.bincount(group, minlength=1)[group] > 1 if len(group) else np.zeros(0, dtype=np.bool_)
    if not is_repeated.any():
        return Joined(ordered, _nothing_aside())
    place = np.flatnonzero(is_repeated)
    rows = ordered.take(pa.array(place))
    frame = rows.to_pandas().assign(
        _place=place,
        _group=group[place],
        _own=own[order[place]],
        _before=before.take(pa.array(order[place])).to_pandas(),
    )
    kept, aside = _chosen(table, frame)
    is_kept = ~is_repeated
    is_kept[kept] = True
    result = ordered.filter(pa.array(is_kept))
    if table.name == "suppressions":
        result = _from_the_earliest(result, rows, table)
    lost, named = ordered.take(pa.array(aside)), before.take(pa.array(order[aside]))
    return Joined(result, _aside(lost, f"{SAME_KEY} ({', '.join(table.key)})", named.to_pylist()))


def _chosen(table: Table, frame: pd.DataFrame) -> tuple[Codes, Codes]:
    """Places of the rows that stay, one per key, and of those that are put aside; copies of the former are neither."""
    first: list[tuple[str, bool]] = [("_own", False), ("_before", True)]
    if table.name == "consents":
        first = [("granted", True), *first]
    elif table.name == "identities":
        first = [("first_seen_at", True), *first]
    elif table.name == "suppressions":
        frame = frame.assign(_until=frame["ends_at"].fillna(pd.Timestamp.max.tz_localize("UTC")))
        first = [("_until", False), *first]
    names, ascending = ["_group", *(name for name, _ in first)], [True, *(is_ascending for _, is_ascending in first)]
    ordered = frame.sort_values([*names, "_place"], ascending=[*ascending, True], kind="stable")
    is_first = ~ordered["_group"].duplicated()
    kept = ordered.loc[is_first, "_place"].to_numpy(dtype=np.int64)
    if table.name == "identities":
        return kept, np.zeros(0, dtype=np.int64)
    said = [column.name for column in table.columns]
    texts = ordered[said].astype(str)
    same = texts.groupby(ordered["_group"].to_numpy()).transform("first").eq(texts).all(axis=1)
    return kept, np.sort(ordered.loc[~is_first & ~same, "_place"].to_numpy(dtype=np.int64))


def _from_the_earliest(content: pa.Table, repeated: pa.Table, table: Table) -> pa.Table:
    """Suppressions that were joined hold from the earliest beginning of any of them."""
    keys = list(table.key)
    earliest = repeated.to_pandas().groupby(keys, as_index=False)["starts_at"].min()
    frame = content.to_pandas().merge(earliest, on=keys, how="left", suffixes=("", "_earliest"))
    frame["starts_at"] = frame["starts_at_earliest"].fillna(frame["starts_at"])
    frame = frame[list(content.column_names)]
    return pa.Table.from_pandas(frame, schema=content.schema, preserve_index=False).replace_schema_metadata(None)


def _filled(rows: pa.Table, survivor: pa.Array) -> list[pa.Table]:
    """One row per survivor: its own values, then those of its aliases in order of their ids."""
    if rows.num_rows == 0:
        return []
    own = pc.equal(_plain(rows[CUSTOMER]), survivor)
    order = pc.sort_indices(
        pa.table({"survivor": survivor, "is_other": pc.invert(own), "id": _plain(rows[CUSTOMER])}),
        sort_keys=[("survivor", "ascending"), ("is_other", "ascending"), ("id", "ascending")],
    )
    rows, survivor = rows.take(order), survivor.take(order)
    group = runs_of_equal_keys(pa.table({"survivor": survivor}), ["survivor"])
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    columns = {}
    for name in rows.column_names:
        values = _plain_any(rows[name])
        place = np.where(
            np.asarray(values.is_valid().to_numpy(zero_copy_only=False)), np.arange(len(values)), len(values)
        )
        first = np.minimum.reduceat(place, starts)
        columns[name] = values.take(pa.array(np.where(first < len(values), first, 0), mask=first >= len(values)))
    for name in ("is_known", "is_minor"):
        if name in columns:
            said = np.asarray(pc.fill_null(_plain_any(rows[name]), fill_value=False).to_numpy(zero_copy_only=False))
            anywhere = pa.array(np.logical_or.reduceat(said, starts))
            columns[name] = pc.if_else(anywhere, anywhere, columns[name])
    columns[CUSTOMER] = survivor.take(pa.array(starts))
    return [pa.table(columns).cast(rows.schema)]


def _aside(rows: pa.Table, reason: str, values: list[Any]) -> pd.DataFrame:
    frame = rows.to_pandas()
    lines = frame.to_json(
        orient="records", lines=True, date_format="iso", date_unit="us", default_handler=str, force_ascii=False
    )
    texts = str(lines).rstrip("\n").split("\n") if len(frame) else []
    told = {SOURCE_ROW: np.full(len(frame), NO_SOURCE_ROW), REASON: [reason] * len(frame), VALUE: values, ROW: texts}
    return pd.DataFrame(told).astype({SOURCE_ROW: np.int64, REASON: object, VALUE: object, ROW: object})


def _nothing_aside() -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in (SOURCE_ROW, REASON, VALUE, ROW)})


def _plain(ids: pa.Array | pa.ChunkedArray) -> pa.Array:
    return _plain_any(ids).cast(pa.string())


def _plain_any(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
