"""Who is who, applied: at the end of perceive every table names survivors, and what cannot be told is listed.

Sources stay as they are and are read anew every day, so that a merge that is taken back leaves nothing behind.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import pandas as pd
import pyarrow as pa

from graph.identity import (
    ALIAS_COLUMNS,
    CONTESTED_COLUMNS,
    DECIDED_COLUMNS,
    MERGED,
    SPLIT,
    VISITOR,
    Resolution,
    no_decisions,
    resolve,
)
from lake.digest import text_digest
from lake.journal import Journal
from lake.ordering import order_by
from lake.quality import Split
from lake.runs import RunRow
from lake.store import Lake
from lake.tables import TABLES
from pipelines.joining import (
    Survivors,
    join_customers,
    join_rows,
    with_groups_of_aliases,
    without_doubtful,
    without_strangers,
)
from pipelines.playbook import Playbook
from pipelines.raw_rows import assumed_consents
from pipelines.stored import empty_table

ALIASES: Final = "aliases"
CONTESTED: Final = "contested_identities"
NAMING_VISITORS: Final = {"touches", "consents"}
"""Tables to which we add rows ourselves, about visitors that earlier runs found and this one may not."""

LISTS: Final = ("customers", "evidence")


@dataclass(frozen=True, eq=False)
class Identified:
    """The tables of a day with survivors in them.

    Attributes:
        splits: Checked rows by table; what joining put aside is among the quarantined.
        resolution: Who is who.
    """

    splits: dict[str, Split]
    resolution: Resolution


def identify(playbook: Playbook, splits: Mapping[str, Split], lake: Lake, *, as_of: datetime) -> Identified:
    """Find out who is who and put survivors into all tables.

    Visitors who belong to nobody we know become customers `anonymous/<id>` that are not known by name; a channel whose
    consent the playbook assumes may reach them like any other customer.

    Args:
        playbook: Its channels may state consent.
        splits: Checked rows by table.
        lake: Whose journal tells what people decided.
        as_of: What was seen or decided at this moment or later does not count.

    Raises:
        IdentityError: A decision of the journal cannot be.
    """
    contents = {name: checked.content for name, checked in splits.items()}
    resolution = resolve(
        contents.get("identities", empty_table("identities")),
        contents.get("signals", empty_table("signals")),
        contents["customers"],
        decisions_of(lake),
        as_of=as_of,
    )
    result = {name: _joined(name, checked, resolution) for name, checked in splits.items()}
    customers = join_customers(TABLES["customers"], contents["customers"], resolution)
    result["customers"] = replace(splits["customers"], content=customers)
    if "suppressions" in result and len(resolution.aliases):
        survivors = Survivors.of(resolution.aliases)
        closed = with_groups_of_aliases(result["suppressions"].content, contents["customers"], survivors)
        result["suppressions"] = replace(result["suppressions"], content=closed)
    for name in NAMING_VISITORS & result.keys():
        there = without_strangers(result[name].content, customers)
        result[name] = _with_aside(replace(result[name], content=there.content), there.quarantined)
    if resolution.visitors and "consents" in result:
        result["consents"] = _with_assumed(playbook, result["consents"], resolution)
    return Identified(result, resolution)


def decisions_of(lake: Lake) -> pd.DataFrame:
    """What people decided about identities, as the journal tells; what was forgotten since does not count."""
    events = Journal(lake).events()
    chosen = events[events["kind"].isin((MERGED, SPLIT)) & events["payload"].notna()]
    if chosen.empty:
        return no_decisions()
    rows = [
        {
            "position": event["position"],
            "kind": event["kind"],
            "customer_id": event["payload"]["customer_id"],
            "other_id": event["payload"].get("other_id"),
            "decided_by": event["person"] or f"system-user:{event['system_user']}",
            "at": event["at"],
            "because": event["because"],
        }
        for event in chosen.to_dict("records")
    ]
    return pd.DataFrame(rows, columns=list(DECIDED_COLUMNS), dtype=object)


def store_identities(lake: Lake, run_id: str, resolution: Resolution) -> None:
    """Store aliases and contested identities as results of a run; where nothing ever was, nothing is written."""
    contested = resolution.contested.copy()
    for name in LISTS:
        contested[name] = [json.dumps(names, ensure_ascii=False) for names in contested[name]]
    for name, rows in ((ALIASES, resolution.aliases), (CONTESTED, contested)):
        if len(rows) or (lake.root / "results" / name).exists():
            lake.write_slice(name, run_id, rows)


def identity_digests(resolution: Resolution) -> dict[str, str]:
    """Digests of who is who, as far as the joined tables do not tell, for a run's identity; of lists that have rows.

    What is contested lowers the trust in every decision, so that another list of it makes another run.
    """
    found = {ALIASES: resolution.aliases, CONTESTED: resolution.contested}
    return {
        name: text_digest(rows.to_json(orient="records", date_format="iso", date_unit="us", default_handler=str) or "")
        for name, rows in found.items()
        if len(rows)
    }


def stored_aliases(lake: Lake, run_id: str) -> pd.DataFrame:
    """The aliases that hold in a run; columns `ALIAS_COLUMNS`."""
    return _slice(lake, ALIASES, run_id, ALIAS_COLUMNS)


def stored_contested(lake: Lake, run_id: str) -> pd.DataFrame:
    """What was contested in a run; columns `CONTESTED_COLUMNS`, lists as lists."""
    rows = _slice(lake, CONTESTED, run_id, CONTESTED_COLUMNS)
    return rows.assign(**{name: rows[name].map(json.loads) for name in LISTS})


def survivors_of(lake: Lake, run: RunRow | None) -> Survivors:
    """Whom aliases stand for in a run; what sources say later is read by it. Without a run everybody is themselves."""
    if run is None:
        return Survivors.of(pd.DataFrame({"alias": [], "customer_id": []}, dtype=object))
    return Survivors.of(stored_aliases(lake, run.run_id))


def ids_beside_customers(lake: Lake, run: RunRow | None) -> "pd.Series[str]":
    """Ids that the source of customers does not name and that a run knows all the same: visitors, and who was one."""
    if run is None or "customers" not in run.pins:
        return pd.Series([], dtype=object)
    customers = lake.read("customers", run.pins["customers"].version, columns=["customer_id"])["customer_id"]
    aliases = stored_aliases(lake, run.run_id)["alias"]
    return pd.concat([aliases, customers[customers.str.startswith(VISITOR)]], ignore_index=True).astype(object)


def visitors_named(*frames: pd.DataFrame | pa.Table | None) -> pa.Array:
    """Ids `anonymous/…` that rows name as their customer: they were found by earlier runs."""
    named = {
        str(one)
        for frame in frames
        if frame is not None
        for one in (frame["customer_id"].to_pylist() if isinstance(frame, pa.Table) else frame["customer_id"])
        if str(one).startswith(VISITOR)
    }
    return pa.array(sorted(named), pa.string())


def _slice(lake: Lake, name: str, run_id: str, columns: tuple[str, ...]) -> pd.DataFrame:
    if not (lake.root / "results" / name).exists():
        return pd.DataFrame({column: pd.Series(dtype=object) for column in columns})
    return lake.read_slice(name, run_id)[list(columns)].sort_values(columns[0], ignore_index=True)


def _joined(name: str, checked: Split, resolution: Resolution) -> Split:
    if name == "customers":
        return checked
    joined = join_rows(TABLES[name], checked.content, resolution)
    result = _with_aside(replace(checked, content=joined.content), joined.quarantined)
    if checked.doubts is None or checked.doubts.empty:
        return result
    sure = without_doubtful(TABLES[name], result.content, checked.doubts, Survivors.of(resolution.aliases))
    return _with_aside(replace(result, content=sure.content), sure.quarantined)


def _with_aside(checked: Split, aside: pd.DataFrame) -> Split:
    if aside.empty:
        return checked
    parts = [part for part in (checked.quarantined, aside) if len(part)]
    return replace(checked, quarantined=pd.concat(parts, ignore_index=True))


def _with_assumed(playbook: Playbook, consents: Split, resolution: Resolution) -> Split:
    """Consents with those that the playbook assumes for visitors."""
    visitors = pa.array(resolution.visitors, pa.string())
    content = consents.content
    said = [rows.select(content.column_names).cast(content.schema) for rows in assumed_consents(playbook, visitors)]
    if not said:
        return consents
    content = pa.concat_tables([content, *said])
    return replace(consents, content=content.take(pa.array(order_by(content, TABLES["consents"].key))))
