"""The platform: many sources make one schema, and what may be said is linked to how it does and how ready it is."""

import json
from typing import Any

import pandas as pd
import pytest

from lake.tables import TABLES
from tests.scenarios.world import TODAY, Document, World, days_before, local

DUE = days_before(TODAY, 13)
DRINKERS = ("ann", "bob", "cem", "dan")


def from_many_systems(world: World) -> None:
    """Contacts of a CRM as JSON, web signals as Parquet, spend of an ads manager as CSV, sales of shops on a sheet."""
    world.play("replenishment-due")
    world.category("coffee").product("arabica", "coffee")
    for customer in DRINKERS:
        world.consents(customer)
    world.row("campaigns", campaign_id="spring", channel_id="email", kind="newsletter")
    data = world.playbook / "data"
    data.mkdir(parents=True)
    contacts = [{"Id": one, "Company": "acme", "Region": "north"} for one in DRINKERS]
    (data / "crm.json").write_text(json.dumps([*contacts, {"Id": None, "Company": "acme", "Region": None}]))
    (data / "accounts.json").write_text(json.dumps([{"Id": "acme", "Name": "Acme", "Sector": "coffee bars"}]))
    web = pd.DataFrame(
        {
            "event_id": ["w1", "w2", "w3"],
            "who": ["ann", "ann", "stranger"],
            "event": "Product Added",
            "sku": ["arabica", "sold-out-long-ago", "arabica"],
            "happened": pd.Timestamp(local(days_before(TODAY, 1))).tz_localize(None),
        }
    )
    web.to_parquet(data / "web.parquet")
    spend = "Campaign;Day;Amount\nspring;{day};12.50\nautumn;{day};3\nspring;{day};-1\n"
    (data / "ads.csv").write_text(spend.format(day=days_before(TODAY, 2)))
    sheet = ["receipt,member,what,paid"]
    for visit in range(8):
        on = days_before(DUE, 14 * visit)
        sheet += [f"{customer}-{on},{customer},arabica,20" for customer in DRINKERS]
    (data / "shops.csv").write_text("\n".join([*sheet, f"{DUE}-broken,ann,arabica,free"]))
    world.source("customers", "SELECT Id AS customer_id, Company AS account_id, Region AS region FROM 'crm.json'\n")
    world.source("accounts", "SELECT Id AS account_id, Name AS name, Sector AS industry FROM 'accounts.json'\n")
    world.source(
        "signals",
        "SELECT event_id AS signal_id, who AS customer_id, event AS name, sku AS product_id, happened AS occurred_at\n"
        "FROM 'web.parquet'\n",
    )
    world.source(
        "spend",
        "SELECT Campaign AS campaign_id, 'ads' AS channel_id, Day AS date, Amount AS spend\n"
        "FROM read_csv('ads.csv', delim = ';', header = true)\n",
    )
    world.source(
        "purchases",
        "SELECT receipt AS order_id, '1' AS line, member AS customer_id, 'sale' AS kind, what AS product_id,\n"
        "       1 AS quantity, paid AS net_value, right(receipt, 10) AS occurred_at\n"
        "FROM read_csv('shops.csv', header = true, all_varchar = true)\n",
    )


def test_b132_files_of_crm_web_ads_and_shops_become_one_schema_with_lineage_and_quality_checks(world: World) -> None:
    from_many_systems(world)

    checked = world.command("check")
    day = world.run()

    # quality: every row is mapped or put aside with its reason, and nothing is lost
    assert checked.exit_code == 0, checked.stdout
    coverage = {row["table"]: row for row in checked.document["tables"]}
    assert {name: (coverage[name]["read"], coverage[name]["quarantined"]) for name in ("customers", "accounts")} == {
        "customers": (5, 1),
        "accounts": (1, 0),
    }
    reasons = {(row["table"], row["reason"]): row["rows"] for row in checked.document["quarantine_reasons"]}
    assert reasons == {
        ("customers", "customer_id is missing"): 1,
        ("signals", "unknown product"): 1,
        ("signals", "unknown customer"): 1,
        ("spend", "unknown campaign"): 1,
        ("spend", "spend is below 0"): 1,
        ("purchases", "net_value is no number"): 1,
    }
    assert {name: rows for name, rows in day["quarantined"].items() if rows} == {
        "customers": 1,
        "signals": 2,
        "spend": 2,
        "purchases": 1,
    }
    # one schema: what four systems say about one customer and one campaign hangs together
    (met,) = world.query(
        "MATCH (a:Account)<-[:WORKS_AT]-(c:Customer)-[cart:HAS_IN_CART]->(p:Product)<-[:BOUGHT]-(c) "
        "MATCH (c)-[:LIVES_IN]->(r:Region) "
        "RETURN c.customer_id AS who, a.name AS account, r.region_id AS region, p.product_id AS product, "
        "cart.quantity AS units"
    )
    assert met == {"who": "ann", "account": "Acme", "region": "north", "product": "arabica", "units": 1.0}
    # lineage: from a decision back to the files that it rests on
    sent = {row["customer_id"]: row["decision_id"] for row in world.exported(day)}
    assert set(sent) == set(DRINKERS)
    lineage = world.command("graph", "lineage", f"decision/{sent['ann']}", "--up")
    assert lineage.exit_code == 0, lineage.stdout
    for file in ("sources/customers.sql", "sources/purchases.sql", "sources/signals.sql", "sources/spend.sql"):
        assert file in lineage.stdout


def test_b132_every_table_is_described_with_its_closed_lists(world: World) -> None:
    described: Any = world.command("check", "--tables").document
    lists = {
        (table["table"], column["name"]): column["closed_list"] for table in described for column in table["columns"]
    }
    assert [table["table"] for table in described] == list(TABLES)
    assert lists["assets", "compliance"] == ["cleared", "pending", "blocked"]
    assert lists["observations", "about_kind"] == ["region", "product", "category", "account", "topic"]


STATES: dict[str, tuple[Document, bool]] = {
    "plain": ({}, True),
    "approved": ({"readiness": "approved", "compliance": "cleared", "reviewed_at": "2026-03-01"}, True),
    "reviewed": ({"readiness": "reviewed"}, True),
    "draft": ({"readiness": "draft"}, False),
    "draft-but-cleared": ({"readiness": "draft", "compliance": "cleared"}, False),
    "pending": ({"readiness": "approved", "compliance": "pending"}, False),
    "blocked": ({"readiness": "approved", "compliance": "blocked"}, False),
    "paused": ({"readiness": "approved", "status": "paused"}, False),
}


def shelf(world: World) -> None:
    """For each state of readiness one asset, about a category of its own, and somebody who is due for it."""
    world.has_default_reminders = False
    world.play("replenishment-due")
    world.audience("northerners", 'customer.region == "north"')
    world.row("campaigns", campaign_id="spring", channel_id="email", kind="newsletter", audience="northerners")
    for state, (front, _) in STATES.items():
        world.customer(f"{state}-fan", region="north").buys(f"{state}-fan", state, every=14, last=DUE)
        world.asset(state, categories=[state], campaign_id="spring", topics=["coffee"], **front)


def test_b133_assets_are_linked_to_performance_compliance_and_readiness_and_one_not_ready_is_never_chosen(
    world: World,
) -> None:
    shelf(world)
    for number, name in enumerate(("converted", "opened", "converted", "converted")):
        touch_id = f"touch-{number + 1}"
        world.touch("plain-fan", at=local(days_before(TODAY, 40 + number)), asset_id="plain")
        world.outcome(touch_id, name, at=local(days_before(TODAY, 30)), asset_id="plain")

    day = world.run()

    sent = {row["customer_id"]: row["asset_id"] for row in world.exported(day)}
    assert sent == {f"{state}-fan": state for state, (_, is_ready) in STATES.items() if is_ready}
    for state in STATES.keys() - sent.values():
        card = world.why(f"{state}-fan")
        assert (card["action"]["verb"], card["refused_by"]) == ("none", {"asset-not-ready": 1})
    assert world.query(
        "MATCH (a:Audience)<-[:TARGETS]-(c:Campaign)-[:RUNS_ON]->(h:Channel)<-[:FITS]-(s:Asset {asset_id: 'plain'}) "
        "MATCH (s)-[:PART_OF]->(c) MATCH (s)-[:ABOUT]->(t:Topic) "
        "RETURN a.audience_id AS audience, c.campaign_id AS campaign, h.channel_id AS channel, t.topic_id AS topic"
    ) == [{"audience": "northerners", "campaign": "spring", "channel": "email", "topic": "coffee"}]
    assert world.query(
        "MATCH (s:Asset)-[p:PERFORMS]->(h:Channel) RETURN s.asset_id AS asset, h.channel_id AS channel, p.n AS n, "
        "p.rate AS rate, p.outcome AS outcome, p.evidence_grade AS grade"
    ) == [{"asset": "plain", "channel": "email", "n": 4, "rate": 0.75, "outcome": "converted", "grade": "assumed"}]
    found: list[dict[str, Any]] = world.query(
        "MATCH (s:Asset) RETURN s.asset_id AS asset, s.readiness AS readiness, s.compliance AS compliance"
    )
    assert {row["asset"]: (row["readiness"], row["compliance"]) for row in found} == {
        state: (front.get("readiness"), front.get("compliance")) for state, (front, _) in STATES.items()
    }


@pytest.mark.parametrize(("required", "ready"), [("reviewed", {"approved", "reviewed"}), ("approved", {"approved"})])
def test_b133_the_playbook_may_require_more(world: World, required: str, ready: set[str]) -> None:
    shelf(world)
    world.setting(required_readiness=required)

    day = world.run()

    assert {row["asset_id"] for row in world.exported(day)} == ready
