"""What was learnt of touches, under the positions of the view: gain, redemption and opt-out of each candidate."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.values import Floats
from forecasting.values.response import Factors, ResponseFactors, Target
from graph.view import Nodes, Positions, View

Array = npt.NDArray[Any]
Places = npt.NDArray[np.int64]


class Linear(NamedTuple):
    """One target of a response model, see `forecasting.values.response`, under the view's positions.

    Attributes:
        is_there: 1 when the target was learnt, else 0 and every array is empty.
        knows_customer: Who or what it was learnt of, shape (customers,); all others are judged without it.
        knows_place: Shape (assets, channels).
        intercept: Of the linear value.
        customer_effect: Shape (customers,).
        asset_effect: Shape (assets,).
        channel_effect: Shape (channels,).
        customer_factor: Shape (customers, factors), float32.
        asset_factor: Shape (assets, factors), float32.
        channel_factor: Shape (channels, factors), float32.
    """

    is_there: int
    knows_customer: Array
    knows_place: Array
    intercept: float
    customer_effect: Array
    asset_effect: Array
    channel_effect: Array
    customer_factor: Array
    asset_factor: Array
    channel_factor: Array


def linear_of(view: View, response: ResponseFactors | None, target: Target) -> Linear:
    """A learnt target under the positions of the view; nothing where it was not learnt."""
    if response is None or target not in response.targets:
        none, nobody = np.zeros(0), np.zeros((0, 0), dtype=np.float32)
        nowhere = np.zeros((0, 0), dtype=np.bool_)
        return Linear(0, np.zeros(0, dtype=np.bool_), nowhere, 0.0, none, none, none, nobody, nobody, nobody)
    factors, (customer, asset, channel) = response.targets[target], _places(view, response)
    return Linear(
        is_there=1,
        knows_customer=customer >= 0,
        # Of an asset of which the data say no more than the prior, the grade does not hold.
        knows_place=((asset >= 0) & np.append(factors.is_learnt, False)[asset])[:, np.newaxis] & (channel >= 0),
        intercept=float(factors.intercept),
        customer_effect=_taken(factors.customer_effect, customer),
        asset_effect=_taken(factors.asset_effect, asset),
        channel_effect=_taken(factors.channel_effect, channel),
        customer_factor=_taken(factors.customer_factor, customer).astype(np.float32),
        asset_factor=_taken(factors.asset_factor, asset).astype(np.float32),
        channel_factor=_taken(factors.channel_factor, channel).astype(np.float32),
    )


def is_known(target: Linear, customer: Positions, asset: Positions, channel: Positions) -> npt.NDArray[np.bool_]:
    """For which candidates the target was learnt, shape (n,)."""
    if not target.is_there:
        return np.zeros(len(customer), dtype=np.bool_)
    return np.asarray(target.knows_customer[customer] & target.knows_place[asset, channel])


def linear_values(target: Linear, customer: Positions, asset: Positions, channel: Positions) -> Floats:
    """The linear value of each candidate, shape (n,); only where the target is known it means anything."""
    if not target.is_there:
        return np.zeros(len(customer))
    own = target.customer_factor[customer].astype(np.float64)
    of_asset = np.einsum("nk,nk->n", own, target.asset_factor[asset].astype(np.float64))
    of_channel = np.einsum("nk,nk->n", own, target.channel_factor[channel].astype(np.float64))
    effects = target.customer_effect[customer] + target.asset_effect[asset] + target.channel_effect[channel]
    return np.asarray(target.intercept + effects + of_asset + of_channel)


def linear_sd(
    view: View,
    response: ResponseFactors | None,
    target: Target,
    places: tuple[Positions, Positions, Positions],
    linear: Floats,
) -> Floats:
    """Standard deviation of what is believed about each candidate's linear value, shape (n,)."""
    if response is None or target not in response.targets:
        return np.zeros(len(linear))
    factors: Factors = response.targets[target]
    known = [found[place] for found, place in zip(_places(view, response), places, strict=True)]
    variances = (factors.customer_variance, factors.asset_variance, factors.channel_variance)
    variance = np.sum([_taken(each, place) for each, place in zip(variances, known, strict=True)], axis=0)
    return np.asarray(np.sqrt(variance + (_taken(factors.relative_sd, known[1]) * linear) ** 2))


def _places(view: View, response: ResponseFactors) -> tuple[Places, Places, Places]:
    """Where each customer, asset and channel of the view stands in the model, -1 where it does not."""
    return (
        _places_of(view.customers, response.customer_id),
        _places_of(view.assets, response.asset_id),
        _places_of(view.channels, response.channel_id),
    )


def _places_of(nodes: Nodes, known: Array) -> Places:
    keys = nodes.keys
    if len(keys) == len(known) and bool((keys == known).all()):
        return np.arange(len(keys), dtype=np.int64)
    return np.asarray(pd.Index(known).get_indexer(pd.Index(keys)), dtype=np.int64)


def _taken(values: Floats, places: Places) -> Floats:
    """Values at places; nobody reads those of place -1."""
    if not len(values):
        return np.zeros((len(places), *values.shape[1:]))
    return np.ascontiguousarray(values[places], dtype=np.float64)
