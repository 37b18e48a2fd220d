"""Verdicts at their exact boundaries, who is in an audience, and what is refused instead of guessed."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from decisioning.errors import PolicyError
from decisioning.policies.attributes import Attributes
from decisioning.policies.builtin import BUILT_IN
from decisioning.policies.columns import AttributeTable
from decisioning.policies.compile import compile_policies
from decisioning.policies.screen import Verdicts, counted, is_denied, screen_words, select
from decisioning.settings import PolicySpecification

ATTRIBUTES = Attributes.build(
    customer={"pclv": "number", "limit": "number", "language": "text", "joined_at": "time", "is_vip": "boolean"},
    asset={"price": "number", "kind": "text", "language": "text"},
    offer={"discount_pct": "number"},
    channel={"channel_id": "text"},
)

MARGIN_PROTECTION = PolicySpecification(
    identifier="margin-protection",
    kind="deny",
    when="customer.pclv < 500",
    expression="offer.discount_pct > 10",
    because="Small accounts cannot carry deep discounts.",
)


def screened(
    *policies: PolicySpecification,
    customer: Mapping[str, object] | None = None,
    asset: Mapping[str, object] | None = None,
    shape: tuple[int, int, int] = (1, 1, 1),
) -> Verdicts:
    """Verdicts in a world of (customers, assets, channels) where nothing built in refuses."""
    customers, assets, channels = shape
    on_customers = {
        "consent.granted": np.ones((customers, channels), dtype=np.bool_),
        "customer.is_held_out": np.zeros(customers, dtype=np.bool_),
        **(customer or {}),
    }
    on_assets = {
        "asset.has_offer": np.ones(assets, dtype=np.bool_),
        "asset.status": ["active"] * assets,
        "asset.is_out_of_dates": np.zeros(assets, dtype=np.bool_),
        "asset.is_out_of_season": np.zeros(assets, dtype=np.bool_),
        "asset.is_unready": np.zeros(assets, dtype=np.bool_),
        "asset.is_out_of_stock": np.zeros(assets, dtype=np.bool_),
        "offer.is_cost_known": np.ones(assets, dtype=np.bool_),
        **(asset or {}),
    }
    compiled = compile_policies(policies, ATTRIBUTES)
    return screen_words(
        compiled,
        AttributeTable.build(compiled.attributes, (customers, channels), on_customers),
        AttributeTable.build(compiled.attributes, (assets, channels), on_assets),
    )


def refusing(verdicts: Verdicts, customer: int = 0, asset: int = 0, channel: int = 0) -> set[str]:
    """The policies that refuse one candidate."""
    words = verdicts.denied(np.array([customer]), np.array([asset]), np.array([channel]))
    found = {identifier for identifier, refused in verdicts.by_policy(words).items() if refused[0]}
    assert is_denied(words).tolist() == [bool(found)]
    return found


@pytest.mark.parametrize(
    ("pclv", "discount_pct", "is_refused"),
    [
        (499.99, 10.01, True),
        (499.99, 10, False),
        (500, 25, False),
        (500, 10.01, False),
        (np.nextafter(500, 0), np.nextafter(10, 11), True),
        (0, 100, True),
        (None, 10.01, True),
        (None, 10, False),
        (499.99, None, True),
        (500, None, False),
        (None, None, True),
    ],
)
def test_margin_protection_holds_at_its_exact_boundaries(
    pclv: float | None, discount_pct: float | None, is_refused: bool
) -> None:
    verdicts = screened(
        MARGIN_PROTECTION, customer={"customer.pclv": [pclv]}, asset={"offer.discount_pct": [discount_pct]}
    )
    assert refusing(verdicts) == ({"margin-protection"} if is_refused else set())


def test_margin_protection_leaves_assets_without_an_offer_alone() -> None:
    asset = {"asset.has_offer": [False], "offer.discount_pct": [None], "offer.is_cost_known": [None]}
    assert refusing(screened(MARGIN_PROTECTION, customer={"customer.pclv": [10.0]}, asset=asset)) == set()


@pytest.mark.parametrize(
    ("name", "values", "policy"),
    [
        ("consent.granted", [False, None], "consent"),
        ("customer.is_held_out", [True, None], "holdout"),
        ("asset.status", ["draft", None], "asset-not-ready"),
        ("asset.is_unready", [True, None], "asset-not-ready"),
        ("asset.is_out_of_dates", [True, None], "asset-out-of-dates"),
        ("asset.is_out_of_season", [True, None], "asset-out-of-season"),
        ("asset.is_out_of_stock", [True, None], "asset-out-of-stock"),
        ("offer.is_cost_known", [False, None], "offer-cost-unknown"),
    ],
)
def test_each_built_in_policy_refuses_and_fails_closed(name: str, values: list[object], policy: str) -> None:
    for value in values:
        given = {name: np.array([[value]], dtype=object)}
        is_asset = name.startswith(("asset.", "offer."))
        assert refusing(screened(asset=given) if is_asset else screened(customer=given)) == {policy}
    assert refusing(screened()) == set()


def test_consent_is_asked_per_channel() -> None:
    verdicts = screened(customer={"consent.granted": [[True, False], [None, True]]}, shape=(2, 1, 2))
    found = {(each, channel): refusing(verdicts, each, 0, channel) for each in (0, 1) for channel in (0, 1)}
    assert found == {(0, 0): set(), (0, 1): {"consent"}, (1, 0): {"consent"}, (1, 1): set()}


def test_terms_of_one_rule_do_not_mix_their_sides() -> None:
    policy = replace(
        MARGIN_PROTECTION,
        when=None,
        expression="customer.language == 'de' and asset.kind == 'x' or customer.language == 'nl' and asset.kind == 'y'",
    )
    verdicts = screened(
        policy, customer={"customer.language": ["de", "nl"]}, asset={"asset.kind": ["x", "y"]}, shape=(2, 2, 1)
    )
    denied = [[bool(refusing(verdicts, customer, asset)) for asset in (0, 1)] for customer in (0, 1)]
    assert denied == [[True, False], [False, True]]


def test_texts_are_compared_between_the_sides_wherever_both_are_known() -> None:
    policy = PolicySpecification("same-language", "require", "x", expression="asset.language == customer.language")
    verdicts = screened(
        policy,
        customer={"customer.language": ["de", "nl", None]},
        asset={"asset.language": ["nl", "fr", None]},
        shape=(3, 3, 1),
    )
    allowed = [(row, asset) for row in range(3) for asset in range(3) if not refusing(verdicts, row, asset)]
    assert allowed == [(1, 0)]


def test_many_candidates_are_compared_in_portions_and_come_out_in_order() -> None:
    policy = PolicySpecification("affordable", "deny", "x", expression="asset.price > customer.limit")
    limits, prices = np.arange(500.0), np.arange(400.0)
    verdicts = screened(policy, customer={"customer.limit": limits}, asset={"asset.price": prices}, shape=(500, 400, 1))
    customer, asset = (axis.ravel() for axis in np.indices((500, 400)))
    refused = verdicts.by_policy(verdicts.denied(customer, asset, np.zeros_like(asset)))["affordable"]
    assert np.array_equal(refused, prices[asset] > limits[customer])


def test_without_candidates_there_are_no_verdicts() -> None:
    verdicts = screened(
        MARGIN_PROTECTION, customer={"customer.pclv": []}, shape=(0, 1, 1), asset={"offer.discount_pct": [5]}
    )
    nobody = np.array([], dtype=np.int32)
    words = verdicts.denied(nobody, nobody, nobody)
    assert words.shape == (0, 1)
    assert {len(refused) for refused in verdicts.by_policy(words).values()} == {0}


@pytest.mark.parametrize("place", [(-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1)])
def test_a_position_that_does_not_exist_is_refused_and_never_wraps_around(place: tuple[int, int, int]) -> None:
    with pytest.raises(PolicyError, match="position outside"):
        screened().denied(*(np.array([at]) for at in place))


def test_a_column_that_a_policy_reads_must_be_there() -> None:
    with pytest.raises(PolicyError, match=r"`offer\.discount_pct` are not here"):
        screened(MARGIN_PROTECTION, customer={"customer.pclv": [1.0]})


def test_both_sides_must_have_the_same_channels() -> None:
    compiled = compile_policies([], ATTRIBUTES)
    with pytest.raises(PolicyError, match="customers have 2 channels, assets 1"):
        screen_words(
            compiled, AttributeTable.build(ATTRIBUTES, (1, 2), {}), AttributeTable.build(ATTRIBUTES, (1, 1), {})
        )


def test_a_cap_counts_by_asset_and_channel_and_what_it_cannot_know() -> None:
    cap = PolicySpecification(
        "weekly", "cap", "enough", expression="asset.kind == 'promo' and channel.channel_id != 'app'", count=3, days=7.0
    )
    compiled = compile_policies([cap], ATTRIBUTES)
    table = AttributeTable.build(
        compiled.attributes,
        (3, 2),
        {"asset.kind": ["promo", "news", None], "channel.channel_id": ["mail", "app"]},
    )
    assert counted(compiled.caps[0], table).tolist() == [[True, False], [False, False], [True, False]]
    every = compile_policies([replace(cap, expression=None)], ATTRIBUTES).caps[0]
    assert counted(every, table).tolist() == [[True, True]] * 3


CUSTOMERS = AttributeTable.build(
    ATTRIBUTES,
    (4, 2),
    {
        "customer.pclv": [499.99, 500.0, None, 1000.0],
        "customer.language": ["de", None, "nl", "de"],
        "customer.is_vip": [True, False, None, None],
    },
)


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ("customer.pclv < 500", [True, False, False, False]),
        ("not customer.pclv < 500", [False, True, False, True]),
        ("customer.language != 'nl'", [True, False, False, True]),
        ("customer.is_vip or customer.pclv >= 1000", [True, False, False, True]),
        ("not customer.is_vip", [False, True, False, False]),
        ("true", [True] * 4),
        ("false", [False] * 4),
    ],
)
def test_a_missing_value_puts_nobody_into_an_audience(expression: str, selected: list[bool]) -> None:
    assert select(expression, CUSTOMERS).tolist() == selected


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("consent.granted", "`consent.granted` cannot stand here"),
        ("customer.shoe == 1", "there is no attribute `customer.shoe`"),
        ("customer.language < 'nl'", "a text has no order"),
        ("customer.pclv <", "the end does not belong here"),
    ],
)
def test_an_audience_is_a_condition_on_customers_alone(expression: str, what: str) -> None:
    with pytest.raises(PolicyError) as raised:
        select(expression, CUSTOMERS, where="audience regulars")
    assert what in raised.value.what
    assert raised.value.place == "audience regulars"


def test_every_built_in_policy_gives_its_reason() -> None:
    assert all(policy.because.endswith(".") and policy.where == "built in" for policy in BUILT_IN)
