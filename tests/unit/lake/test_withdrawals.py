"""A withdrawal that is put aside takes the consent before it along: who may have said no has not surely said yes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from lake.quality import split
from lake.tables import TABLES

AS_OF = datetime(2026, 3, 5, 23, tzinfo=UTC)
NOW = datetime(2026, 3, 6, 11, tzinfo=UTC)
MONDAY, TUESDAY, WEDNESDAY = (datetime(2026, 3, day, 10, tzinfo=UTC) for day in (2, 3, 4))
WORD: Mapping[str, Any] = {
    "customer_id": "anna",
    "channel_id": "email",
    "purpose": "marketing",
    "granted": "true",
    "recorded_at": MONDAY.isoformat(),
    "source": "shop",
    "basis": "consent",
}
NO: Mapping[str, Any] = {"granted": "false", "recorded_at": TUESDAY.isoformat()}
VOIDED = "granted, and a row that was put aside may have withdrawn it since"


def words(*changes: Mapping[str, Any]) -> tuple[list[tuple[str, str, str, bool]], list[str]]:
    """What stands after the given words, and why the others were put aside, in their order."""
    checked = split(
        TABLES["consents"],
        pd.DataFrame([{**WORD, **change} for change in changes]),
        known={
            "customers.customer_id": pd.Index(["anna", "bert"]),
            "channels.channel_id": pd.Index(["email", "app"]),
        },
        as_of=AS_OF,
        latest_known=NOW,
        timezone="Europe/Berlin",
        where="consents.sql",
    )
    kept = checked.kept[["customer_id", "channel_id", "purpose", "granted"]]
    return list(kept.itertuples(index=False, name=None)), checked.quarantined["reason"].tolist()


@pytest.mark.parametrize(
    "fault",
    [
        {"basis": "because"},
        {"basis": None},
        {"source": None},
        {"granted": "perhaps"},
        {"granted": None},
        {"purpose": "newsletter"},
        {"channel_id": None},
        {"recorded_at": "yesterday"},
        {"recorded_at": None},
    ],
)
def test_a_withdrawal_that_cannot_be_trusted_voids_the_grant_before_it(fault: Mapping[str, Any]) -> None:
    kept, reasons = words({}, {**NO, **fault})
    assert kept == []
    assert reasons[0] == VOIDED
    assert len(reasons) == 2


def test_words_of_one_moment_that_contradict_each_other_void_the_grant_before_them() -> None:
    kept, reasons = words({}, NO, {**NO, "granted": "true"})
    assert kept == []
    assert reasons[0] == VOIDED


def test_a_grant_of_the_very_same_moment_is_void_too() -> None:
    kept, _ = words({"source": "desk"}, {**NO, "recorded_at": WORD["recorded_at"], "purpose": "all of it"})
    assert kept == []


def test_a_grant_after_it_stands() -> None:
    kept, reasons = words({}, {**NO, "basis": None}, {"recorded_at": WEDNESDAY.isoformat()})
    assert kept == [("anna", "email", "marketing", True)]
    assert reasons.count(VOIDED) == 1


def test_grants_of_others_on_other_channels_and_for_other_purposes_stand() -> None:
    others = ({"customer_id": "bert"}, {"channel_id": "app"}, {"purpose": "service"})
    kept, _ = words({}, *others, {**NO, "basis": None})
    assert len(kept) == len(others)
    assert ("anna", "email", "marketing", True) not in kept


def test_a_refusal_before_it_stands_and_a_grant_that_is_put_aside_voids_nothing() -> None:
    kept, _ = words({"granted": "false"}, {**NO, "basis": None})
    assert kept == [("anna", "email", "marketing", False)]
    kept, reasons = words({}, {"recorded_at": TUESDAY.isoformat(), "basis": None})
    assert kept == [("anna", "email", "marketing", True)]
    assert reasons == ["basis is missing"]


def test_a_withdrawal_that_stands_twice_counts_once_and_voids_nothing() -> None:
    kept, reasons = words({}, NO, NO)
    assert [granted for *_, granted in kept] == [True, False]
    assert len(reasons) == 1


@pytest.mark.parametrize("moment", [AS_OF, NOW, NOW + timedelta(days=1)])
def test_what_is_not_known_yet_voids_nothing(moment: datetime) -> None:
    kept, _ = words({}, {**NO, "basis": None, "recorded_at": moment.isoformat()})
    assert kept == [("anna", "email", "marketing", True)]


def test_a_withdrawal_of_nobody_or_of_a_channel_that_we_do_not_have_voids_nothing() -> None:
    kept, _ = words({}, {**NO, "customer_id": None}, {**NO, "customer_id": "carl"}, {**NO, "channel_id": "pigeon"})
    assert kept == [("anna", "email", "marketing", True)]
