"""The examples of the reference page are policies that pass their own tests, and its conditions parse."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from decisioning.policies.attributes import Attributes
from decisioning.policies.builtin import BUILT_IN
from decisioning.policies.check import check
from decisioning.policies.compile import MOST_TERMS, compile_policies
from decisioning.policies.grammar import DEEPEST_NESTING, LONGEST_TEXT
from decisioning.settings import PolicySpecification
from pipelines.playbook import PlacedPolicy
from pipelines.playbook_files import Policy
from pipelines.playbook_settings import policy_of

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "policies.md").read_text()
ATTRIBUTES = Attributes.build(
    customer={"pclv": "number", "age": "number", "is_vip": "boolean"},
    asset={"kind": "text", "ends_at": "time"},
    offer={"discount_pct": "number", "face_value": "number"},
    channel={"channel_id": "text"},
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def specification(entry: dict[str, Any]) -> PolicySpecification:
    return policy_of(PlacedPolicy(Policy.model_validate(entry), "page"))


def test_the_policies_on_the_page_pass_their_own_tests() -> None:
    policies = [specification(entry) for block in blocks("yaml") for entry in yaml.safe_load(block)]
    assert [policy.kind for policy in policies] == [
        *("deny", "cap", "deny", "escalate", "approval", "sign_off", "redact", "parity")
    ]
    assert check(policies, {}, ATTRIBUTES) == []


CONDITIONS = [re.split(r"\s{3,}", line)[0] for block in blocks("text") for line in block.splitlines()]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_conditions_on_the_page_compile(condition: str) -> None:
    assert compile_policies([PolicySpecification("shown", "deny", "it is shown", expression=condition)], ATTRIBUTES)


def test_the_page_names_the_limits_and_every_built_in_policy() -> None:
    assert len(CONDITIONS) == 6
    for number in (f"{LONGEST_TEXT:,} characters", f"{DEEPEST_NESTING} levels", f"{MOST_TERMS} alternatives"):
        assert number in " ".join(PAGE.split())
    assert [policy.identifier for policy in BUILT_IN] == re.findall(
        r"^\| `([a-z-]+)` \| (?:unless|customers|assets)", PAGE, re.MULTILINE
    )
