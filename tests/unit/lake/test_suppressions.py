"""Whom nobody may write to, and that a wrong row of suppressions still protects whom it names."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from lake.quality import split
from lake.suppressions import suppressed
from lake.tables import TABLES

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CHANNELS = pd.DataFrame({"channel_id": ["email", "mail"]})
CUSTOMERS = pd.DataFrame(
    {"customer_id": ["ann", "bob", "cem"], "household_id": ["h1", "h1", None], "account_id": [None, None, "acme"]}
)
IDENTITIES = pd.DataFrame({"kind": ["email", "phone"], "value": ["x", "x"], "customer_id": ["cem", "bob"]})
BOTH = {"email", "mail"}


def rows(kind: str = "customer", value: str | None = "ann", scope: str | None = "*", **more: object) -> pd.DataFrame:
    stated = {
        "kind": kind,
        "value": value,
        "scope": scope,
        "reason": "asked",
        "starts_at": "2026-01-01",
        "ends_at": None,
    }
    return pd.DataFrame([stated | more])


def kept(*frames: pd.DataFrame) -> pd.DataFrame:
    table = pd.concat(frames, ignore_index=True)
    checked = split(
        TABLES["suppressions"], table, known={}, as_of=NOW, latest_known=NOW, timezone="UTC", where="suppressions.sql"
    )
    return checked.kept


def closed(*frames: pd.DataFrame) -> dict[str, set[str]]:
    found = suppressed(kept(*frames), CUSTOMERS, IDENTITIES, CHANNELS, at=NOW)
    assert found["customer_id"].isin(CUSTOMERS["customer_id"]).all()
    assert found["channel_id"].isin(CHANNELS["channel_id"]).all()
    return {str(customer): set(part["channel_id"]) for customer, part in found.groupby("customer_id")}


@pytest.mark.parametrize(
    ("kind", "value", "whom"),
    [
        ("customer", "ann", {"ann"}),
        ("household", "h1", {"ann", "bob"}),
        ("account", "acme", {"cem"}),
        ("email", "x", {"cem"}),
        ("phone", "x", {"bob"}),
        ("email", "nobody", set()),
    ],
)
def test_a_suppression_closes_everybody_whom_it_names(kind: str, value: str, whom: set[str]) -> None:
    assert closed(rows(kind, value)) == dict.fromkeys(whom, BOTH)


def test_a_scope_is_one_channel_or_all_and_what_is_no_channel_closes_all() -> None:
    assert closed(rows(scope="mail")) == {"ann": {"mail"}}
    assert closed(rows(scope="*")) == {"ann": BOTH}
    assert closed(rows(scope="emial")) == {"ann": BOTH}


@pytest.mark.parametrize(
    ("starts", "ends", "is_closed"),
    [
        ("2026-03-01 23:59:59.999999", None, True),
        ("2026-03-02", None, False),
        ("2026-01-01", "2026-03-01", False),
        ("2026-01-01", "2026-03-01 00:00:00.000001", True),
    ],
)
def test_it_holds_from_the_day_it_begins_until_the_moment_it_ends(
    starts: str, ends: str | None, *, is_closed: bool
) -> None:
    assert bool(closed(rows(starts_at=starts, ends_at=ends))) == is_closed


@pytest.mark.parametrize(
    "wrong",
    [
        rows(starts_at="soon"),
        rows(starts_at=None),
        rows(reason=None),
        rows(scope=None),
        rows(kind="custmer"),
        pd.concat([rows(ends_at="2026-02-01"), rows(ends_at="2026-02-02")]),
    ],
    ids=["unreadable time", "no time", "no reason", "no scope", "unknown kind", "two that contradict each other"],
)
def test_a_row_that_is_put_aside_still_closes_all_channels_for_whom_it_names(wrong: pd.DataFrame) -> None:
    assert closed(wrong, rows(value="bob", scope="mail")) == {"ann": BOTH, "bob": {"mail"}}


def test_the_same_row_twice_is_no_doubt() -> None:
    ended = rows(ends_at="2026-02-01")
    assert closed(ended, ended) == {}


def test_a_row_that_names_nobody_closes_nothing() -> None:
    assert closed(rows(value=None)) == {}
