"""What a policy withholds is gone from the view before anything reads it, and nothing else is."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from decisioning.experiments import is_held_out
from decisioning.minimisation import Minimised, minimised, without_withheld
from decisioning.policies.fields import NEVER_WITHHELD, WITHHELD_TOGETHER
from decisioning.settings import PolicySpecification
from graph.view import Links, Nodes, View
from tests.unit.decisioning.world import World

REDACT = PolicySpecification(
    "less", "redact", "No more.", when="customer.pclv < 500", fields=("customer.pclv", "carts")
)
PERMIT = PolicySpecification("only", "permit", "No more.", fields=("interests",))


@pytest.fixture
def world(world: World) -> World:
    """Two customers who differ in their value, with everything a field can be."""
    world.channel("email").category("MILK").product("oat", "MILK").asset("milk", "MILK")
    for customer, pclv in (("poor", 499.99), ("rich", 500.0)):
        world.customer(customer, pclv=pclv).interest(customer, "MILK").bought(customer, "oat")
        world.link("carts", customer, "oat")
        world.signal("Product Viewed", customer, days_ago=1.0)
    return world


def less(view: View, *policies: PolicySpecification) -> Minimised:
    return minimised(view, policies, is_held_out(view, share=0.0, salt="x"))


def linked(links: Links, view: View) -> list[str]:
    return [str(view.customers.keys[source]) for source in links.sources]


def test_only_the_named_fields_of_the_selected_customers_are_missing(world: World) -> None:
    view = world.view()
    found = less(view, REDACT)
    assert found.texts().tolist() == ["carts, customer.pclv", None]
    assert found.view.customers.frame["pclv"].tolist()[1] == 500.0
    assert np.isnan(found.view.customers.frame["pclv"].tolist()[0])
    assert linked(found.view.carts, view) == ["rich"]
    assert linked(found.view.interests, view) == ["poor", "rich"]
    assert found.facts()["by_policy"] == {"less": 1}
    for field in fields(View):
        before, after = getattr(view, field.name), getattr(found.view, field.name)
        if field.name not in ("customers", "carts"):
            assert before is after
    rest = [name for name in view.customers.frame.columns if name != "pclv"]
    pd.testing.assert_frame_equal(view.customers.frame[rest], found.view.customers.frame[rest])


def test_a_missing_value_selects_and_so_withholds(world: World) -> None:
    world.customer("unknown", pclv=None)
    assert less(world.view(), REDACT).texts().tolist() == ["carts, customer.pclv", None, "carts, customer.pclv"]


def test_where_the_data_does_not_fit_the_condition_everybody_is_selected(world: World) -> None:
    for when in ("customer.shoe_size > 3", "customer.pclv == 'much'"):
        policy = PolicySpecification("less", "redact", "No more.", when=when, fields=("carts",))
        assert less(world.view(), policy).texts().tolist() == ["carts", "carts"]


def test_to_permit_is_to_withhold_everything_else_that_can_be_withheld(world: World) -> None:
    view = world.view()
    found = less(view, PERMIT)
    assert set(found.withheld) == set(found.fields) - {"interests"}
    assert set(found.fields) >= set(WITHHELD_TOGETHER)
    assert not set(found.fields) & NEVER_WITHHELD
    assert len(found.view.carts) == 0
    assert found.view.signals.frame["customer"].tolist() == [-1, -1]
    assert linked(found.view.interests, view) == ["poor", "rich"]
    kept = ["key", "household_id", "timezone", "shopping_days_28d", "shopping_days_91d", "last_purchase_at"]
    pd.testing.assert_frame_equal(view.customers.frame[kept], found.view.customers.frame[kept])
    assert found.view.bought_products is view.bought_products
    assert found.view.consents is view.consents
    assert found.view.objections is view.objections


def test_two_policies_withhold_what_either_does(world: World) -> None:
    other = PolicySpecification("rich", "redact", "No.", when="customer.pclv >= 500", fields=("interests",))
    assert less(world.view(), REDACT, other).texts().tolist() == ["carts, customer.pclv", "interests"]


def test_without_such_a_policy_the_view_is_the_view(world: World) -> None:
    view = world.view()
    found = less(view, PolicySpecification("no", "deny", "No.", expression="customer.pclv < 5"))
    assert found.view is view
    assert found.texts().tolist() == [None, None]
    assert found.facts() == {}


def test_every_group_of_fields_is_part_of_the_view() -> None:
    types = {field.name: field.type for field in fields(View)}
    for field, parts in WITHHELD_TOGETHER.items():
        assert all(types[part] in (Links, Nodes) for part in parts), field


def test_tables_lose_the_same_columns(world: World) -> None:
    customers = pd.DataFrame({"customer_id": ["rich", "poor", "gone"], "pclv": [500.0, 499.99, 1.0], "age": [1, 2, 3]})
    table = without_withheld(customers, less(world.view(), REDACT))
    assert table["pclv"].isna().tolist() == [False, True, False]
    assert table["age"].tolist() == [1, 2, 3]


def test_a_decision_from_less_is_the_one_without_what_was_withheld(world: World) -> None:
    world.rhythm("poor", "MILK").rhythm("rich", "MILK")
    deny = PolicySpecification("protect", "deny", "No.", expression="customer.pclv > 100 and customer.pclv < 600")
    world.options["policies"] = (deny,)
    assert (world.decide().records["verb"] == "none").all()
    asked = PolicySpecification("poor-ones", "deny", "No.", expression="customer.pclv < 100")
    world.options["policies"] = (asked,)
    assert (world.decide().records["verb"] == "send").all()
    world.options["policies"] = (asked, REDACT)
    records = world.decide().records.set_index("customer_id")
    assert records["verb"].to_dict() == {"poor": "none", "rich": "send"}
    assert records["withheld"].to_dict() == {"poor": "carts, customer.pclv", "rich": None}
