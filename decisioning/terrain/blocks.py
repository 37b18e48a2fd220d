"""Answers side by side in memory, so that the pass over candidates is a pass over neighbours."""

import numpy as np
import numpy.typing as npt

from decisioning.ground import Blocks, Hours, Reasons, Rules, Worth
from decisioning.offers import LARGEST_BASKET

Indices = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


def blocks_of(reasons: Reasons, rules: Rules, worth: Worth, hours: Hours) -> Blocks:
    """The assets of every answer, and of these the ones that fit each channel."""
    assets, sizes = reasons.answer_assets, np.diff(reasons.answer_starts)
    answer = np.repeat(np.arange(len(sizes)), sizes)
    fits = reasons.fits[assets]
    channels = fits.shape[1]
    # Every link of an answer with an asset, once per channel that it fits, in order of answer, channel, asset.
    link, channel = np.nonzero(fits)
    order = np.lexsort((link, channel, answer[link]))
    link, channel = link[order], channel[order]
    block = answer[link] * channels + channel
    starts = np.searchsorted(block, np.arange(len(sizes) * channels + 1)).astype(np.int64)
    asset = assets[link]
    words = np.ascontiguousarray(rules.asset_words[asset, channel].T)
    return Blocks(
        gain=worth.gain.asset_effect[assets] if worth.gain.is_there else np.zeros(0),
        gain_factor=_side_by_side(worth.gain.asset_factor, assets, answer, reasons.answer_starts),
        redeem=np.where(worth.has_offer, np.exp(-worth.redeem_asset), 1.0)[assets],
        cost=np.where(worth.has_offer, worth.cost_fixed, 0.0)[assets],
        is_plain=_all_of(_is_plain(reasons, worth)[assets], reasons.answer_starts),
        asks_spend=~_all_of(worth.least_spend[assets] <= 0.0, reasons.answer_starts),
        starts=starts,
        asset=np.ascontiguousarray(asset, dtype=np.int32),
        link=(link - reasons.answer_starts[answer[link]]).astype(np.int32),
        place=(asset.astype(np.int64) * channels + channel),
        words=words,
        shared=_shared(words, starts, rules),
        widest=int(sizes.max(initial=0)),
        is_dated=bool(hours.is_dated[assets].any()),
        may_lack_cost=bool(worth.may_lack_cost[assets].any()),
    )


def _side_by_side(
    factors: npt.NDArray[np.float32], assets: npt.NDArray[np.int32], answer: Indices, starts: Indices
) -> npt.NDArray[np.float32]:
    """Factors of the assets of each answer, factor after factor, shape (links × factors,)."""
    count = factors.shape[1]
    if not count:
        return np.zeros(0, dtype=np.float32)
    found = np.empty(len(assets) * count, dtype=np.float32)
    width, within = np.diff(starts)[answer], np.arange(len(assets)) - starts[answer]
    for factor in range(count):
        found[starts[answer] * count + factor * width + within] = factors[assets, factor]
    return found


def _is_plain(reasons: Reasons, worth: Worth) -> npt.NDArray[np.bool_]:
    """Assets whose gain is learnt wherever they fit, and whose offer costs all the same and is in reach of all."""
    if not worth.gain.is_there or not np.isfinite(worth.redeem_slope):
        return np.zeros(len(worth.has_offer), dtype=np.bool_)
    is_known = (worth.gain.knows_place | ~reasons.fits).all(axis=1)
    has_fixed_cost = ~worth.has_offer | (~worth.is_automatic & ~np.isnan(worth.cost_fixed))
    is_out_of_reach = worth.has_offer & (worth.least_spend > LARGEST_BASKET * worth.usual_spend)
    return np.asarray(is_known & has_fixed_cost & ~is_out_of_reach)


def _all_of(holds: npt.NDArray[np.bool_], starts: Indices) -> npt.NDArray[np.bool_]:
    """Whether it holds for all of each row's links."""
    failing = np.concatenate([[0], np.cumsum(~holds)])
    return np.asarray(np.diff(failing[starts]) == 0)


def _shared(words: Words, starts: Indices, rules: Rules) -> Words:
    """Bits that all of a block have and that need no comparison with the customer to refuse, shape (blocks, words)."""
    certain = rules.refusing & ~rules.programs.gates
    shared = np.zeros((len(starts) - 1, len(words)), dtype=np.uint64)
    filled = np.flatnonzero(np.diff(starts))
    if len(filled):
        shared[filled] = (np.bitwise_and.reduceat(words, starts[filled], axis=1) & certain[:, np.newaxis]).T
    return shared
