"""The map on the page of the asset `knowledge`: what hangs together, and what a person sees of it."""

import base64
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from graph.build_view import view_from_tables
from graph.view import View
from pipelines.affinity_map import affinity_map, map_picture

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
PNG = b"\x89PNG"


def view_of(bought: dict[str, list[str]]) -> View:
    """A view in which customers bought categories, and an asset about running is about shoes."""
    pairs = [(who, category) for who, categories in bought.items() for category in categories]
    categories = sorted({category for _, category in pairs} | {"SHOES"})
    told: dict[str, Any] = {
        "valid_from": pd.Timestamp(AS_OF),
        "rule": "engaged",
        "weight": 1.0,
        "confidence": 0.5,
        "source": "signals",
    }
    return view_from_tables(
        {
            "Customer": pd.DataFrame({"customer_id": sorted(bought), "shopping_days_28d": 0, "shopping_days_91d": 0}),
            "Category": pd.DataFrame({"category_id": categories, "name": [each.title() for each in categories]}),
            "Topic": pd.DataFrame({"topic_id": ["running", "unheard"]}),
            "Asset": pd.DataFrame({"asset_id": ["guide"], "version": "1"}),
            "Asset ABOUT Topic": pd.DataFrame({"from_key": ["guide"], "to_key": ["running"]}),
            "Asset ABOUT Category": pd.DataFrame({"from_key": ["guide"], "to_key": ["SHOES"]}),
            "Customer BOUGHT Category": pd.DataFrame(pairs, columns=["from_key", "to_key"]).assign(
                count=1, spend=1.0, last_at=pd.Timestamp(AS_OF)
            ),
            "Customer INTERESTED_IN Topic": pd.DataFrame({"from_key": ["a"], "to_key": ["running"]}).assign(**told),
        },
        AS_OF,
    )


def test_what_is_bought_together_beyond_chance_and_spoken_of_together_is_joined() -> None:
    view = view_of({"a": ["TEA", "MILK", "SHOES"], "b": ["TEA", "MILK"], "c": ["BEER"], "d": ["BEER", "SHOES"]})
    found = affinity_map(view)
    assert dict(found.nodes(data="people")) == {
        "Category/BEER": 2,
        "Category/MILK": 2,
        "Category/SHOES": 2,
        "Category/TEA": 2,
        "Topic/running": 1,
    }, "topics that nobody cares about are not on it"
    joined = {frozenset(edge) for edge in found.edges}
    assert joined == {frozenset({"Category/TEA", "Category/MILK"}), frozenset({"Topic/running", "Category/SHOES"})}
    group = found.nodes(data="community")
    assert group["Category/TEA"] == group["Category/MILK"] != group["Category/BEER"]


def test_the_map_is_a_picture_and_there_is_none_of_nothing() -> None:
    picture = map_picture(view_of({"a": ["TEA"], "b": ["TEA", "MILK"]}))
    assert picture is not None
    assert base64.b64decode(picture.partition(",")[2]).startswith(PNG)
    assert map_picture(view_from_tables({}, AS_OF)) is None
