"""The policies that hold in every playbook. They stand in records like any other and can be neither off nor waived.

Their attributes are always declared (`attributes.ALWAYS_DECLARED`). A missing `asset.status` means active, and whoever
fills the attribute table says so there, because to a policy a missing value refuses.
"""

from collections.abc import Mapping
from types import MappingProxyType

from decisioning.settings import PolicySpecification

BUILT_IN: tuple[PolicySpecification, ...] = (
    PolicySpecification(
        identifier="consent",
        kind="require",
        expression="consent.granted",
        because="We write only to people who agreed to it, on the channel they agreed to.",
        where="built in",
    ),
    PolicySpecification(
        identifier="holdout",
        kind="deny",
        expression="customer.is_held_out",
        because="Held-out customers get nothing, so that the effect of everything else can be measured.",
        where="built in",
    ),
    PolicySpecification(
        identifier="asset-not-ready",
        kind="deny",
        expression='asset.status != "active" or asset.is_unready',
        because="Only active content that is ready and cleared is sent.",
        where="built in",
    ),
    PolicySpecification(
        identifier="asset-out-of-dates",
        kind="deny",
        expression="asset.is_out_of_dates",
        because="Content and its offer are sent only between their start and their end.",
        where="built in",
    ),
    PolicySpecification(
        identifier="asset-out-of-season",
        kind="deny",
        expression="asset.is_out_of_season",
        because="What is not for this season is not offered now.",
        where="built in",
    ),
    PolicySpecification(
        identifier="asset-out-of-stock",
        kind="deny",
        expression="asset.is_out_of_stock",
        because="What nothing is left of is not offered.",
        where="built in",
    ),
    PolicySpecification(
        identifier="offer-cost-unknown",
        kind="deny",
        expression="asset.has_offer and not offer.is_cost_known",
        because="An offer whose cost to us cannot be known is not promised to anybody.",
        where="built in",
    ),
)

RESERVED = frozenset(policy.identifier for policy in BUILT_IN)

OBJECTION = "objection"
SENDING_HOURS = "sending-hours"
MESSAGE_ORDER = "message-order"
OUTSIDE_REMITS = "remit"
BESIDE: Mapping[str, str] = MappingProxyType(
    {
        OBJECTION: "Nobody is written to about what they do not want to hear about.",
        SENDING_HOURS: "The channel has no hour left today in which it may send.",
        MESSAGE_ORDER: "Something that comes first in the order of its play is allowed and worth sending.",
        OUTSIDE_REMITS: "No agent's remit permits this play on this channel.",
    }
)
"""Reasons that stand beside policies in every record, by id: what no expression over two sides can say."""
