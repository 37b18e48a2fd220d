"""Response as factors: what every target is for a customer, an asset and a channel, as matrix arithmetic.

    linear(c, a, h) = intercept + customer_effect[c] + asset_effect[a] + channel_effect[h]
                      + customer_factor[c] · (asset_factor[a] + channel_factor[h])

    variance(c, a, h) = customer_variance[c] + asset_variance[a] + channel_variance[h] + (relative_sd[a] · linear)²

Targets with link `identity` (money) are the linear value; those with link `logit` are 1 / (1 + exp(-linear)), and their
variance is that of the log-odds. Effects on log-odds hold half of their own variance times (1 - 2 · base rate), so that
the mean of what is likely is scored, and not what is likeliest. A block of customers × assets × channels is one product
of [1, customer_effect, customer_factor] and [intercept + asset_effect + channel_effect; 1; asset_factor +
channel_factor].
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from forecasting.values import EvidenceGrade, Floats, Keys

Target = Literal["margin_uplift", "response_uplift", "p_response", "p_redeem", "p_opt_out"]
Link = Literal["identity", "logit"]
Scores = npt.NDArray[np.float32]
Positions = npt.NDArray[np.integer]
BLOCK = 1 << 16  # scores that stay in a core's cache between two steps


@dataclass(frozen=True, eq=False)
class Factors:
    """One target.

    Attributes:
        target: Which; uplifts are per touch against none, over the value window.
        link: How the linear value becomes the target.
        intercept: Of the linear value.
        customer_effect: Shape (customers,).
        asset_effect: Shape (assets,).
        channel_effect: Shape (channels,).
        customer_factor: Shape (customers, factors).
        asset_factor: Shape (assets, factors).
        channel_factor: Shape (channels, factors).
        customer_variance: What is not known about the customer's part, shape (customers,).
        asset_variance: Shape (assets,).
        channel_variance: Shape (channels,).
        relative_sd: Standard deviation in multiples of the linear value, shape (assets,); 0 where effects are fitted.
        grade: How the target was identified.
        source: What it was fitted on, or who states it.
        is_learnt: Assets of which the data say more than what was believed before, shape (assets,): for those the grade
            holds. The others take what is stated elsewhere, and that is assumed.
    """

    target: Target
    link: Link
    intercept: float
    customer_effect: Floats
    asset_effect: Floats
    channel_effect: Floats
    customer_factor: Floats
    asset_factor: Floats
    channel_factor: Floats
    customer_variance: Floats
    asset_variance: Floats
    channel_variance: Floats
    relative_sd: Floats
    grade: EvidenceGrade
    source: str
    is_learnt: npt.NDArray[np.bool_]

    def linear(self, customers: Positions | None = None, assets: Positions | None = None) -> Scores:
        """The linear value of a block, shape (customers, assets, channels), as float32.

        Args:
            customers: Positions of customers; None: all.
            assets: Positions of assets; None: all.
        """
        left, right = self._left(customers), self._right(assets)
        channels = len(self.channel_effect)
        return np.asarray((left @ right).reshape(len(left), -1, channels))

    def score(self, customers: Positions | None = None, assets: Positions | None = None) -> Scores:
        """The target itself of a block, shape (customers, assets, channels), as float32."""
        values = self.linear(customers, assets)
        if self.link == "logit":
            _to_probability(values.reshape(-1))
        return values

    def sd(self, customers: Positions | None = None, assets: Positions | None = None) -> Scores:
        """Standard deviation of the linear value of a block, shape (customers, assets, channels), as float32."""
        by_customer = _taken(self.customer_variance, customers).astype(np.float32)
        by_asset = _taken(self.asset_variance, assets).astype(np.float32)
        by_channel = self.channel_variance.astype(np.float32)
        variance = by_customer[:, None, None] + by_asset[:, None] + by_channel
        relative = _taken(self.relative_sd, assets).astype(np.float32)
        if relative.any():
            variance = variance + (relative[:, None] * self.linear(customers, assets)) ** 2
        return np.asarray(np.sqrt(variance))

    def _left(self, customers: Positions | None) -> Scores:
        effect, factor = _taken(self.customer_effect, customers), _taken(self.customer_factor, customers)
        return np.column_stack([np.ones(len(effect)), effect, factor]).astype(np.float32)

    def _right(self, assets: Positions | None) -> Scores:
        effect, factor = _taken(self.asset_effect, assets), _taken(self.asset_factor, assets)
        levels = (self.intercept + effect[:, None] + self.channel_effect).reshape(1, -1)
        factors = (factor[:, None, :] + self.channel_factor).reshape(levels.size, -1).T
        return np.vstack([levels, np.ones_like(levels), factors]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class ResponseFactors:
    """All targets for the same customers, assets and channels.

    Attributes:
        customer_id: Ascending, shape (customers,).
        asset_id: Ascending, shape (assets,).
        channel_id: Ascending, shape (channels,).
        targets: Factors by target.
    """

    customer_id: Keys
    asset_id: Keys
    channel_id: Keys
    targets: Mapping[Target, Factors]

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything as arrays by name, texts as unicode."""
        found: dict[str, np.ndarray] = {
            name: getattr(self, name).astype(str) for name in ("customer_id", "asset_id", "channel_id")
        }
        for target, factors in self.targets.items():
            found |= {f"{target}/{entry.name}": np.array(getattr(factors, entry.name)) for entry in fields(Factors)}
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """What `arrays` was made of."""
        keys = [np.asarray(arrays[name].astype(object)) for name in ("customer_id", "asset_id", "channel_id")]
        targets = {target: _factors(target, arrays) for target in get_args(Target) if f"{target}/link" in arrays}
        return cls(keys[0], keys[1], keys[2], targets)


def _factors(target: str, arrays: Mapping[str, np.ndarray]) -> Factors:
    given = {entry.name: arrays[f"{target}/{entry.name}"] for entry in fields(Factors)}
    single = {name: value.item() for name, value in given.items() if value.ndim == 0}
    return Factors(**{**given, **single})


def _taken(values: Floats, positions: Positions | None) -> Floats:
    return values if positions is None else values[positions]


def _to_probability(flat: Scores) -> None:
    """1 / (1 + exp(-x)) in place, in blocks that fit a cache."""
    for start in range(0, len(flat), BLOCK):
        part = flat[start : start + BLOCK]
        np.clip(part, -80.0, 80.0, out=part)
        np.negative(part, out=part)
        np.exp(part, out=part)
        part += 1.0
        np.reciprocal(part, out=part)
