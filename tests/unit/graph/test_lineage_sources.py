"""What facts are declared to be made from is what they are made from: take a table away and see what changes."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pytest

from benchmarks.worlds import simulate
from benchmarks.worlds.settings import CompanySettings
from graph.content import whole_layer
from graph.lineage_sources import FACT_SOURCES
from graph.relate import knowledge_tables
from pipelines.stored import empty_table

UNTIL = datetime(2025, 6, 1, 22, tzinfo=UTC)
CHANNELS = pd.DataFrame({"channel_id": ["email", "in_app"], "title": None, "kind": "file", "cost_per_touch": 0.0})
QUIET = ("assignments", "offers")
"""Tables of which so small a company has too little to change a fact, or that only a key is read of."""
AUDIENCES = pd.DataFrame({"audience_id": ["everybody"], "expression": ["customer.is_known"]})


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """A small company with everything that the canonical tables can say about it."""
    world = simulate(CompanySettings(contacts=60, until=UNTIL, days=200))
    channels = {"channels": CHANNELS, "audiences": AUDIENCES}
    stated = {name: _with_all_columns(name, frame) for name, frame in world.tables.items()}
    return stated | channels


def _with_all_columns(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    lacking = [column for column in empty_table(name).columns if column not in frame]
    return frame.assign(**dict.fromkeys(lacking))


def related(tables: Mapping[str, pd.DataFrame]) -> dict[str, pa.Table]:
    return whole_layer("knowledge", knowledge_tables(tables, as_of=UNTIL, timezone="Europe/Berlin"))


@pytest.fixture(scope="module")
def facts(tables: dict[str, pd.DataFrame]) -> dict[str, pa.Table]:
    return related(tables)


@pytest.mark.parametrize(
    "table",
    [
        "accounts",
        "audiences",
        "campaigns",
        "categories",
        "assertions",
        "assets",
        "assignments",
        "channels",
        "consents",
        "customers",
        "memberships",
        "observations",
        "offers",
        "opportunities",
        "outcomes",
        "products",
        "purchases",
        "signals",
        "touches",
    ],
)
def test_what_changes_without_a_table_is_declared_to_be_made_from_it(
    tables: dict[str, pd.DataFrame], facts: dict[str, pa.Table], table: str
) -> None:
    without = related(tables | {table: tables[table].head(0)})
    changed = {kind for kind, rows in facts.items() if not rows.equals(without[kind])}
    undeclared = {kind for kind in changed if table not in FACT_SOURCES[kind]}
    assert undeclared == set()
    assert changed or table in QUIET, "the test would not see anything"


def test_identities_enter_no_fact(tables: dict[str, pd.DataFrame], facts: dict[str, pa.Table]) -> None:
    without = related(tables | {"identities": tables["identities"].head(0)})
    assert all(rows.equals(without[kind]) for kind, rows in facts.items())
