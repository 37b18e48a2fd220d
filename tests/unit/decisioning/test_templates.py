"""Ten thousand variants on twenty templates: those stay that are worth most together, and what that loses is known."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from decisioning.options import Options
from decisioning.templates import chosen_templates
from tests.unit.decisioning.world import World

GREEDY_IS_AT_LEAST = 1 - 1 / np.e


def options(worth: np.ndarray) -> Options:
    """Every customer may get every asset on the only channel."""
    customers, assets = worth.shape
    customer = np.repeat(np.arange(customers, dtype=np.int32), assets)
    none = np.zeros(worth.size)
    return Options(
        customer,
        np.tile(np.arange(assets, dtype=np.int32), customers),
        np.zeros(worth.size, dtype=np.int32),
        worth.ravel(),
        none,
        none,
        none,
    )


def served(worth: np.ndarray, kept: list[int]) -> float:
    """What customers get when each takes the best of these, or nothing."""
    return float(np.maximum(worth[:, kept].max(axis=1, initial=0.0), 0.0).sum())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_the_templates_kept_are_nearly_the_best_there_are(seed: int, allowed: int) -> None:
    worth = np.random.default_rng(seed).normal(0.5, 1, (5, 6)).round(3)
    is_open = chosen_templates(options(worth), worth.ravel(), np.array([allowed]), 6)
    kept = np.flatnonzero(is_open[:, 0]).tolist()
    best = max(served(worth, list(some)) for some in itertools.combinations(range(6), allowed))
    assert len(kept) <= allowed
    assert served(worth, kept) >= GREEDY_IS_AT_LEAST * best - 1e-9


def test_ten_thousand_variants_become_twenty() -> None:
    worth = np.random.default_rng(1).lognormal(0, 1, (40, 10_000))
    is_open = chosen_templates(options(worth), worth.ravel(), np.array([20]), 10_000)
    kept = np.flatnonzero(is_open[:, 0]).tolist()
    assert len(kept) == 20
    assert served(worth, kept) > served(worth, np.argsort(-worth.sum(axis=0))[:20].tolist())


def test_a_channel_sends_no_more_different_assets_than_it_renders_and_says_what_that_loses() -> None:
    world = World().channel("email", template_limit=2).channel("mail")
    for place, category in enumerate("ABCD"):
        world.category(category).asset(f"about-{category}", category, channels=("email",))
        for customer in range(place + 1):
            world.customer(f"{category}{customer}").rhythm(f"{category}{customer}", category)
    made = world.decide()
    sends = made.records[made.records["verb"] == "send"]
    assert sorted(sends["asset_id"].unique()) == ["about-C", "about-D"]
    (collapsed,) = made.summary["templates"]
    assert (collapsed["channel"], collapsed["wanted"], collapsed["allowed"]) == ("email", 4, 2)
    unlimited = World(**{**vars(world), "channels": {}}).channel("email").channel("mail").decide()
    assert collapsed["loss"] > 0
    assert abs(unlimited.summary["value"] - made.summary["value"] - collapsed["loss"]) < 1e-9
    reasons = made.records.loc[made.records["verb"] == "none", "none_reason"].unique().tolist()
    assert reasons == ["limits: email templates"]
