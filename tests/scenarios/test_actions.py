"""What is done beyond messages: tasks, enrolments, bids and money, by rules, inside what was approved."""

import csv
import json
from pathlib import Path

import numpy as np
import yaml

from tests.scenarios.world import TODAY, Document, Row, World, days_before, local, moment

SCORES = """
scores:
  intent:
    half_life_days: none
    threshold: 50
    dimensions:
      asked: {events: [Demo Requested, Content Viewed], weight: 25}
surges:
  buying:
    events: [Demo Requested, Content Viewed]
    people: 2
    days: 8
    accounts: {tier: [target]}
"""


def acts(world: World, **actions: Document) -> World:
    """The world with `actions.yaml`, and something to say, without which no playbook decides anything."""
    world.play("campaign")
    world.customer("regular").buys("regular", "tea", every=14, last=days_before(TODAY, 13))
    world.write()
    (world.playbook / "actions.yaml").write_text(yaml.safe_dump(actions, sort_keys=False), encoding="utf-8")
    return world


def carried_out(day: Document, file: str) -> list[Row]:
    """What a delivered run handed on in a file of actions."""
    (path,) = [Path(name) for name in day["actions"]["files"] if Path(name).name == f"{file}.csv"]
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def campaign(
    world: World, key: str, channel_id: str, *, spend: float, revenue: float | None, **columns: object
) -> None:
    """A campaign that runs, and spent and brought so much on each of the last four weeks' days."""
    times = {"starts_at": local(days_before(TODAY, 60)), "ends_at": local(days_before(TODAY, -60))}
    world.row("campaigns", campaign_id=key, channel_id=channel_id, kind="paid", **times, **columns)
    for back in range(1, 29):
        keys = {"campaign_id": key, "channel_id": channel_id, "date": local(days_before(TODAY, back), "00:00:00")}
        world.row("spend", **keys, spend=spend, revenue=revenue)


def test_b044_a_surge_at_a_target_account_enrols_contacts_changes_bids_and_hands_high_intent_to_sales(
    world: World,
) -> None:
    world.channel("email").channel("search", kind="ads")
    for account_id, tier in (("target", "target"), ("other", "usual")):
        world.row(
            "accounts", account_id=account_id, name=account_id.title(), tier=tier, owner=f"seller-of-{account_id}"
        )
        for who in ("reader", "asker"):
            world.customer(f"{account_id}-{who}", account_id=account_id)
            world.consents(f"{account_id}-{who}", "email")
            world.signal("Content Viewed", on=days_before(TODAY, 2), customer_id=f"{account_id}-{who}")
        world.signal("Demo Requested", on=days_before(TODAY, 1), customer_id=f"{account_id}-asker")
        campaign(world, f"ads-for-{account_id}", "search", spend=10, revenue=20, audience=account_id, bid=2.0)
    world.customer("target-silent", account_id="target", consents=False)
    acts(
        world,
        rules={
            "join-the-nurture": {
                "verb": "enrol",
                "for": "customer",
                "when": "customer.is_buying_surge",
                "because": "{account.name} is about to buy.",
                "parameters": {"programme": "abm-nurture", "channel": "email"},
            },
            "bid-more": {
                "verb": "set_bid",
                "for": "campaign",
                "when": "account.is_buying_surge",
                "because": "{account.name} is about to buy.",
                "parameters": {"bid": "campaign.bid * 1.5"},
                "within": {"at_least": 0.5, "at_most": 5},
            },
            "call": {
                "verb": "task",
                "for": "customer",
                "when": "customer.is_buying_surge and customer.intent_score >= 50",
                "because": "{customer.customer_id} at {account.name}: intent {customer.intent_score}.",
                "parameters": {"assignee": "{account.owner}", "title": "Call {customer.customer_id}"},
            },
        },
    )
    (world.playbook / "scores.yaml").write_text(SCORES, encoding="utf-8")

    day = world.run()

    enrolled = {(row["customer_id"], row["programme"]) for row in carried_out(day, "enrolments")}
    assert enrolled == {("target-reader", "abm-nurture"), ("target-asker", "abm-nurture")}
    (bid,) = carried_out(day, "bids")
    assert (bid["campaign_id"], float(bid["bid_before"]), float(bid["bid"])) == ("ads-for-target", 2.0, 3.0)
    (call,) = carried_out(day, "tasks")
    assert (call["customer_id"], call["assignee"]) == ("target-asker", "seller-of-target")
    assert call["reason"] == "target-asker at Target: intent 50."
    # whom nobody may write to is not enrolled, and the record says so
    assert day["actions"]["refused_by"] == {"consent": 1}
    # and whoever asks about the account reads all of it, each with its grounds
    about = world.command("why", "--account", "target").document["actions"]
    assert sorted({card["verb"] for card in about}) == ["enrol", "set_bid", "task"]
    (task,) = [card for card in about if card["verb"] == "task"]
    assert task["evidence"]["customer.intent_score"] == 50
    in_full = world.command("why", "--action", task["action_id"]).document
    assert (in_full["inverse"]["none_because"] != "", in_full["is_carried_out"]) == (True, True)
    found = world.query(
        "MATCH (d:Decision)-[:FOR]->(c:Campaign) RETURN d.verb AS verb, d.status AS status, c.campaign_id AS campaign"
    )
    assert found == [{"verb": "set_bid", "status": "go", "campaign": "ads-for-target"}]


def two_channels(world: World) -> None:
    """Thirty weeks of spend on LinkedIn and Google, set by chance, where Google brings four times as much."""
    world.channel("email").channel("linkedin", kind="ads").channel("google", kind="ads")
    world.setting(
        forecasts={
            "media": {
                "randomised_channels": ["google", "linkedin"],
                "draws": 600,
                "rounds": 60,
                "prior_draws": 600,
                "carryover_periods": 1,
            }
        }
    )
    draw = np.random.default_rng(45)
    for channel_id in ("google", "linkedin"):
        world.row("campaigns", campaign_id=f"on-{channel_id}", channel_id=channel_id, kind="paid")
    for week in range(1, 31):
        day = days_before(TODAY, 7 * week)
        amounts = {"google": 1000 * draw.uniform(0.4, 1.6), "linkedin": 1000 * draw.uniform(0.4, 1.6)}
        for channel_id, amount in amounts.items():
            keys = {"campaign_id": f"on-{channel_id}", "channel_id": channel_id, "date": local(day, "00:00:00")}
            world.row("spend", **keys, spend=round(amount, 2))
        brought = 4 * amounts["google"] + amounts["linkedin"] + 100 * draw.standard_normal()
        world.purchase("somebody", "tea", on=day, spend=round(brought, 2))
    world.customer("somebody")


def moving(amount: float) -> Document:
    return {
        "rules": {
            "to-google": {
                "verb": "move_budget",
                "for": "channel",
                "when": 'channel.channel_id == "linkedin"',
                "because": "Marketing wants it.",
                "parameters": {"to": "google", "amount": amount},
                "again_after_days": 0,
            }
        },
        "money_per_month": {
            "approved": 8000,
            "by": "the head of marketing",
            "channels": {
                "google": {"budget": 4000, "most": 5000},
                "linkedin": {"budget": 4000, "least": 1000},
            },
        },
    }


def test_b045_money_moves_from_linkedin_to_google_inside_the_approved_spend_and_not_one_unit_beyond(
    world: World,
) -> None:
    two_channels(world)
    acts(world, **moving(1000))

    day = world.run()

    (move,) = carried_out(day, "budgets")
    assert (move["subject_id"], move["to"], float(move["amount"])) == ("linkedin", "google", 1000)
    (card,) = world.command("actions").document["actions"]
    told = card["counterfactual"]
    assert told["is_known"]
    assert told["upside"]["expected"] > 0 > told["downside"]["expected"]
    assert told["net"]["low"] <= told["net"]["expected"] <= told["net"]["high"]
    assert card["value"]["expected"] == told["net"]["expected"]
    assert {one["channel_id"]: one["spend_after"] for one in told["channels"]} == {"linkedin": 3000, "google": 5000}
    assert card["inverse"]["subject_id"] == "google"

    # Google has now all that it may have this month: one more unit is one too many
    acts(world, **moving(1))
    world.today = days_before(TODAY, -1)
    day = world.run()
    assert carried_out(day, "budgets") == []
    (card,) = world.command("actions").document["actions"]
    assert (card["status"], list(card["refused_by"])) == ("refused", ["approved-spend"])


def test_b078_bids_follow_returns_and_only_within_their_parameters(world: World) -> None:
    world.channel("email").channel("search", kind="ads")
    campaign(world, "brings-much", "search", spend=10, revenue=100, bid=2.0)
    campaign(world, "brings-some", "search", spend=10, revenue=33, bid=2.0)
    campaign(world, "brings-little", "search", spend=10, revenue=1, bid=0.55)
    campaign(world, "too-dear-already", "search", spend=10, revenue=40, bid=9.0)
    campaign(world, "nobody-told", "search", spend=10, revenue=None, bid=2.0)
    acts(
        world,
        rules={
            "follow-the-return": {
                "verb": "set_bid",
                "for": "campaign",
                "when": "campaign.is_running and campaign.roas_28d >= 0",
                "because": "{campaign.campaign_id} brings {campaign.roas_28d} per unit spent.",
                "parameters": {"bid": "campaign.bid * campaign.roas_28d / 3"},
                "within": {"at_least": 0.5, "at_most": 4, "change_pct": 20},
            }
        },
    )

    day = world.run()

    bids = {row["campaign_id"]: float(row["bid"]) for row in carried_out(day, "bids")}
    assert bids == {"brings-much": 2.4, "brings-some": 2.2, "brings-little": 0.5}
    refused = world.command("actions", "--status", "refused").document["actions"]
    assert {card["subject"]["id"]: list(card["refused_by"]) for card in refused} == {
        "too-dear-already": ["outside-parameters"]
    }

    # doing it again the same day does nothing again
    again = world.run()
    assert (again["run_id"], again["actions"]) == (day["run_id"], day["actions"])
    assert json.loads(world.command("replay", day["run_id"]).stdout)["actions"]["is_equal"]


def test_b084_every_automated_step_about_a_person_records_its_lawful_basis(world: World) -> None:
    world.channel("email").channel("post")
    world.customer("regular", consents=False).buys("regular", "tea", every=14, last=days_before(TODAY, 13))
    told_on = local(days_before(TODAY, 30))
    keys = {"customer_id": "regular", "purpose": "marketing", "granted": True, "recorded_at": told_on, "source": "shop"}
    world.row("consents", **keys, channel_id="email", basis="consent")
    world.row("consents", **keys, channel_id="post", basis="contract")
    world.play("replenishment-due")
    world.write()
    nurture = {"programme": "tea-lovers", "channel": "post"}
    rule = {"verb": "enrol", "for": "customer", "because": "Likes tea.", "parameters": nurture}
    (world.playbook / "actions.yaml").write_text(yaml.safe_dump({"rules": {"tea": rule}}), encoding="utf-8")

    day = world.run()

    card = world.why("regular")
    assert card["action"]["verb"] == "send"
    basis = {name: card["lawful_basis"][name] for name in ("channel", "basis", "source", "granted")}
    channel = card["action"]["channel"]
    assert basis == {
        "channel": channel,
        "basis": {"email": "consent", "post": "contract"}[channel],
        "source": "shop",
        "granted": True,
    }
    assert moment(card["lawful_basis"]["recorded_at"]) == told_on
    (enrolled,) = carried_out(day, "enrolments")
    assert (enrolled["customer_id"], enrolled["channel_id"], enrolled["lawful_basis"]) == (
        "regular",
        "post",
        "contract",
    )


def test_an_erased_person_is_gone_from_actions_and_the_roots_still_hold(world: World) -> None:
    for who in ("asked", "another", "somebody-else"):
        world.customer(who)
    nurture = {"programme": "tea-lovers", "channel": "email"}
    rule = {"verb": "enrol", "for": "customer", "because": "Likes tea.", "parameters": nurture, "most_per_day": 3}
    acts(world, rules={"tea": rule}, limits={"enrol": 3})
    day = world.run()
    assert {row["customer_id"] for row in carried_out(day, "enrolments")} == {"another", "asked", "regular"}

    answer = world.command("subject", "erase", "asked", "--because", "They asked for it.", "--yes")
    assert answer.exit_code == 0, answer.stdout + answer.stderr
    assert answer.document["still_found"] == []
    assert {row["customer_id"] for row in carried_out(day, "enrolments")} == {"another", "regular"}
    again = world.command("replay", day["run_id"]).document["actions"]
    assert (again["records"], again["is_equal"], again["recorded_root"]) == (3, True, day["actions"]["root"])
