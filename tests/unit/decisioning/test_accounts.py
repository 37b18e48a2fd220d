"""What people take from the account they work at, for policies, audiences and the order of messages."""

import pytest

from decisioning.accounts import account_columns
from decisioning.message_order import unknown_names
from decisioning.settings import OrderSettings, PlaySettings, PolicySpecification
from tests.unit.decisioning.world import World


@pytest.fixture
def firm(world: World) -> World:
    """Two people of one buying group at a tier 1 account, one beside them, one without account."""
    world.category("SOFTWARE").channel("email").account("acme", industry="steel", tier="1")
    world.buying_groups["acme/it"] = {"name": "it", "account": 0}
    for who in ("ann", "bob", "cy"):
        world.customer(who).link("workplaces", who, "acme")
    world.customer("dora")
    return world.link("group_members", "ann", "acme/it").link("group_members", "bob", "acme/it")


def test_tier_industry_and_who_is_engaged_are_the_accounts(firm: World) -> None:
    firm.signal("Demo Requested", "ann", days_ago=14.0).signal("Demo Requested", "bob", days_ago=14.001)
    firm.signal("Demo Requested", "cy", days_ago=1.0)
    found = account_columns(firm.view())
    assert found["account_tier"].tolist() == ["1", "1", "1", None]
    assert found["account_industry"].tolist() == ["steel", "steel", "steel", None]
    assert found["account_engaged"][:3].tolist() == [2.0, 2.0, 2.0], "ann on the last day of the fortnight, and cy"
    assert found["buying_group_engaged"].tolist() == [1.0, 1.0, 0.0, 0.0]


def test_where_nobody_works_anywhere_there_is_nothing_to_take(world: World) -> None:
    assert account_columns(world.customer("1").view()) == {}


def test_a_column_of_the_source_stays_as_it_is(firm: World) -> None:
    firm.customers["ann"]["account_tier"] = "own"
    assert "account_tier" not in account_columns(firm.view())


def test_policies_may_name_them(firm: World) -> None:
    firm.rhythm("ann", "SOFTWARE").rhythm("dora", "SOFTWARE").asset("news", "SOFTWARE")
    rule = PolicySpecification("tier", "require", "Only large accounts.", expression='customer.account_tier == "1"')
    firm.options["policies"] = (rule,)
    assert firm.record("ann")["asset_id"] == "news"
    assert firm.record("dora")["none_reason"] == "refused by policy: tier", "what is missing fails closed"


def test_what_orders_and_themes_name_and_nobody_has_is_told_all_at_once(firm: World) -> None:
    order = OrderSettings(because="Test.", first=("shipping", "hugs"), last=("kisses",))
    firm.plays = (
        PlaySettings("favourites", orders=(order,)),
        PlaySettings("shift-of-interest", themes={"calm": ("SOFTWARE", "nap")}),
    )
    told = [(error.what, error.where) for error in unknown_names(firm.view(), firm.settings())]
    assert told == [
        (
            "`hugs` is no asset, no kind of offer or asset, and no topic that anything is about.",
            "plays.yaml: favourites: order",
        ),
        (
            "`kisses` is no asset, no kind of offer or asset, and no topic that anything is about.",
            "plays.yaml: favourites: order",
        ),
        (
            "The theme `calm` names `nap`, which is neither a category nor a topic.",
            "plays.yaml: shift-of-interest: themes",
        ),
    ]
