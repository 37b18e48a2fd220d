"""Which canonical tables each kind of fact is made from, declared once; what is read together counts for all of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from graph.schema import KINDS, RELATIONSHIPS, kinds_of

_BEHAVIOUR: Final = (
    "customers",
    "signals",
    "purchases",
    "products",
    "categories",
    "assets",
    "channels",
    "offers",
    "touches",
    "outcomes",
    "observations",
    "assertions",
)
"""What rules of belief may read."""

_SIGNALS: Final = ("signals", "outcomes", "touches", "assets", "customers", "products", "categories")

_PRODUCTS_REFERRED: Final = ("products", "categories", "assets", "purchases", *_BEHAVIOUR)
"""The graph has only products that something refers to."""

_CONSENT: Final = ("consents", "customers", "channels", "outcomes", "touches", "suppressions", "identities")
_OBSERVED: Final = ("observations", "products", "categories", "accounts", "customers")

_STATED: Final[Mapping[str, tuple[str, ...]]] = {
    "Customer": ("customers", "purchases", "estimates"),
    "Account": ("accounts",),
    "BuyingGroup": ("customers", "accounts"),
    "Region": ("customers", *_OBSERVED),
    "Programme": ("memberships",),
    "Category": ("categories",),
    "Product": _PRODUCTS_REFERRED,
    "Topic": _BEHAVIOUR,
    "Asset": ("assets",),
    "Offer": ("offers",),
    "Channel": ("channels",),
    "Campaign": ("campaigns",),
    "Audience": ("audiences", "campaigns"),
    "Opportunity": ("opportunities",),
    "Observation": ("observations",),
    "Signal": _SIGNALS,
    "Customer REACHABLE_ON Channel": _CONSENT,
    "Customer WORKS_AT Account": ("customers", "accounts"),
    "Customer MEMBER_OF BuyingGroup": ("customers", "accounts"),
    "BuyingGroup PART_OF Account": ("customers", "accounts"),
    "Customer LIVES_IN Region": ("customers",),
    "Customer ENROLLED_IN Programme": ("memberships", "customers"),
    "Customer HAS_IN_CART Product": ("signals", "purchases", "products"),
    "Customer BOUGHT Category": ("purchases", "products", "categories"),
    "Customer BOUGHT Product": ("purchases", "products"),
    "Product IN_CATEGORY Category": _PRODUCTS_REFERRED,
    "Category WITHIN Category": ("categories",),
    "Product SUBSTITUTES Product": _PRODUCTS_REFERRED,
    "Product NEXT_SIZE Product": _PRODUCTS_REFERRED,
    "Topic SIMILAR_TO Topic": ("assets", "signals"),
    "Asset ABOUT Category": ("assets", "categories"),
    "Asset ABOUT Product": ("assets", "products"),
    "Asset ABOUT Topic": ("assets",),
    "Asset FITS Channel": ("assets", "channels"),
    "Asset CARRIES Offer": ("assets", "offers"),
    "Asset PART_OF Campaign": ("assets", "campaigns"),
    "Asset PERFORMS Channel": ("assets", "channels", "touches", "outcomes", "campaigns", "assignments", "results"),
    "Campaign RUNS_ON Channel": ("campaigns", "channels"),
    "Campaign PART_OF Campaign": ("campaigns",),
    "Campaign TARGETS Audience": ("campaigns", "audiences"),
    "Campaign TARGETS Account": ("campaigns", "accounts"),
    "Opportunity WITH Account": ("opportunities", "accounts"),
    "Opportunity FROM Campaign": ("opportunities", "campaigns"),
}


def _sources(kind: str) -> tuple[str, ...]:
    if kind in _STATED:
        return tuple(dict.fromkeys(_STATED[kind]))
    if kind.startswith("Observation AFFECTS "):
        return _OBSERVED
    return _SIGNALS if kind.startswith("Signal ") else _BEHAVIOUR


FACT_SOURCES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {kind.kind: _sources(kind.kind) for kind in kinds_of("knowledge")}
)
"""Canonical tables per kind of the layer `knowledge`."""

BELIEFS: Final = tuple(one.kind for one in RELATIONSHIPS if one.is_belief)
"""Kinds of facts that named rules believe."""


def kind_of(step: Mapping[str, str]) -> str | None:
    """The kind of fact that a step of a path is, None for what the layer `knowledge` does not hold."""
    name = " ".join((step["from"].split("/", 1)[0], step["type"], step["to"].split("/", 1)[0]))
    return name if name in KINDS and KINDS[name].layer == "knowledge" else None
