"""Redemption: learnt from closed mailings, told apart from picking, and a stated prior where nothing was sent."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.cadence.shopping_days import ShoppingDays, shopping_days
from forecasting.response.redemption import RedemptionModel
from forecasting.values import Redemption

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
CATEGORIES = [f"category-{number}" for number in range(20)]
CUSTOMERS = [f"c{number:03d}" for number in range(300)]


@dataclass(frozen=True)
class World:
    """Everybody is sent every asset of two campaigns; more is redeemed of what one buys."""

    purchases: pd.DataFrame
    products: pd.DataFrame
    touches: pd.DataFrame
    outcomes: pd.DataFrame
    assets: pd.DataFrame
    campaigns: pd.DataFrame

    def days(self) -> ShoppingDays:
        return shopping_days(self.purchases, self.products, as_of=AS_OF, timezone="UTC")

    def fit(self, as_of: datetime = AS_OF) -> RedemptionModel:
        return RedemptionModel(prior=0.02).fit(
            self.touches, self.outcomes, self.assets, self.campaigns, self.days(), as_of=as_of, timezone="UTC"
        )


def _build(*, carried: float | None = None, seed: int = 1) -> World:
    draws = np.random.default_rng(seed)
    rows, bought = [], np.zeros((len(CUSTOMERS), len(CATEGORIES)), dtype=int)
    sent_at = {"early": AS_OF - timedelta(days=150), "late": AS_OF - timedelta(days=100)}
    for customer, name in enumerate(CUSTOMERS):
        for category in draws.choice(len(CATEGORIES), 6, replace=False):
            count = int(draws.integers(1, 12))
            bought[customer, category] = count
            # The same number of shopping days in the 91 days before either campaign.
            rows += [
                (name, CATEGORIES[category], AS_OF - timedelta(days=int(day)))
                for day in draws.choice(np.arange(151, 191), count, replace=False)
            ]
        rows.append((name, CATEGORIES[0], AS_OF - timedelta(days=300)))
    purchases = pd.DataFrame(rows, columns=["customer_id", "product_id", "occurred_at"]).assign(
        kind="sale", net_value=5.0, quantity=1.0
    )
    purchases["occurred_at"] = purchases["occurred_at"].astype("datetime64[us, UTC]")
    assets = pd.DataFrame(
        {
            "asset_id": [f"{campaign}/{category}" for campaign in sent_at for category in CATEGORIES],
            "version": "1",
            "kind": "coupon",
            "categories": [[category] for _ in sent_at for category in CATEGORIES],
            "offer_id": [f"offer-{number}" for number in range(2 * len(CATEGORIES))],
            "campaign_id": [campaign for campaign in sent_at for _ in CATEGORIES],
        }
    )
    touches, outcomes = [], []
    for campaign, moment in sent_at.items():
        chance = 1 / (1 + np.exp(4.0 - 1.0 * np.log1p(bought)))
        redeemed = draws.random(chance.shape) < chance
        if carried is not None:
            # Whoever packs the booklet picks what the customer buys most, and a few others.
            order = np.argsort(-(bought + 3 * draws.random(bought.shape)), axis=1)
            picked = np.zeros_like(redeemed)
            np.put_along_axis(picked, order[:, : int(carried)], values=True, axis=1)
            redeemed &= picked
        for customer, name in enumerate(CUSTOMERS):
            touches.append((f"{campaign}-{name}", name, moment, campaign))
            outcomes += [
                (f"{campaign}-{name}", name, f"{campaign}/{CATEGORIES[category]}", moment + timedelta(days=9))
                for category in np.flatnonzero(redeemed[customer])
            ]
    campaigns = pd.DataFrame(
        {
            "campaign_id": list(sent_at),
            "ends_at": [moment + timedelta(days=40) for moment in sent_at.values()],
            "assets_per_touch": [carried if carried is not None else np.nan] * len(sent_at),
        }
    ).astype({"ends_at": "datetime64[us, UTC]"})
    return World(
        purchases=purchases,
        products=pd.DataFrame({"product_id": CATEGORIES, "category_id": CATEGORIES}),
        touches=pd.DataFrame(touches, columns=["touch_id", "customer_id", "sent_at", "campaign_id"])
        .assign(asset_id=None)
        .astype({"sent_at": "datetime64[us, UTC]"}),
        outcomes=pd.DataFrame(outcomes, columns=["touch_id", "customer_id", "asset_id", "occurred_at"])
        .assign(name="redeemed")
        .astype({"occurred_at": "datetime64[us, UTC]"}),
        assets=assets,
        campaigns=campaigns,
    )


@pytest.fixture(scope="module")
def world() -> World:
    return _build()


def _predict(model: RedemptionModel) -> Redemption:
    return model.predict(np.array(CUSTOMERS, dtype=object))


def test_affinity_is_learnt_as_it_is(world: World) -> None:
    redemption = _predict(world.fit())
    assert redemption.affinity_slope == pytest.approx(1.0, abs=0.15)
    at_no_affinity = redemption.intercept + redemption.customer_effect.mean() + redemption.asset_effect.mean()
    assert 1 / (1 + np.exp(-at_no_affinity)) == pytest.approx(1 / (1 + np.exp(4.0)), rel=0.3)
    assert redemption.source.startswith("fitted on 600 mailings with ")
    assert redemption.base_rate == pytest.approx(len(world.outcomes) / (600 * len(CATEGORIES)))


def test_keys_are_sorted_and_every_effect_has_one(world: World) -> None:
    redemption = world.fit().predict(np.array(["unknown", "c002", "c001", "c001"], dtype=object))
    assert redemption.customer_id.tolist() == ["c001", "c002", "unknown"]
    assert redemption.asset_id.tolist() == sorted(world.assets["asset_id"])
    assert redemption.customer_effect.shape == (3,)
    assert redemption.asset_effect.shape == redemption.asset_id.shape
    assert np.isfinite(redemption.customer_effect).all()


def test_an_open_window_does_not_count_as_not_redeemed(world: World) -> None:
    open_end = world.campaigns.assign(
        ends_at=world.campaigns["ends_at"].where(
            world.campaigns["campaign_id"] == "early", pd.Timestamp("2027-01-01", tz="UTC")
        )
    )
    never_redeemed_yet = world.outcomes[world.outcomes["touch_id"].str.startswith("early")]
    redemption = _predict(replace(world, campaigns=open_end, outcomes=never_redeemed_yet).fit())
    assert redemption.source.startswith("fitted on 300 mailings")
    assert redemption.base_rate == pytest.approx(len(never_redeemed_yet) / (300 * len(CATEGORIES)))


def test_past_redeemers_are_expected_to_redeem_more(world: World) -> None:
    draws = np.random.default_rng(3)
    fond = set(draws.choice(CUSTOMERS, 60, replace=False))
    extra = [
        (f"{campaign}-{name}", name, f"{campaign}/{category}", AS_OF - timedelta(days=days), "redeemed")
        for campaign, days in (("early", 140), ("late", 90))
        for name in sorted(fond)
        for category in CATEGORIES[::2]
    ]
    frame = pd.DataFrame(extra, columns=["touch_id", "customer_id", "asset_id", "occurred_at", "name"])
    frame["occurred_at"] = frame["occurred_at"].astype("datetime64[us, UTC]")
    redemption = _predict(replace(world, outcomes=pd.concat([world.outcomes, frame])).fit())
    effect = dict(zip(redemption.customer_id, redemption.customer_effect, strict=True))
    others = [effect[name] for name in CUSTOMERS if name not in fond]
    assert min(effect[name] for name in fond) > max(others)


def test_picked_assets_are_expected_as_often_as_they_were_carried_on_average() -> None:
    booklet = _build(carried=5)
    redemption = _predict(booklet.fit())
    assert redemption.base_rate == pytest.approx(len(booklet.outcomes) / (600 * 5))


def test_exposures_that_are_known_set_the_level_where_both_kinds_were_sent() -> None:
    known, booklet = _build(seed=5), _build(carried=5, seed=6)

    def renamed(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
        return frame.assign(**{column: "booklet-" + frame[column] for column in columns})

    both = World(
        purchases=known.purchases,
        products=known.products,
        touches=pd.concat([known.touches, renamed(booklet.touches, "touch_id", "campaign_id")]),
        outcomes=pd.concat([known.outcomes, renamed(booklet.outcomes, "touch_id", "asset_id")]),
        assets=pd.concat([known.assets, renamed(booklet.assets, "asset_id", "campaign_id")]),
        campaigns=pd.concat([known.campaigns, renamed(booklet.campaigns, "campaign_id")]),
    )
    alone, together, picked = (_predict(each.fit()) for each in (known, both, booklet))

    def chance(redemption: Redemption, shopping_days: int) -> float:
        log_odds = redemption.intercept + redemption.customer_effect.mean() + redemption.asset_effect.mean()
        return float(1 / (1 + np.exp(-log_odds - redemption.affinity_slope * np.log1p(shopping_days))))

    assert chance(together, 8) == pytest.approx(chance(alone, 8), rel=0.25)
    assert chance(picked, 8) > 1.5 * chance(alone, 8)


def test_without_mailings_the_stated_prior_speaks(world: World) -> None:
    redemption = _predict(replace(world, touches=world.touches.iloc[:0], outcomes=world.outcomes.iloc[:0]).fit())
    assert 1 / (1 + np.exp(-redemption.intercept)) == pytest.approx(0.02)
    assert not redemption.customer_effect.any()
    assert not redemption.asset_effect.any()
    assert redemption.affinity_slope == 0.0
    assert np.isnan(redemption.base_rate)
    assert redemption.source.startswith("stated prior")


def test_49_redemptions_are_too_few_and_50_are_enough(world: World) -> None:
    few = replace(world, outcomes=world.outcomes.iloc[:49])
    enough = replace(world, outcomes=world.outcomes.iloc[:50])
    assert few.fit().source_.startswith("stated prior: 49 redemptions")
    assert enough.fit().source_.startswith("fitted on 600 mailings with 50 redemptions")


@pytest.mark.parametrize(("history_days", "mailings"), [(241, 600), (240, 300), (191, 300)])
def test_mailings_whose_91_days_before_are_not_in_the_history_are_not_learnt_from(
    history_days: int, mailings: int, world: World
) -> None:
    # Sent 150 and 100 days before as-of.
    began = pd.Timestamp(AS_OF - timedelta(days=history_days))
    purchases = world.purchases.assign(
        occurred_at=world.purchases["occurred_at"].where(world.purchases["occurred_at"] > began, began)
    )
    assert replace(world, purchases=purchases).fit().source_.startswith(f"fitted on {mailings} mailings")


def test_rows_after_as_of_and_the_order_of_rows_change_nothing(world: World) -> None:
    cut = AS_OF - timedelta(days=95)
    whole = world.fit(as_of=cut)
    outcomes = world.outcomes[world.outcomes["occurred_at"] < pd.Timestamp(cut)]
    assert 0 < len(outcomes) < len(world.outcomes)
    shuffled = World(
        *(
            frame.sample(frac=1, random_state=9)
            for frame in (world.purchases, world.products, world.touches, outcomes, world.assets, world.campaigns)
        )
    )
    first, second = _predict(whole), _predict(shuffled.fit(as_of=cut))
    assert first.intercept == second.intercept
    assert first.affinity_slope == second.affinity_slope
    assert first.customer_effect.tolist() == second.customer_effect.tolist()
    assert first.asset_effect.tolist() == second.asset_effect.tolist()
