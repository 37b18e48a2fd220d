"""From canonical tables to judged comparisons: campaigns by their days, experiments by their draws."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ForecastingError
from forecasting.evidence.comparisons import Lifts
from forecasting.evidence.playbook_lifts import LIFT_TABLES, playbook_lifts

AS_OF = datetime(2026, 2, 28, 23, tzinfo=UTC)  # midnight in Berlin
COLUMNS = {
    "customers": ("customer_id", "household_id", "joined_at"),
    "purchases": ("order_id", "customer_id", "kind", "net_value", "occurred_at", "product_id"),
    "products": ("product_id", "category_id"),
    "categories": ("category_id", "parent_id"),
    "signals": ("customer_id", "name", "occurred_at"),
    "touches": ("customer_id", "campaign_id", "sent_at"),
    "campaigns": ("campaign_id", "channel_id", "kind", "starts_at", "ends_at"),
    "assignments": ("experiment_id", "customer_id", "assigned_at", "arm", "propensity", "observed_until"),
    "results": ("experiment_id", "customer_id", "assigned_at", "metric", "value", "window_days"),
}
NAMES = [f"c{number:03d}" for number in range(100)]


def tables(**rows: Sequence[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    made = {}
    for name in LIFT_TABLES:
        frame = pd.DataFrame(list(rows.get(name, [])), columns=list(COLUMNS[name]))
        for column in frame.columns:
            if column.endswith("_at") or column == "observed_until":
                frame[column] = pd.to_datetime(frame[column], utc=True).astype("datetime64[us, UTC]")
        made[name] = frame
    return made


def customers(names: Sequence[str] = NAMES, **more: Any) -> list[dict[str, Any]]:
    return [{"customer_id": name} | more for name in names]


def day(ago: float) -> datetime:
    return AS_OF - timedelta(days=ago)


def buys(name: str, ago: float, value: float = 10.0, product: str | None = None) -> dict[str, Any]:
    keys = {"order_id": f"{name}-{ago}-{product}", "customer_id": name, "kind": "sale"}
    return keys | {"net_value": value, "occurred_at": day(ago), "product_id": product}


def campaign(ago: float, length: float | None = None, name: str = "spring") -> dict[str, Any]:
    ends = None if length is None else day(ago - length)
    return {"campaign_id": name, "channel_id": "mail", "kind": "coupon", "starts_at": day(ago), "ends_at": ends}


def sent(names: Sequence[str], ago: float, name: str = "spring") -> list[dict[str, Any]]:
    return [{"customer_id": who, "campaign_id": name, "sent_at": day(ago)} for who in names]


def drawn(names: Sequence[str], ago: float = 40, **more: Any) -> list[dict[str, Any]]:
    keys = {"experiment_id": "trial", "assigned_at": day(ago), "propensity": 0.5}
    return [
        keys | {"customer_id": name, "arm": "mail" if place % 2 else "nothing"} | more
        for place, name in enumerate(names)
    ]


def lifts(made: dict[str, pd.DataFrame], **asked: Any) -> Lifts:
    return playbook_lifts(made, as_of=AS_OF, timezone="Europe/Berlin", window_days=28, **asked)


def habits(treated: int = 40) -> dict[str, Any]:
    """A year of weekly purchases: the first so many customers spend three times as much, and are sent something."""
    bought = [
        buys(name, 3.5 + 7 * week, 30.0 if place < treated else 10.0)
        for place, name in enumerate(NAMES)
        for week in range(52)
    ]
    return {"customers": customers(), "purchases": bought, "touches": sent(NAMES[:treated], 28)}


def test_a_campaign_is_compared_over_its_own_days_and_as_many_before() -> None:
    [one] = lifts(tables(**habits(), campaigns=[campaign(28, 14)])).comparisons
    assert (one.name, one.kind, one.days, one.is_open) == ("spring", "campaign", 14, False)
    assert one.about == "coupon, mail"
    assert (one.lift.treated, one.lift.untreated) == (40, 60)
    assert one.lift.naive is not None
    assert one.lift.pre_period is not None
    assert one.lift.naive.value == pytest.approx(40.0)
    assert one.lift.pre_period.value == pytest.approx(40.0)
    assert one.lift.verdict == "cannot_tell"
    assert one.earlier_means[:2] == ((60.0, 20.0), (60.0, 20.0))


def test_of_a_campaign_that_is_still_running_only_the_days_that_are_over_count() -> None:
    [one] = lifts(tables(**habits(), campaigns=[campaign(28, 60)])).comparisons
    assert (one.days, one.is_open) == (28, True)
    assert "still running" in one.notes[0]


def test_a_campaign_without_an_end_has_the_playbooks_window() -> None:
    assert lifts(tables(**habits())).comparisons[0].days == 28


@pytest.mark.parametrize(("ago", "length"), [(0, 14), (-5, 14), (28, -3)])
def test_a_campaign_of_which_by_its_dates_no_day_is_over_has_nothing_to_compare(ago: float, length: float) -> None:
    [one] = lifts(tables(**habits(), campaigns=[campaign(ago, length)])).comparisons
    assert one.lift.verdict == "nothing_to_compare"
    assert "not a single day of it is over" in one.lift.graded.reasons[0]


def test_a_campaign_that_was_sent_to_everybody_leaves_nobody_to_compare() -> None:
    [one] = lifts(tables(**habits() | {"touches": sent(NAMES, 28)})).comparisons
    assert one.lift.verdict == "nothing_to_compare"
    assert "Everybody got something" in one.lift.graded.reasons[0]
    assert one.earlier_means == ()


def test_what_is_sent_or_bought_from_as_of_on_is_not_known() -> None:
    later = habits()
    later["touches"] = [*later["touches"], *sent(NAMES[40:], -5)]
    later["purchases"] = [*later["purchases"], *(buys(name, -3, 1e6) for name in NAMES[:40])]
    [one], [other] = (lifts(tables(**made, campaigns=[campaign(28, 60)])).comparisons for made in (habits(), later))
    assert one == other


def test_days_are_local_so_that_a_changing_clock_moves_nothing() -> None:
    # clocks in Berlin went back on 26 October 2025; the window begins before it and ends after it
    at = datetime(2025, 10, 19, 22, tzinfo=UTC)
    end = datetime(2025, 11, 2, 23, tzinfo=UTC)
    minute = timedelta(minutes=1)
    rows = [
        {"customer_id": name, "kind": "sale", "order_id": f"{name}{moment}", "net_value": value, "occurred_at": moment}
        for name in NAMES
        for moment, value in ((at - minute, 1.0), (at, 2.0), (end - minute, 4.0), (end, 8.0))
    ]
    dates = {"campaign_id": "spring", "channel_id": "mail", "starts_at": at, "ends_at": end}
    touched = [row | {"sent_at": at} for row in sent(NAMES[:40], 0)]
    made = tables(customers=customers(), purchases=rows, touches=touched, campaigns=[dates])
    [one] = lifts(made).comparisons
    assert one.days == 14
    assert one.earlier_means == ((6.0, 6.0),)


def test_who_joined_after_the_time_before_it_began_is_left_out_and_counted() -> None:
    made = habits() | {"customers": [*customers(NAMES[:90]), *customers(NAMES[90:], joined_at=day(30))]}
    [one] = lifts(tables(**made, campaigns=[campaign(28, 14)])).comparisons
    assert one.lift.untreated == 50
    assert any("10 customers joined too late" in note for note in one.notes)


def test_touches_spread_over_a_campaign_are_warned_of() -> None:
    made = habits() | {"touches": [*sent(NAMES[:20], 28), *sent(NAMES[20:40], 20)]}
    [one] = lifts(tables(**made, campaigns=[campaign(28, 14)])).comparisons
    assert any("20 of 40 touches came after its first day" in note for note in one.notes)


def test_other_campaigns_of_the_time_are_told_of() -> None:
    made = habits()
    made["touches"] = [*made["touches"], *sent(NAMES[30:50], 35, "winter"), *sent(NAMES, 200, "autumn")]
    one = lifts(tables(**made, campaigns=[campaign(28, 14)]), campaign="spring").comparisons[0]
    assert any("25% of those who got it and 17% of the others were sent something else" in note for note in one.notes)


def test_a_category_that_is_left_out_takes_all_below_it_along() -> None:
    made = habits()
    made["purchases"] = [*made["purchases"], *(buys(name, 20, 500.0, "petrol") for name in NAMES[:40])]
    made |= {
        "products": [{"product_id": "petrol", "category_id": "fuel/super"}],
        "categories": [{"category_id": "fuel"}, {"category_id": "fuel/super", "parent_id": "fuel"}],
        "campaigns": [campaign(28, 14)],
    }
    values = [lifts(tables(**made), without=names).comparisons[0].lift.naive for names in ((), ("fuel",))]
    assert [round(value.value) if value else None for value in values] == [540, 40]
    with pytest.raises(ForecastingError, match=r"no category `fule`.*Did you mean `fuel`"):
        lifts(tables(**made), without=("fule",))


def test_orders_and_signals_can_be_counted_in_place_of_money() -> None:
    seen = [{"customer_id": name, "name": "Product Viewed", "occurred_at": day(20)} for name in NAMES[:40]]
    made = tables(**habits(), signals=seen, campaigns=[campaign(28, 14)])
    orders, views = (lifts(made, outcome=name).comparisons[0] for name in ("orders", "Product Viewed"))
    assert orders.lift.naive is not None
    assert views.lift.naive is not None
    assert (round(orders.lift.naive.value, 9), orders.is_money) == (0.0, False)
    assert (round(views.lift.naive.value, 9), views.outcome) == (1.0, "Product Viewed")
    with pytest.raises(ForecastingError, match="Did you mean `orders`"):
        lifts(made, outcome="order")


def test_a_campaign_that_nobody_knows_is_told_with_those_that_are_known() -> None:
    with pytest.raises(ForecastingError, match=r"no campaign or experiment `x`.*Known: spring"):
        lifts(tables(**habits()), campaign="x")


def test_without_customers_there_is_nothing_to_ask() -> None:
    with pytest.raises(ForecastingError, match="not a single customer"):
        lifts(tables())


def test_without_purchases_and_signals_there_is_nothing_to_count() -> None:
    with pytest.raises(ForecastingError, match="neither purchases nor signals"):
        lifts(tables(customers=customers(), touches=sent(NAMES[:40], 28)))


def test_where_nothing_was_sent_the_size_of_a_test_is_still_told() -> None:
    found = lifts(tables(**habits() | {"touches": []}))
    assert found.comparisons == ()
    assert found.settling is not None
    assert (found.households, found.drawn_unit) == (100, "customers")


def test_an_experiment_is_graded_by_its_draw_and_stands_in_for_its_campaign() -> None:
    chance = np.random.default_rng(1)
    bought = [buys(name, ago, float(chance.uniform(5, 20))) for name in NAMES for ago in range(1, 120, 4)]
    made = tables(
        customers=customers(), purchases=bought, assignments=drawn(NAMES), touches=sent(NAMES[1::2], 40, "trial")
    )
    [one] = lifts(made).comparisons
    assert (one.name, one.kind, one.about, one.days) == ("trial", "experiment", "arm mail", 28)
    assert one.lift.graded.grade == "randomised"
    assert one.lift.treated == one.lift.untreated == 50


@pytest.mark.parametrize(
    ("ago", "until", "counts"), [(28, None, True), (27.99, None, False), (60, 32, True), (60, 33, False)]
)
def test_a_draw_counts_only_when_its_window_closed_before_as_of_and_before_observing_ended(
    ago: float, until: float | None, *, counts: bool
) -> None:
    seen = None if until is None else day(until)
    bought = [buys(name, ago, 5.0) for name in NAMES for ago in (1, 50, 90)]
    made = tables(customers=customers(), purchases=bought, assignments=drawn(NAMES, ago, observed_until=seen))
    [one] = lifts(made).comparisons
    assert (one.lift.naive is not None) == counts
    assert one.is_open != counts
    if not counts:
        assert "an open window is no zero" in one.lift.graded.reasons[0]
        assert "100 assignments have a window that is still open" in one.notes[0]


def test_observing_that_ended_before_it_began_counts_nothing() -> None:
    made = tables(
        customers=customers(), purchases=[buys("c000", 5)], assignments=drawn(NAMES, 60, observed_until=day(70))
    )
    assert lifts(made).comparisons[0].lift.verdict == "nothing_to_compare"


def test_results_of_a_test_run_elsewhere_stand_in_place_of_events() -> None:
    keys = {"experiment_id": "trial", "assigned_at": day(40), "metric": "revenue", "window_days": 14}
    told = [keys | {"customer_id": name, "value": 5.0 * (place % 2) + place % 3} for place, name in enumerate(NAMES)]
    made = tables(customers=customers(), assignments=drawn(NAMES), results=told)
    found = lifts(made)
    [one] = found.comparisons
    assert (one.outcome, one.days) == ("revenue", 14)
    assert one.lift.graded.grade == "randomised"
    assert one.lift.verdict == "lift"
    assert found.settling is None


def test_what_a_test_is_sized_by_is_money_even_beside_results_that_are_none() -> None:
    told = [row | {"metric": "clicks", "window_days": 14, "value": 1.0} for row in drawn(NAMES)]
    keys = list(COLUMNS["results"])
    results = [{name: row[name] for name in keys} for row in told]
    found = lifts(tables(**habits(), assignments=drawn(NAMES), results=results))
    assert found.is_money
    assert [one.is_money for one in found.comparisons] == [False, True]


def test_assignments_without_a_result_are_no_zeros_and_make_it_no_draw() -> None:
    keys = {"experiment_id": "trial", "assigned_at": day(40), "metric": "revenue", "window_days": 14, "value": 1.0}
    made = tables(
        customers=customers(), assignments=drawn(NAMES), results=[keys | {"customer_id": name} for name in NAMES[:90]]
    )
    [one] = lifts(made).comparisons
    assert one.lift.treated + one.lift.untreated == 90
    assert one.lift.graded.grade == "assumed"
    assert any("10 assignments have no result" in note for note in one.notes)


def test_an_experiment_without_control_says_that_everybody_got_something() -> None:
    rows = [row | {"arm": "call" if row["arm"] == "nothing" else "mail"} for row in drawn(NAMES)]
    made = tables(customers=customers(), purchases=[buys("c000", 5), buys("c000", 90)], assignments=rows)
    [one] = lifts(made).comparisons
    assert one.lift.verdict == "nothing_to_compare"
    assert "Everybody got something (call, mail)" in one.lift.graded.reasons[0]


def test_households_are_what_is_drawn_where_members_share() -> None:
    rows = [{"customer_id": name, "household_id": f"h{place // 2}"} for place, name in enumerate(NAMES)]
    found = lifts(tables(**habits() | {"customers": rows}))
    assert (found.households, found.drawn_unit) == (50, "households")


def test_the_order_of_rows_changes_nothing() -> None:
    made = tables(**habits(), campaigns=[campaign(28, 14)])
    turned = {name: frame.sample(frac=1, random_state=3) for name, frame in made.items()}
    one, other = lifts(made), lifts(turned)
    assert one == other
