"""What a play is: a named way of finding motives, the reasons to talk to a customer now.

A play sees what is known and returns one row per motive. It judges nobody's permission and no message's worth: that is
for policies and value. Plays live in `decisioning/plays`, one file each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.policies.columns import AttributeTable
from decisioning.rhythms import Rhythms
from decisioning.settings import DecisionSettings, PlaySettings
from decisioning.subjects import excluded_categories, out_of_stock
from decisioning.times import Times, aware, naive
from graph.view import Nodes, Positions, View

# Not a table, yet a play may need it: campaigns stand in the playbook itself.
CAMPAIGNS = "plays.yaml: campaigns"


@dataclass(frozen=True)
class Threshold:
    """A number of a play that the playbook may change: its default and what it means, unit included."""

    default: float
    meaning: str


@dataclass(frozen=True, eq=False)
class Known:
    """What a play may look at.

    Attributes:
        view: The graph in arrays.
        rhythms: Forecasts, aligned with the view.
        customers: The customers' attributes as policies read them, for audiences.
        settings: The playbook's settings.
        as_of: The moment the run knows the world at, naive UTC.
    """

    view: View
    rhythms: Rhythms
    customers: AttributeTable
    settings: DecisionSettings
    as_of: np.datetime64

    @cached_property
    def zone(self) -> ZoneInfo:
        """The playbook's time zone."""
        return ZoneInfo(self.settings.timezone)

    @cached_property
    def category_names(self) -> npt.NDArray[np.object_]:
        """What people call each category: its name, or its key without one."""
        return _names(self.view.categories)

    @cached_property
    def topic_names(self) -> npt.NDArray[np.object_]:
        """What people call each topic."""
        return _names(self.view.topics)

    @cached_property
    def product_names(self) -> npt.NDArray[np.object_]:
        """What people call each product."""
        return _names(self.view.products)

    @cached_property
    def is_out_of_stock(self) -> npt.NDArray[np.bool_]:
        """Which products nothing is left of; what does not state its stock is in stock, shape (products,)."""
        return out_of_stock(self.view)

    @cached_property
    def last_purchase_at(self) -> Times:
        """Each customer's last purchase of anything; NaT without one."""
        return naive(self.view.customers.frame["last_purchase_at"])

    def shopping_days(self, within_days: int) -> npt.NDArray[np.float64]:
        """Each customer's shopping days within the last 28 or 91 days; 0 where unknown."""
        column = self.view.customers.frame[f"shopping_days_{within_days}d"]
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=0.0))

    def is_excluded(self, settings: PlaySettings) -> npt.NDArray[np.bool_]:
        """Which categories the play does not talk about, shape (categories,)."""
        return excluded_categories(self.view, settings.excluded_categories)


@dataclass(frozen=True)
class Trace:
    """A relationship of the graph that a motive rests on.

    Attributes:
        type: Its type.
        properties: Columns of `find`'s frame that are properties of it, by property.
        start: Column with the node that it starts at, such as `Product/milk`; without one, the customer. A motive whose
            column is None does not rest on it.
        end: Column with the node that it ends at; without one, the subject.
    """

    type: str
    properties: Mapping[str, str] = field(default_factory=dict)
    start: str | None = None
    end: str | None = None


class Play(Protocol):
    """One play.

    Attributes:
        name: The file's name with hyphens.
        subject_kinds: What its motives are about: `category`, `topic`, `product`, `campaign`. A play with several says
            which one in the column `kind` of `find`'s frame.
        defaults: Documented thresholds of what the playbook may change.
        requires: Canonical tables (and `plays.yaml: campaigns`) without which it cannot find anything.
        traces: Relationships of the graph that the motive rests on, in the order in which a person reads them.
        facts: Columns of `find`'s frame that a person may see.
        is_for_new_products: Whether an asset about a product that the customer already bought is left out.
        is_for_products_in_stock: Whether an asset about a product that is out of stock is left out.
    """

    name: ClassVar[str]
    subject_kinds: ClassVar[tuple[str, ...]]
    defaults: ClassVar[Mapping[str, Threshold]]
    requires: ClassVar[tuple[str, ...]]
    traces: ClassVar[tuple[Trace, ...]]
    facts: ClassVar[tuple[str, ...]]
    is_for_new_products: ClassVar[bool]
    is_for_products_in_stock: ClassVar[bool]

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """The motives: columns customer and subject (positions), strength, starts_at, until, and the facts."""
        ...

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """The reason of each motive in one sentence."""
        ...


def _names(nodes: Nodes) -> npt.NDArray[np.object_]:
    named = nodes.frame["name"].to_numpy(dtype=object)
    return np.where(pd.isna(named), nodes.keys, named)


def threshold(play: Play, settings: PlaySettings, name: str) -> float:
    """What the playbook says about a threshold, or else its default."""
    return float(settings.thresholds.get(name, play.defaults[name].default))


def motive_rows(
    customer: Positions,
    subject: Positions,
    strength: npt.NDArray[np.float64],
    *,
    starts_at: Times | np.datetime64,
    until: Times | np.datetime64,
    facts: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """The frame that `find` returns, in order of customer and subject; scalars hold for every row."""
    count = len(customer)
    frame = pd.DataFrame(
        {
            "customer": np.asarray(customer, dtype=np.int32),
            "subject": np.asarray(subject, dtype=np.int32),
            "strength": np.clip(np.asarray(strength, dtype=np.float64), 0.0, 1.0),
            "starts_at": aware(np.broadcast_to(np.asarray(starts_at, dtype="datetime64[us]"), count)),
            "until": aware(np.broadcast_to(np.asarray(until, dtype="datetime64[us]"), count)),
            **(facts or {}),
        }
    )
    return frame.sort_values(["customer", "subject"], kind="stable", ignore_index=True)
