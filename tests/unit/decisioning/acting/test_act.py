"""Deciding on actions beyond messages: who is selected, what is refused and why, and what is recorded."""

import json
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from decisioning.acting.act import Acted
from decisioning.acting.records import joint_root, seal_actions, verify_actions
from decisioning.acting.settings import Within
from decisioning.actions import UndeclaredVerbError
from decisioning.errors import DecisioningError, PolicyError
from decisioning.settings import PolicySpecification
from tests.unit.decisioning.acting.company import AS_OF, Company, curves, rule

CALL = {"assignee": "sales", "title": "Call {account.name}"}
NURTURE = {"programme": "nurture", "channel": "email"}


@pytest.fixture
def company() -> Company:
    return Company()


def statuses(acted: Acted) -> dict[str, str]:
    return dict(zip(acted.records["subject_id"], acted.records["status"], strict=True))


def refusals(acted: Acted) -> dict[str, list[str]]:
    told = acted.records["refused_by"].map(json.loads)
    return {subject: list(policies) for subject, policies in zip(acted.records["subject_id"], told, strict=True)}


def test_a_rule_selects_the_subjects_that_its_condition_surely_holds_for(company: Company) -> None:
    company.account("acme", is_surging=True).account("calm", is_surging=False).account("unknown")
    acted = company.act(rule(when="account.is_surging", because="{account.name} surges.", parameters=CALL))
    (record,) = acted.records.to_dict("records")
    assert (record["subject_id"], record["reason"]) == ("acme", "Acme surges.")
    assert json.loads(record["parameters"]) == {"assignee": "sales", "title": "Call Acme"}
    assert json.loads(record["evidence"]) == {"account.is_surging": True, "account.name": "Acme"}


def test_a_verb_that_nobody_declared_is_refused_with_those_that_are(company: Company) -> None:
    with pytest.raises(UndeclaredVerbError, match=r"Did you mean `set_bid`.*move_budget.*task"):
        company.campaign("ads").act(rule("set_bit", subject_kind="campaign"))


def test_an_action_without_a_parameter_is_refused(company: Company) -> None:
    company.account("acme", owner=None).account("known", owner="ann")
    acted = company.act(rule(parameters={"assignee": "{account.owner}", "title": "Call"}))
    assert statuses(acted) == {"acme": "refused", "known": "go"}
    assert refusals(acted)["acme"] == ["parameter-missing"]


def test_who_did_not_agree_is_not_enrolled_and_who_did_is_recorded_with_the_lawful_basis(company: Company) -> None:
    company.customer("agrees").customer("silent", consents=False)
    acted = company.act(rule("enrol", subject_kind="customer", parameters=NURTURE))
    assert statuses(acted) == {"agrees": "go", "silent": "refused"}
    assert refusals(acted)["silent"] == ["consent"]
    basis = dict(zip(acted.records["subject_id"], acted.records["lawful_basis"], strict=True))
    assert basis == {"agrees": "consent", "silent": None}


def test_held_out_people_are_recorded_as_ghosts_and_take_nobodys_place(company: Company) -> None:
    company.customer("ann", is_held_out=True).customer("bob")
    acted = company.act(rule("enrol", subject_kind="customer", parameters=NURTURE, most=1))
    assert dict(zip(acted.records["subject_id"], acted.records["is_ghost"], strict=True)) == {"ann": True, "bob": False}
    assert (acted.summary["go"], acted.summary["ghosts"], acted.summary["limited"]) == (1, 1, 0)


def test_an_account_is_held_out_when_all_its_people_are(company: Company) -> None:
    company.account("all").account("some").account("nobody")
    company.customer("a", "all", is_held_out=True).customer("b", "some", is_held_out=True).customer("c", "some")
    acted = company.act(rule(parameters=CALL))
    assert dict(zip(acted.records["subject_id"], acted.records["is_ghost"], strict=True)) == {
        "all": True,
        "some": False,
        "nobody": False,
    }


def test_a_limit_of_the_day_takes_the_most_worthwhile(company: Company) -> None:
    for key, pclv in (("little", 10.0), ("much", 90.0), ("some", 50.0)):
        company.account(key, pclv=pclv)
    company.options["limits"] = {"task": 2}
    acted = company.act(rule(parameters=CALL, worth="account.pclv * 2"))
    assert statuses(acted) == {"much": "go", "some": "go", "little": "limited"}
    assert refusals(acted)["little"] == ["limit: 2 task a day"]
    assert acted.records.set_index("subject_id")["value"].to_dict() == {"much": 180.0, "some": 100.0, "little": 20.0}


@pytest.mark.parametrize(("days_ago", "status"), [(6, "refused"), (7, "go")])
def test_the_same_is_not_done_again_within_its_days(company: Company, days_ago: int, status: str) -> None:
    company.account("acme")
    done = {"verb": "task", "subject_kind": "account", "subject_id": "acme", "days_ago": days_ago}
    company.known["history"] = [done | {"same_as": '["task","account","acme","sales","Call Acme"]'}]
    acted = company.act(rule(parameters=CALL, again_after_days=7))
    assert statuses(acted) == {"acme": status}
    assert refusals(acted)["acme"] == ([] if status == "go" else ["done-already"])


def test_of_two_rules_that_change_the_same_the_first_does(company: Company) -> None:
    company.campaign("ads").spent("ads", 10.0, revenue=1.0)
    pause = rule("pause_spend", subject_kind="campaign", when="campaign.roas_28d < 1")
    bid = rule("set_bid", subject_kind="campaign", parameters={"bid": 1.0}, within=Within(0.5, 5.0))
    for first, second in ((pause, bid), (bid, pause)):
        acted = company.act(first, second)
        told = dict(zip(acted.records["verb"], acted.records["status"], strict=True))
        assert told == {first.verb: "go", second.verb: "refused"}
        refused = acted.records.set_index("verb").loc[second.verb, "refused_by"]
        assert list(json.loads(str(refused))) == ["changed-by-another-rule"]


def test_nothing_is_bid_on_a_campaign_that_ended(company: Company) -> None:
    company.campaign("over", ends_at=AS_OF).campaign("last-moment", ends_at=AS_OF + timedelta(microseconds=1))
    company.campaign("to-come", starts_at=AS_OF + timedelta(days=1)).campaign("stopped", status="Paused")
    acted = company.act(rule("set_bid", subject_kind="campaign", parameters={"bid": 3}, within=Within(0.5, 5.0)))
    told = {"over": "refused", "last-moment": "go", "to-come": "refused", "stopped": "refused"}
    assert statuses(acted) == told
    assert refusals(acted)["over"] == ["campaign-not-running"]
    assert json.loads(str(acted.records["inverse"].iloc[0]))["verb"] == "set_bid"


def test_only_what_is_paused_and_goes_on_can_be_resumed(company: Company) -> None:
    company.campaign("paused", status="paused").campaign("runs").campaign("over", status="paused", ends_at=AS_OF)
    acted = company.act(rule("resume_spend", subject_kind="campaign"))
    assert statuses(acted) == {"paused": "go", "runs": "refused", "over": "refused"}


@pytest.mark.parametrize(
    ("wanted", "bid", "status"),
    [(2.0, 2.0, "go"), (2.39, 2.39, "go"), (2.4, 2.4, "go"), (2.41, 2.4, "go"), (0.1, 1.6, "go"), (1000.0, 2.4, "go")],
)
def test_a_bid_is_held_within_its_parameters_to_the_cent(
    company: Company, wanted: float, bid: float, status: str
) -> None:
    company.campaign("ads", bid=2.0)
    within = Within(0.5, 4.0, 20.0)
    acted = company.act(rule("set_bid", subject_kind="campaign", parameters={"bid": wanted}, within=within))
    if wanted == 2.0:
        assert len(acted.records) == 0, "a bid that stays as it is needs nothing done"
        return
    (record,) = acted.records.to_dict("records")
    assert (json.loads(record["parameters"])["bid"], record["status"]) == (bid, status)


def test_a_bid_that_no_parameter_allows_is_refused(company: Company) -> None:
    company.campaign("dear", bid=9.0).campaign("none", bid=None)
    acted = company.act(
        rule("set_bid", subject_kind="campaign", parameters={"bid": 3.0}, within=Within(0.5, 4.0, 20.0))
    )
    assert refusals(acted) == {"dear": ["outside-parameters"], "none": ["outside-parameters", "parameter-missing"]}


def test_without_campaigns_nothing_is_found_and_nothing_breaks(company: Company) -> None:
    acted = company.act(
        rule("set_bid", subject_kind="campaign", parameters={"bid": "campaign.bid"}, within=Within(0.5, 4.0))
    )
    assert (len(acted.records), acted.summary["proposed"]) == (0, 0)
    assert seal_actions(acted.records, run_id="run").root == seal_actions(acted.records, run_id="other").root


@pytest.mark.parametrize("amount", [np.nan, np.inf, -1.0])
def test_spend_that_is_no_amount_stops_everything_that_rests_on_it(company: Company, amount: float) -> None:
    company.campaign("ads").spent("ads", 10.0, days=3).spent("ads", amount, days=1)
    with pytest.raises(DecisioningError, match=r"row 3"):
        company.act(rule(parameters=CALL))


def test_a_return_with_untold_revenue_is_missing_and_pauses_nothing(company: Company) -> None:
    company.campaign("told").campaign("untold").campaign("unspent")
    company.spent("told", 10.0, revenue=1.0).spent("untold", 10.0, days=27, revenue=1.0)
    company.spend[-1] |= {"revenue": None}
    acted = company.act(rule("pause_spend", subject_kind="campaign", when="campaign.roas_28d < 1"))
    assert statuses(acted) == {"told": "go"}


def test_a_policy_is_asked_where_the_action_has_what_it_names(company: Company) -> None:
    company.customer("minor", is_minor=True).customer("adult", is_minor=False).customer("unknown", is_minor=None)
    company.campaign("ads")
    policies = (
        PolicySpecification("no-minors", "deny", "Children are left in peace.", expression="customer.is_minor"),
        PolicySpecification("no-coupons", "deny", "About messages.", expression='asset.kind == "coupon"'),
        PolicySpecification("cheap", "deny", "No dear bids.", expression="action.bid > 2.5"),
    )
    company.options["policies"] = policies
    acted = company.act(
        rule("enrol", subject_kind="customer", parameters=NURTURE),
        rule("set_bid", subject_kind="campaign", parameters={"bid": 3.0}, within=Within(0.5, 4.0)),
    )
    assert refusals(acted) == {"minor": ["no-minors"], "adult": [], "unknown": ["no-minors"], "ads": ["cheap"]}


def test_a_policy_that_asks_for_a_person_holds(company: Company) -> None:
    company.campaign("ads")
    company.options["policies"] = (
        PolicySpecification("ask", "escalate", "Dear bids need somebody.", expression="action.bid > 2.5", who="ann"),
    )
    bids = [
        rule("set_bid", subject_kind="campaign", parameters={"bid": bid}, within=Within(0.5, 4.0)) for bid in (2.5, 3)
    ]
    assert [statuses(company.act(one))["ads"] for one in bids] == ["go", "held"]


def test_a_rule_that_does_not_fit_what_is_known_says_where(company: Company) -> None:
    company.account("acme")
    for said, column in (("account.tire == 'a'", 1), ("account.tier > 3", 14), ("account.tier ==", 16)):
        with pytest.raises(PolicyError) as caught:
            company.act(rule(when=said, parameters=CALL, where="actions.yaml:3"))
        assert caught.value.place == "actions.yaml:3"
        assert caught.value.column == column
    with pytest.raises(PolicyError, match=r"account\.naem"):
        company.act(rule(parameters={"assignee": "a", "title": "{account.naem}"}))
    with pytest.raises(PolicyError) as caught:
        company.act(rule(parameters=CALL, worth="account.tier * 2"))
    assert caught.value.column == 1


def test_the_order_of_rows_changes_nothing_and_a_changed_byte_is_found(company: Company) -> None:
    for key in ("b", "a", "c"):
        company.account(key)
    company.campaign("ads").spent("ads", 5.0, revenue=30.0)
    company.known["curves"] = curves(google=60.0)
    rules = (
        rule(parameters=CALL),
        rule("set_bid", subject_kind="campaign", parameters={"bid": 3.0}, within=Within(0.5, 4.0)),
    )
    sealed = seal_actions(company.act(*rules).records, run_id="run")
    company.accounts.reverse()
    company.spend.reverse()
    assert seal_actions(company.act(*rules).records, run_id="run").root == sealed.root
    assert verify_actions(sealed.frame.sample(frac=1.0, random_state=1), sealed.root).is_intact
    tampered = sealed.frame.assign(reason=sealed.frame["reason"].where(sealed.frame.index != 1, "another"))
    found = verify_actions(tampered, sealed.root)
    assert (found.is_intact, found.changed) == (False, (sealed.frame["action_id"][1],))
    erased = sealed.frame.drop(index=1)
    assert verify_actions(erased, sealed.root, {1: str(sealed.frame["digest"][1])}).is_intact
    assert joint_root(sealed.root, sealed.root) != sealed.root


def test_an_action_is_sealed_once(company: Company) -> None:
    acted = company.account("acme").act(rule(parameters=CALL))
    with pytest.raises(DecisioningError, match="twice"):
        seal_actions(pd.concat([acted.records, acted.records]), run_id="run")


def test_something_is_posted_for_an_audience_that_is_large_enough(company: Company) -> None:
    company.audiences |= {"few": 99, "many": 100}
    acted = company.act(
        rule("post", subject_kind="audience", when="audience.customers >= 100", parameters={"asset": "security-week"})
    )
    (record,) = acted.records.to_dict("records")
    assert (record["subject_id"], record["consequence"], record["leaves_through"]) == ("many", "serious", "posts")
