"""The view: what one run knows, as arrays. A frozen type without any I/O.

Nodes are addressed by position (int32) in sorted key order; relationships are stored in compressed sparse rows.
`graph.read_view` fills a view from the graph in columns; deciding and replaying use nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

Positions = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Nodes:
    """All nodes of one kind, sorted by key.

    Attributes:
        frame: One row per node, RangeIndex, column `key` (str, unique, ascending) and one column per attribute.
            Missing numbers are NaN, missing times NaT (times are datetime64[us, UTC]), missing texts and booleans None;
            columns of texts and booleans are objects.
    """

    frame: pd.DataFrame

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def keys(self) -> npt.NDArray[np.object_]:
        """The keys, shape (n,), ascending."""
        return self.frame["key"].to_numpy(dtype=object)

    def positions(self, keys: npt.ArrayLike) -> Positions:
        """Positions of `keys`, shape (len(keys),); -1 where a key is not known."""
        wanted = pd.Index(np.asarray(keys, dtype=object))
        return np.asarray(pd.Index(self.frame["key"]).get_indexer(wanted), dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Links:
    """Relationships from one kind of nodes to another in compressed sparse rows.

    Attributes:
        starts: Shape (n_sources + 1,), int64: row i holds links starts[i] to starts[i + 1].
        targets: Shape (n_links,), int32 positions of the targets, ascending within a row.
        facts: One array of shape (n_links,) per property; times are naive UTC datetime64[us], texts objects.
    """

    starts: npt.NDArray[np.int64]
    targets: Positions
    facts: Mapping[str, npt.NDArray[np.generic]]

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def sources(self) -> Positions:
        """The source position of every link, shape (n_links,)."""
        return np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))

    def reversed(self, target_count: int) -> "Links":
        """The same links seen from their targets; `target_count` is the number of target nodes."""
        return Links.build(self.targets, self.sources, target_count, self.facts)

    @classmethod
    def build(
        cls,
        sources: npt.ArrayLike,
        targets: npt.ArrayLike,
        source_count: int,
        facts: Mapping[str, npt.NDArray[np.generic]] | None = None,
    ) -> "Links":
        """Links from parallel arrays of positions in any order."""
        from_positions = np.asarray(sources, dtype=np.int32)
        to_positions = np.asarray(targets, dtype=np.int32)
        order = np.lexsort((to_positions, from_positions))
        starts = np.zeros(source_count + 1, dtype=np.int64)
        np.cumsum(np.bincount(from_positions, minlength=source_count), out=starts[1:])
        return cls(starts, to_positions[order], {name: values[order] for name, values in (facts or {}).items()})


@dataclass(frozen=True, eq=False)
class View:
    """Everything a run decides from, read once from the graph.

    Beliefs are those held at as_of; their facts are `rule`, `valid_from`, `valid_to` (NaT while open), `observed_at`,
    `weight` (at valid_from), `half_life_days` (NaN when it does not fade), `confidence`, `source` and `author`. A pair
    has one entry per rule.

    Attributes:
        as_of: The moment the run knows the world at, UTC; nothing at or after it is in here.
        customers: Attributes of `customers` plus `pclv`, `shopping_days_28d`, `shopping_days_91d`, `last_purchase_at`.
        categories: `name`, `parent` (key of the parent category or None).
        topics: `name`.
        products: Those that something refers to: `name`, `category` (position in categories, -1 when unknown), `price`,
            `unit_cost`, `season`, `size`, `size_scale`, `size_place`, `collection`, `stock`, `depletion_days`.
        assets: `version`, `title`, `kind`, `message_class`, `status`, `readiness`, `compliance`, `starts_at`, `ends_at`
            and the other texts of the graph's label Asset; `campaign_id`, `offer` (position in offers, -1 without one).
        offers: `kind`, `discount_pct`, `face_value`, `funded_pct`, `unit_cost`, `is_automatic`, `starts_at`, `ends_at`
            and the others of the graph's label Offer.
        channels: `title`, `kind`, `cost_per_touch`.
        campaigns: `channel_id`, `kind`, `starts_at`, `ends_at`, … as the graph's label Campaign.
        accounts: `name`, `industry`, `tier`, `is_regulated`, `region`, `owner`.
        buying_groups: `name`, `account` (position in accounts, -1 when unknown).
        programmes: Loyalty programmes.
        signals: Recent signals of high fidelity: `name`, `occurred_at`, `received_at`, `fidelity`, `session_id`,
            `value`, `source`, `customer` (position in customers, -1 when unknown).
        bought_categories: customers × categories; facts `count` (shopping days), `spend`, `last_at`.
        bought_products: customers × products from the playbook's threshold of shopping days on; facts as above.
        carts: customers × products in their carts; facts `quantity`, `added_at`, `came_for` (topic of the campaign that
            led there, or None), `campaign_id`.
        interests: Beliefs, customers × categories: is interested in.
        topic_interests: Beliefs, customers × topics.
        preferences: Beliefs, customers × categories: prefers.
        topic_preferences: Beliefs, customers × topics.
        channel_preferences: Beliefs, customers × channels.
        objections: Beliefs, customers × categories: does not want to hear about.
        topic_objections: Beliefs, customers × topics.
        triggers: Beliefs, customers × categories: is moved to act by.
        topic_triggers: Beliefs, customers × topics.
        consents: customers × channels; facts `granted` (bool), `basis`, `source`, `recorded_at`.
        memberships: customers × programmes; facts `tier`, `points`, `next_tier`, `points_missing`, `deadline`,
            `points_per_unit`.
        workplaces: customers × accounts.
        group_members: customers × buying_groups; fact `role`.
        substitutes: products × products that they may stand in for; facts `similarity`, `because`.
        next_sizes: products × products of the next size; fact `because`.
        similar_topics: topics × topics, each pair both ways; fact `similarity`.
        asset_topics: assets × topics they are about.
        asset_categories: assets × categories they are about.
        asset_products: assets × products they are about.
        asset_channels: assets × channels they fit.
        asset_performance: assets × channels they were sent on; facts `rate`, `n`, `outcome`, `lift`, `evidence_grade`.
        signal_topics: signals × topics they concern.
        signal_categories: signals × categories they concern.
        signal_products: signals × products they concern.
    """

    as_of: datetime
    customers: Nodes
    categories: Nodes
    topics: Nodes
    products: Nodes
    assets: Nodes
    offers: Nodes
    channels: Nodes
    campaigns: Nodes
    accounts: Nodes
    buying_groups: Nodes
    programmes: Nodes
    signals: Nodes
    bought_categories: Links
    bought_products: Links
    carts: Links
    interests: Links
    topic_interests: Links
    preferences: Links
    topic_preferences: Links
    channel_preferences: Links
    objections: Links
    topic_objections: Links
    triggers: Links
    topic_triggers: Links
    consents: Links
    memberships: Links
    workplaces: Links
    group_members: Links
    substitutes: Links
    next_sizes: Links
    similar_topics: Links
    asset_topics: Links
    asset_categories: Links
    asset_products: Links
    asset_channels: Links
    asset_performance: Links
    signal_topics: Links
    signal_categories: Links
    signal_products: Links
