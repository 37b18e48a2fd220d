"""How assets perform: touches, the rate of the outcome they are for, and lift from what was randomised alone."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from graph.performance import performance
from graph.settings import RelateSettings

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
Tables = dict[str, pd.DataFrame]


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def world() -> Tables:
    return {
        "channels": pd.DataFrame({"channel_id": ["email", "mail"]}),
        "assets": pd.DataFrame(
            {"asset_id": ["ten-off", "tip", "a", "b"], "kind": ["coupon", "story", "coupon", "coupon"]}
        ).assign(campaign_id=pd.Series([None, None, "spring", "spring"], dtype=object)),
        "touches": pd.DataFrame(
            {
                "touch_id": ["t1", "t2", "t3", "t4"],
                "customer_id": ["ann", "bob", "cem", "dan"],
                "channel_id": ["email", "email", "email", "mail"],
                "sent_at": at("2026-02-01"),
                "asset_id": ["ten-off", "ten-off", "tip", "ten-off"],
                "campaign_id": None,
            }
        ),
        "outcomes": outcomes(("t1", "redeemed"), ("t1", "redeemed"), ("t2", "clicked"), ("t3", "clicked")),
    }


def outcomes(*rows: tuple[str | None, str], **more: Any) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["touch_id", "name"])
    about: dict[str, Any] = {"outcome_id": [f"o{n}" for n in range(len(rows))], "occurred_at": at("2026-02-10")}
    return frame.assign(**about, customer_id=None, asset_id=None).assign(**more)


def performed(tables: Tables, settings: RelateSettings | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    rows = performance(tables, as_of=AS_OF, settings=settings or RelateSettings()).to_dict("records")
    return {(row["from_key"], row["to_key"]): {str(name): value for name, value in row.items()} for row in rows}


def test_the_rate_is_the_share_of_touches_with_the_outcome_that_the_asset_is_for() -> None:
    found = performed(world())
    assert set(found) == {("ten-off", "email"), ("ten-off", "mail"), ("tip", "email")}
    coupon, story = found["ten-off", "email"], found["tip", "email"]
    assert (coupon["rate"], coupon["n"], coupon["outcome"], coupon["evidence_grade"]) == (0.5, 2, "redeemed", "assumed")
    assert (story["rate"], story["n"], story["outcome"]) == (1.0, 1, "clicked")
    assert found["ten-off", "mail"]["rate"] == 0.0


def test_the_playbook_says_which_outcome_counts() -> None:
    found = performed(world(), RelateSettings(outcomes={"coupon": "clicked"}))
    assert set(found) == {("ten-off", "email"), ("ten-off", "mail")}
    assert (found["ten-off", "email"]["rate"], found["ten-off", "email"]["outcome"]) == (0.5, "clicked")


@pytest.mark.parametrize("name", ["touches", "outcomes"])
def test_what_happens_at_as_of_does_not_count(name: str) -> None:
    column = {"touches": "sent_at", "outcomes": "occurred_at"}[name]
    tables = world()

    def rates(moment: str) -> dict[tuple[str, str], float]:
        found = performed(tables | {name: tables[name].assign(**{column: at(moment)})})
        return {pair: row["rate"] for pair, row in found.items()}

    known = {("ten-off", "email"): 0.5, ("ten-off", "mail"): 0.0, ("tip", "email"): 1.0}
    assert rates("2026-02-28 23:59:59.999999") == known
    later = dict.fromkeys(known, 0.0) if name == "outcomes" else {}
    assert rates("2026-03-01") == later


def test_a_touch_that_names_its_campaign_carried_the_assets_of_the_campaign_or_its_share_of_them() -> None:
    mailing = world()["touches"].assign(asset_id=None, campaign_id="spring", channel_id="mail")
    redeemed = outcomes(("t1", "redeemed"), ("t2", "redeemed"), asset_id=["a", "a"])
    tables = world() | {"touches": mailing, "outcomes": redeemed}
    found = performed(tables)
    assert {pair: (row["rate"], row["n"]) for pair, row in found.items()} == {
        ("a", "mail"): (0.5, 4),
        ("b", "mail"): (0.0, 4),
    }
    campaigns = pd.DataFrame({"campaign_id": ["spring"], "assets_per_touch": [1.0]})
    shared = performed(tables | {"campaigns": campaigns})
    assert shared["a", "mail"]["n"] == 2
    assert shared["a", "mail"]["rate"] == 1.0


def test_an_outcome_without_touch_belongs_to_the_newest_touch_that_could_have_carried_its_asset() -> None:
    again = world()["touches"].iloc[[0]].assign(touch_id="t5", sent_at=at("2026-02-05"), channel_id="mail")
    touches = pd.concat([world()["touches"], again])
    told = outcomes((None, "redeemed"), customer_id="ann", asset_id="ten-off")
    for moment, channel in (("2026-02-10", "mail"), ("2026-02-05", "mail"), ("2026-02-04", "email")):
        found = performed(world() | {"touches": touches, "outcomes": told.assign(occurred_at=at(moment))})
        assert {pair[1] for pair, row in found.items() if row["rate"] != 0.0} == {channel}
    early = performed(world() | {"touches": touches, "outcomes": told.assign(occurred_at=at("2026-01-31"))})
    assert {row["rate"] for row in early.values()} == {0.0}


def drawn(*rows: tuple[str, str], **more: Any) -> pd.DataFrame:
    """Customers and their arm; every arm but `nothing` is ten-off by email."""
    frame = pd.DataFrame(rows, columns=["customer_id", "arm"])
    is_treated = frame["arm"] != "nothing"
    facts: dict[str, Any] = {
        "experiment_id": "e1",
        "assigned_at": at("2026-01-01"),
        "propensity": 0.5,
        "observed_until": pd.NaT,
    }
    named = frame.assign(
        asset_id=pd.Series("ten-off", frame.index).where(is_treated, None),
        channel_id=pd.Series("email", frame.index).where(is_treated, None),
    )
    return named.assign(**facts).assign(**more)


DRAWN = (("ann", "coupon"), ("bob", "coupon"), ("cem", "nothing"), ("dan", "nothing"))


def test_lift_is_the_difference_to_those_who_were_randomly_given_nothing() -> None:
    redeemed = outcomes(
        ("t1", "redeemed"), (None, "redeemed"), customer_id=["ann", "cem"], occurred_at=at("2026-01-20")
    )
    tables = world() | {"assignments": drawn(*DRAWN), "outcomes": redeemed}
    found = performed(tables)["ten-off", "email"]
    assert (found["lift"], found["evidence_grade"]) == (0.0, "randomised")
    only_treated = performed(tables | {"outcomes": redeemed.iloc[[0]]})["ten-off", "email"]
    assert only_treated["lift"] == 0.5
    assert pd.isna(performed(tables)["ten-off", "mail"]["lift"])


def test_without_anybody_who_got_nothing_there_is_no_lift() -> None:
    tables = world() | {"assignments": drawn(*DRAWN[:2])}
    found = performed(tables)["ten-off", "email"]
    assert (pd.isna(found["lift"]), found["evidence_grade"]) == (True, "assumed")


@pytest.mark.parametrize(
    ("assigned", "observed", "counts"),
    [
        ("2026-02-01", None, True),
        ("2026-02-01 00:00:00.000001", None, False),
        ("2026-01-01", "2026-01-29", True),
        ("2026-01-01", "2026-01-28 23:59:59.999999", False),
    ],
)
def test_a_draw_counts_when_its_window_is_over_and_was_observed_to_its_end(
    assigned: str, observed: str | None, *, counts: bool
) -> None:
    until = pd.NaT if observed is None else at(observed)
    draws = drawn(*DRAWN, assigned_at=at(assigned), observed_until=until)
    found = performed(world() | {"assignments": draws})["ten-off", "email"]
    assert pd.notna(found["lift"]) == counts


def test_results_of_an_experiment_speak_in_the_place_of_events() -> None:
    draws = drawn(*DRAWN)
    results = draws[["experiment_id", "customer_id", "assigned_at"]].assign(
        metric="redeemed", value=[2.0, 0.0, 1.0, 0.0], window_days=28.0
    )
    found = performed(world() | {"assignments": draws, "results": results})["ten-off", "email"]
    assert found["lift"] == 0.5
    other = performed(world() | {"assignments": draws, "results": results.assign(window_days=7.0)})["ten-off", "email"]
    assert other["lift"] == 0.0


def test_draws_count_by_one_over_the_probability_of_their_arm() -> None:
    draws = drawn(*DRAWN, propensity=[0.8, 0.2, 0.5, 0.5])
    redeemed = outcomes(("t2", "redeemed"), customer_id="bob", occurred_at=at("2026-01-20"))
    found = performed(world() | {"assignments": draws, "outcomes": redeemed})["ten-off", "email"]
    assert found["lift"] == pytest.approx(5 / (5 + 1.25))
