"""Nested levels come out as often as they are foreseen, also where a column and a level say almost the same."""

import numpy as np
import pytest

from forecasting.response.factors.hierarchical import HierarchicalRegression


def chances(linear: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-linear)))


@pytest.fixture(scope="module")
def mailed() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rare redemptions of 120 assets, half of them in mailings of a kind of their own; asset, kind, label, share."""
    draw = np.random.default_rng(5)
    asset = np.repeat(np.arange(120), 600)
    is_picked = (np.arange(120) < 60).astype(float)
    effect = draw.normal(0, 1.0, 120) + np.where(is_picked, 1.0, 0.0)
    share = np.where(is_picked, 0.1, 1.0)[asset]
    label = (draw.random(len(asset)) < share * chances(-5.0 + effect)[asset]).astype(float)
    return asset, is_picked[asset], label, share


def test_what_was_learnt_from_comes_out_as_often_as_it_is_foreseen(
    mailed: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    asset, is_picked, label, share = mailed
    groups = {"asset": asset, "kind": np.zeros(len(asset), dtype=np.int64)}
    model = HierarchicalRegression(link="logit").fit(is_picked[:, None], groups, label, offset=np.log(share))
    said = chances(model.linear(is_picked[:, None], groups, offset=np.log(share)))
    for part in (is_picked == 1, is_picked == 0):
        assert said[part].sum() == pytest.approx(label[part].sum(), rel=0.02)
    assert model.levels_["kind"].mean.tolist() == [0.0], "one group alone is the intercept"


def test_assets_never_sent_come_out_as_often_as_they_are_foreseen(
    mailed: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    asset, is_picked, label, share = mailed
    told = []
    for fold in range(4):
        kept = asset % 4 != fold
        model = HierarchicalRegression(link="logit").fit(
            is_picked[kept, None], {"asset": asset[kept]}, label[kept], offset=np.log(share[kept])
        )
        unseen = np.full(int((~kept).sum()), -1)
        linear = model.linear(is_picked[~kept, None], {"asset": unseen}, offset=np.log(share[~kept]))
        told.append(chances(linear).sum())
    assert sum(told) == pytest.approx(label.sum(), rel=0.15)


def test_a_level_that_nobody_is_known_in_adds_nothing() -> None:
    draw = np.random.default_rng(2)
    label = (draw.random(4_000) < 0.05).astype(float)
    nobody = np.full(4_000, -1)
    model = HierarchicalRegression(link="logit").fit(np.zeros((4_000, 0)), {"segment": nobody}, label)
    assert model.effect("segment", nobody).tolist() == [0.0] * 4_000
    assert chances(np.array(model.intercept_)) == pytest.approx(label.mean(), rel=0.01)


@pytest.mark.parametrize(("rows", "near"), [(40, 0.0), (40_000, 5.0)])
def test_amounts_stay_at_what_is_stated_until_rows_outweigh_it(rows: int, near: float) -> None:
    draw = np.random.default_rng(7)
    stated = np.full(rows, 2.0)
    target = stated + 5.0 + draw.normal(0, 60.0, rows)
    model = HierarchicalRegression(link="identity", prior_sd=0.5)
    model.fit(np.zeros((rows, 0)), {}, target, offset=stated)
    assert model.intercept_ == pytest.approx(near, abs=1.0)
