"""What can be withheld of a customer before anything is reasoned about them, and what cannot.

A field is an attribute `customer.…` or a group of what else is known of them. What protects the customer (consent,
objections, what they were sent), who they are with, what they bought and their own time zone are always read: without
them nothing could be decided, or it would be decided to their disadvantage.
"""

from collections.abc import Mapping
from types import MappingProxyType

WITHHELD_TOGETHER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "accounts": ("workplaces", "group_members"),
        "carts": ("carts",),
        "interests": ("interests", "topic_interests"),
        "memberships": ("memberships",),
        "preferences": ("preferences", "topic_preferences", "channel_preferences"),
        "signals": ("signals",),
        "triggers": ("triggers", "topic_triggers"),
    }
)
"""Field to the parts of the view that hold it."""

NEVER_WITHHELD = frozenset(
    {
        "customer.customer_id",
        "customer.household_id",
        "customer.is_held_out",
        "customer.timezone",
        "customer.last_purchase_at",
        "customer.shopping_days_28d",
        "customer.shopping_days_91d",
    }
)
