"""Evidence leads down to the rows that it rests on, by whichever name a row has for its customer."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from graph.content import normal_form
from graph.loaded import Shelf, parts_of
from graph.schema import RELATIONSHIP
from lake.coercion import ARROW_TYPES
from lake.digest import content_digest
from lake.store import Lake
from lake.tables import TABLES
from pipelines.evidence import traced

SEEN = pd.Timestamp("2026-02-01", tz="UTC")
KIND = "Customer PREFERS Channel"


@pytest.mark.parametrize("named", ["customer_id", "touch_id"])
def test_an_answer_that_names_a_touch_alone_is_shown_like_one_that_names_its_customer(
    tmp_path: Path, named: str
) -> None:
    lake = Lake(tmp_path)
    said = {"outcome_id": "o-1", named: "ann", "name": "clicked", "occurred_at": SEEN}
    types = {column.name: ARROW_TYPES[column.type] for column in TABLES["outcomes"].columns}
    rows = pa.table({name: pa.array([said.get(name)], kind) for name, kind in types.items()})
    pin = lake.write("outcomes", rows, digest=content_digest(rows, ["outcome_id"]))
    belief = {
        "from_key": "ann",
        "to_key": "email",
        "rule": "answers-on",
        "valid_from": SEEN,
        "weight": 1.0,
        "half_life_days": 90.0,
        "confidence": 0.5,
        "source": "touches, outcomes",
        "evidence": ["outcomes/o-1"],
    }
    shelf = Shelf(tmp_path / "graph_state", "knowledge")
    shelf.remember(shelf.put(parts_of({KIND: normal_form(RELATIONSHIP[KIND], pd.DataFrame([belief]))})))
    day: Any = SimpleNamespace(lake=lake)
    run: Any = SimpleNamespace(pins={"outcomes": pin})
    step = {
        "from": "Customer/ann",
        "type": "PREFERS",
        "to": "Channel/email",
        "properties": {"rule": "answers-on", "valid_from": SEEN.isoformat()},
    }

    ((row,),) = (one["rests_on"] for one in traced(day, run, [step]))

    assert row["key"] == "outcomes/o-1"
    assert (row["row"][named], row["row"]["name"]) == ("ann", "clicked")
