"""Content is sent only when it has been checked far enough, to the exact word."""

import pandas as pd
import pytest

from decisioning.readiness import is_unready
from lake.tables import COMPLIANCE, READINESS


def unready(readiness: str | None, compliance: str | None, required: str | None) -> bool:
    assets = pd.DataFrame({"readiness": [readiness], "compliance": [compliance]}, dtype=object)
    return bool(is_unready(assets, required)[0])


@pytest.mark.parametrize(
    ("required", "ready"),
    [
        (None, {None, "reviewed", "approved"}),
        ("reviewed", {"reviewed", "approved"}),
        ("approved", {"approved"}),
    ],
)
def test_content_below_the_required_readiness_may_not_be_sent(required: str | None, ready: set[str | None]) -> None:
    assert {one for one in (None, *READINESS) if not unready(one, None, required)} == ready


@pytest.mark.parametrize("required", [None, "reviewed", "approved"])
def test_only_what_is_cleared_or_needed_no_review_may_be_sent(required: str | None) -> None:
    assert {one for one in (None, *COMPLIANCE) if not unready("approved", one, required)} == {None, "cleared"}


def test_every_asset_is_judged_by_itself() -> None:
    assets = pd.DataFrame({"readiness": ["draft", "approved", None], "compliance": [None, "blocked", "cleared"]})
    assert is_unready(assets, None).tolist() == [True, True, False]
    assert is_unready(assets.iloc[:0], None).tolist() == []
