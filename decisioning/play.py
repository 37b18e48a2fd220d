"""What a play is: a named way of finding motives, the reasons to talk to a customer now.

A play sees what is known and returns one row per motive. It judges nobody's permission and no message's worth: that is
for policies and value. Plays live in `decisioning/plays`, one file each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.errors import DecisioningError
from decisioning.policies.columns import AttributeTable
from decisioning.rhythms import Rhythms
from decisioning.settings import DecisionSettings, OrderSettings, PlaySettings
from decisioning.subjects import excluded_categories, out_of_stock
from decisioning.times import Times, aware, naive
from graph.view import Nodes, Positions, View

# Not tables, yet a play may need them: campaigns and surges stand in the playbook itself.
CAMPAIGNS = "plays.yaml: campaigns"
SURGES = "scores.yaml: surges"

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "Account": "accounts",
        "Asset": "assets",
        "BuyingGroup": "buying_groups",
        "Category": "categories",
        "Customer": "customers",
        "Product": "products",
        "Programme": "programmes",
        "Signal": "signals",
        "Topic": "topics",
    }
)
"""The field of the view that holds the nodes of a label."""


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
    def asset_titles(self) -> npt.NDArray[np.object_]:
        """The title of each asset, its key without one."""
        titles = self.view.assets.frame["title"].to_numpy(dtype=object)
        return np.where(pd.isna(titles), self.view.assets.keys, titles)

    def product_numbers(self, name: str) -> npt.NDArray[np.float64]:
        """A number that products may state, NaN where one does not, shape (products,)."""
        products = self.view.products.frame
        if name not in products:
            return np.full(len(products), np.nan)
        return products[name].to_numpy(dtype=np.float64, na_value=np.nan)

    def topic_positions(self, keys: npt.ArrayLike) -> Positions:
        """Positions of topics by their keys, -1 for none and for one that is not known; shape of `keys`."""
        codes, distinct = pd.factorize(np.asarray(keys, dtype=object))
        return np.append(self.view.topics.positions(distinct), np.int32(-1))[codes]

    @cached_property
    def account_names(self) -> npt.NDArray[np.object_]:
        """What people call each account."""
        return _names(self.view.accounts)

    @cached_property
    def signal_times(self) -> Times:
        """When each recent signal was given, naive UTC, shape (signals,)."""
        return naive(self.view.signals.frame["occurred_at"])

    @cached_property
    def signal_customers(self) -> Positions:
        """Who gave each recent signal, -1 when unknown, shape (signals,)."""
        return self.view.signals.frame["customer"].to_numpy(dtype=np.int32)

    def signals_named(self, *names: str) -> npt.NDArray[np.int64]:
        """Positions of the recent signals of known customers with one of these names, by customer, then by time."""
        is_named = self.view.signals.frame["name"].isin(names).to_numpy(dtype=np.bool_)
        found = np.flatnonzero(is_named & (self.signal_customers >= 0))
        return found[np.lexsort((self.signal_times[found], self.signal_customers[found]))]

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
        start: Column with the position of the node that it starts at; without one, the customer. A motive whose column
            is -1 does not rest on it.
        end: Column with the position of the node that it ends at; without one, the subject.
        start_label: Label of the node that it starts at, one of `FIELDS`.
        end_label: Label of the node that it ends at.
        only: Column that says which motives rest on it; without one, all do.
    """

    type: str
    properties: Mapping[str, str] = field(default_factory=dict)
    start: str | None = None
    end: str | None = None
    start_label: str = ""
    end_label: str = ""
    only: str | None = None


class Play(Protocol):
    """One play.

    Attributes:
        name: The file's name with hyphens.
        subject_kinds: What its motives are about: `category`, `topic`, `product`, `campaign`, `account`, `asset`. A
            play with several says which one in the column `kind` of `find`'s frame.
        defaults: Documented thresholds of what the playbook may change.
        requires: Canonical tables (and `CAMPAIGNS`, `SURGES`) without which it cannot find anything.
        traces: Relationships of the graph that the motive rests on, in the order in which a person reads them.
        facts: Columns of `find`'s frame that a person may see.
        is_for_new_products: Whether an asset about a product that the customer already bought is left out.
        is_for_products_in_stock: Whether an asset about a product that is out of stock is left out.
        orders: Which messages come first and which wait, where the playbook's `order` says nothing else.

    A play whose reason any order ends, such as a cart's, says so by `ends_with_an_order = True`: nothing of it is
    delivered to who ordered since. Every other motive about a category or a product ends when that is bought, and one
    about a topic when something is bought that its message is about.
    """

    name: ClassVar[str]
    subject_kinds: ClassVar[tuple[str, ...]]
    defaults: ClassVar[Mapping[str, Threshold]]
    requires: ClassVar[tuple[str, ...]]
    traces: ClassVar[tuple[Trace, ...]]
    facts: ClassVar[tuple[str, ...]]
    is_for_new_products: ClassVar[bool]
    is_for_products_in_stock: ClassVar[bool]
    orders: ClassVar[tuple[OrderSettings, ...]]

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """The motives: columns customer and subject (positions), strength, starts_at, until, and the facts.

        It looks at everybody at once and makes no texts of its own. A column `leads_with` holds the position of a topic
        that messages should lead with, -1 for none.
        """
        ...

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """The reason of each motive in one sentence, for those rows of what was found that somebody looks at."""
        ...


def _names(nodes: Nodes) -> npt.NDArray[np.object_]:
    named = nodes.frame["name"].to_numpy(dtype=object)
    return np.where(pd.isna(named), nodes.keys, named)


def theme_error(theme: str, key: str) -> DecisioningError:
    """A theme names what is not there."""
    return DecisioningError(
        f"The theme `{theme}` names `{key}`, which is neither a category nor a topic.",
        where="plays.yaml: shift-of-interest: themes",
        remedy="Name categories of the table categories, and topics that content or signals are about.",
    )


def named(text: Any) -> bool:
    """Whether a fact of `find`'s frame says anything: texts that are missing are None or NaN."""
    return isinstance(text, str) and bool(text)


def threshold(play: Play, settings: PlaySettings, name: str) -> float:
    """What the playbook says about a threshold, or else its default."""
    return float(settings.thresholds.get(name, play.defaults[name].default))


def motive_rows(
    customer: npt.NDArray[np.integer],
    subject: npt.NDArray[np.integer],
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
