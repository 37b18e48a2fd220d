"""What children grow out of is in the graph from the first purchase on, and with it the size that follows."""

from datetime import UTC, datetime

import pandas as pd

from graph.affinity import AffinitySettings
from graph.relate import RelateSettings, knowledge_tables

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
NOON = pd.Timestamp("2026-02-01 12:00", tz="UTC")


def related(*sizes: str | None, settings: RelateSettings | None = None) -> dict[str, pd.DataFrame]:
    """One customer bought the first of these products, once; nobody bought the others."""
    keys = [f"p{number}" for number in range(len(sizes))]
    tables = {
        "customers": pd.DataFrame({"customer_id": ["ann"]}),
        "categories": pd.DataFrame({"category_id": ["JACKETS"], "name": "Jackets", "parent_id": None}),
        "products": pd.DataFrame({"product_id": keys, "name": keys, "category_id": "JACKETS", "size": list(sizes)}),
        "purchases": pd.DataFrame(
            {
                "order_id": ["o"],
                "line": ["1"],
                "customer_id": ["ann"],
                "product_id": ["p0"],
                "occurred_at": [NOON],
                "net_value": [1.0],
                "quantity": [1.0],
                "kind": ["sale"],
            }
        ),
        "assets": pd.DataFrame({"asset_id": [], "version": []}, dtype=object),
        "channels": pd.DataFrame({"channel_id": ["email"], "kind": "file", "cost_per_touch": 0.1}),
    }
    return dict(knowledge_tables(tables, as_of=AS_OF, timezone="Europe/Berlin", settings=settings))


def test_a_size_bought_once_is_kept_with_the_one_that_follows_and_no_other() -> None:
    rows = related("98", "104", "110")
    assert rows["Customer BOUGHT Product"]["to_key"].tolist() == ["p0"]
    assert rows["Product NEXT_SIZE Product"][["from_key", "to_key"]].to_numpy().tolist() == [["p0", "p1"]]
    kept = rows["Product"].set_index("product_id")
    assert kept["size_place"].to_dict() == {"p0": 98.0, "p1": 104.0}


def test_letters_and_what_has_no_size_are_kept_from_the_playbooks_threshold_on() -> None:
    for sizes in (("M", "L"), ("16 OZ", "32 OZ"), (None, None)):
        rows = related(*sizes)
        assert rows["Customer BOUGHT Product"].empty
        assert rows["Product"].empty


def test_letters_in_an_order_that_the_playbook_states_are_what_children_grow_out_of() -> None:
    settings = RelateSettings(affinity=AffinitySettings((("S", "M", "L"),)))
    rows = related("M", "L", "S", settings=settings)
    assert rows["Product NEXT_SIZE Product"][["from_key", "to_key"]].to_numpy().tolist() == [["p0", "p1"]]
    assert rows["Product NEXT_SIZE Product"]["because"].tolist() == ["stated order"]
