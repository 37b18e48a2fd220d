"""Prices of limits, spread over assets and channels for the pass."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from decisioning.ground import EXPECTED_COST, EXPOSURE, MONEY, TOUCHES, Prices
from decisioning.limits import DUST, Family, Limits, Unit
from decisioning.settings import DecisionSettings
from decisioning.value import channel_costs
from forecasting.values import Floats
from graph.view import View

Array = npt.NDArray[Any]
Shape = tuple[int, int]

UNIT_CODES: Mapping[Unit, int] = {
    "touches": TOUCHES,
    "money": MONEY,
    "expected_cost": EXPECTED_COST,
    "exposure": EXPOSURE,
}


def prices_of(view: View, settings: DecisionSettings, limits: Limits, prices: Sequence[Floats]) -> Prices:
    """What every candidate pays at these prices."""
    shape = (len(view.assets), len(view.channels))
    touch = np.broadcast_to(channel_costs(view, settings).touch, shape)
    shared = {unit: _spread(limits, prices, unit, shape) for unit in UNIT_CODES}
    families = [(family, price) for family, price in zip(limits, prices, strict=True) if _tells_apart(family)]
    most = max((len(price) for _, price in families), default=0)
    return Prices(
        keeps_losses=any(family.has_minimum for family in limits),
        of_place=shared["touches"] + shared["money"] * touch,
        of_expected_cost=shared["expected_cost"],
        of_exposure=shared["exposure"],
        has_room=_has_room(limits, touch),
        group_price=_stacked([np.pad(price, (0, most - len(price))) for _, price in families], (most,), float),
        group_of_customer=_stacked([family.customer_group for family, _ in families], (len(view.customers),), np.int32),
        group_of_place=_stacked([_places(family, shape) for family, _ in families], shape, np.int32),
        groups_of_place=np.array([len(family.asset_names) for family, _ in families], dtype=np.int64),
        unit=np.array([UNIT_CODES[family.unit] for family, _ in families], dtype=np.int64),
        pays_costs=bool(shared["expected_cost"].any() or shared["exposure"].any()),
    )


def _tells_apart(family: Family) -> bool:
    """Whether a family's limits depend on the customer."""
    return family.customer_group is not None and len(family) > 0


def _spread(limits: Limits, prices: Sequence[Floats], unit: Unit, shape: Shape) -> Floats:
    """The price of a unit at every asset and channel, over families of it that tell no customers apart."""
    total = np.zeros(shape)
    for family, price in zip(limits, prices, strict=True):
        if family.unit == unit and not _tells_apart(family) and len(family):
            group = _places(family, shape)
            total += np.where(group >= 0, price[group], 0.0)
    return total


def _places(family: Family, shape: Shape) -> Array:
    return np.zeros(shape, dtype=np.int32) if family.asset_group is None else family.asset_group


def _has_room(limits: Limits, touch: Floats) -> npt.NDArray[np.bool_]:
    """Where one send fits the limits of touches and money that all customers share."""
    room = np.ones(touch.shape, dtype=np.bool_)
    for family in limits:
        if family.unit in ("touches", "money") and not _tells_apart(family) and len(family):
            group = _places(family, (touch.shape[0], touch.shape[1]))
            amount = np.ceil((touch if family.unit == "money" else np.ones(touch.shape)) * family.scale - DUST)
            room &= (group < 0) | (amount <= family.whole_most[group])
    return room


def _stacked(rows: Sequence[Any], shape: tuple[int, ...], kind: Any) -> Array:
    return np.array(rows, dtype=kind).reshape(len(rows), *shape)
