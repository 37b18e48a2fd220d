"""What is stated of response where nothing was learnt, as factors."""

from dataclasses import replace

import numpy as np

from forecasting.response.factors.fitted import LINKS
from forecasting.response.factors.situations import UNKNOWN, Situations
from forecasting.response.settings import ResponseSettings
from forecasting.values import Floats, Keys
from forecasting.values.response import Factors, Target

STATED_VARIANCE = 1.0  # of log-odds that nobody has seen


def stated_chance(target: Target, prior: float, keys: tuple[Keys, Keys, Keys], reason: str) -> Factors:
    """A stated chance for everybody; `reason` is why nothing better is there."""
    return flat(target, float(np.log(prior / (1 - prior))), STATED_VARIANCE, keys, f"stated prior; {reason}")


def stated_uplift(  # noqa: PLR0917 -- as many things as it is made of
    target: Target,
    settings: ResponseSettings,
    known: Situations,
    usual: Floats,
    incidence: Floats,
    keys: tuple[Keys, Keys, Keys],
    reason: str,
) -> Factors:
    """The stated share of what the customer's categories bring in a window anyway.

    Args:
        target: Which uplift.
        settings: Stated priors by kind of asset.
        known: Kinds and topics of assets.
        usual: What each customer brings in each topic within the window, shape (customers, topics).
        incidence: How much of each asset each topic is, shape (assets, topics).
        keys: Customers, assets and channels.
        reason: Why nothing better is there.
    """
    _, asset, channel = keys
    place = known.positions(asset)
    kinds = np.append(known.asset_kind, UNKNOWN)[place]
    priors = [settings.uplift.get(str(kind), settings.default_uplift) for kind in kinds]
    mean = np.array([prior.mean for prior in priors])
    sd = np.array([prior.sd for prior in priors])
    counts = np.maximum(np.append(known.topics.counts, 1)[place], 1)[:, None]
    # Where the mean is zero its spread cannot be a multiple of it: such priors spread by a customer's usual margin.
    spread = np.where(mean == 0, (sd * float(usual.sum(axis=1).mean() if len(usual) else 0.0)) ** 2, 0.0)
    return replace(
        flat(target, 0.0, 0.0, keys, f"{settings.uplift_source}; {reason}"),
        customer_factor=np.maximum(usual, 0.0),
        asset_factor=incidence * counts * mean[:, None],
        channel_factor=np.zeros((len(channel), usual.shape[1])),
        relative_sd=np.where(mean == 0, 0.0, sd / np.where(mean == 0, 1.0, np.abs(mean))),
        asset_variance=spread,
    )


def on_top_of(stated: Factors, learnt: Factors) -> Factors:
    """What is stated of an effect, and what draws found to differ from it."""
    return replace(
        learnt,
        intercept=stated.intercept + learnt.intercept,
        customer_factor=np.hstack([learnt.customer_factor, stated.customer_factor]),
        asset_factor=np.hstack([learnt.asset_factor, stated.asset_factor]),
        channel_factor=np.hstack([learnt.channel_factor, stated.channel_factor]),
    )


def flat(target: Target, intercept: float, variance: float, keys: tuple[Keys, Keys, Keys], source: str) -> Factors:
    """The same value for everybody."""
    customers, assets, channels = (len(part) for part in keys)
    return Factors(
        target, LINKS[target], intercept, np.zeros(customers), np.zeros(assets), np.zeros(channels),
        np.zeros((customers, 0)), np.zeros((assets, 0)), np.zeros((channels, 0)), np.zeros(customers),
        np.full(assets, variance), np.zeros(channels), np.zeros(assets), "assumed", source,
        np.zeros(assets, dtype=np.bool_),
    )  # fmt: skip
