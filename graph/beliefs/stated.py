"""The belief rule `stated`: what a person asserted, with author and reason; it wins over what is inferred of the same.

A statement reads `objects_to topic/discounts`, `prefers channel/email until 2026-05-01`,
`interested_in category/FOOD/DAIRY confidence 0.7`. Any other wording is a note, which becomes no belief.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from graph.aggregates import as_times
from graph.beliefs.evidence import MICROSECONDS_PER_DAY, NEVER
from graph.beliefs.facts import Facts, moments
from graph.beliefs.rules import STATED

UNSTATED: Final = 0.9
"""Confidence of a statement that states none."""

OPPOSITES: Final = {"INTERESTED_IN": ("OBJECTS_TO",), "PREFERS": ("OBJECTS_TO",)} | {
    "OBJECTS_TO": ("INTERESTED_IN", "PREFERS")
}
"""What a stated belief contradicts, besides inferring the same thing differently."""

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""People write `until 9999-12-31` for good; an end beyond these days is that of the nearer one of them."""

VERBS: Final = ("interested_in", "prefers", "objects_to", "triggered_by")
TARGETS: Final = ("topic", "category", "channel")

_STATEMENT = re.compile(
    rf"\s*(?P<relation>{'|'.join(VERBS)})\s+(?P<what>{'|'.join(TARGETS)})/(?P<key>\S.*?)"
    r"(?:\s+until\s+(?P<until>\d{4}-\d{2}-\d{2}))?(?:\s+confidence\s+(?P<confidence>0?\.\d+|[01](?:\.\d+)?))?\s*"
)
_SUBJECT = "customer/"


@dataclass(frozen=True)
class Statement:
    """A statement that was understood.

    Attributes:
        relation: INTERESTED_IN, PREFERS, OBJECTS_TO or TRIGGERED_BY.
        what: Topic, Category or Channel.
        key: Its key.
        until: The last day on which it holds, if one is stated.
        confidence: 0 to 1, if stated.
    """

    relation: str
    what: str
    key: str
    until: date | None
    confidence: float | None

    @property
    def kind(self) -> str:
        """The kind of relationship that it is."""
        return f"Customer {self.relation} {self.what}"


def parse_statement(text: str) -> Statement | None:
    """What a statement says; None for a note, also where its date is none or a channel is not just preferred."""
    found = _STATEMENT.fullmatch(text)
    if found is None:
        return None
    relation, what = found["relation"].upper(), found["what"].title()
    confidence = None if found["confidence"] is None else float(found["confidence"])
    try:
        until = None if found["until"] is None else date.fromisoformat(found["until"])
    except ValueError:
        return None
    if (what == "Channel" and relation != "PREFERS") or (confidence or 0.0) > 1:
        return None
    return Statement(relation, what, found["key"], until, confidence)


def stated(facts: Facts) -> dict[str, pd.DataFrame]:
    """Rows per kind, from the time of the statement until its stated end or until its weight of 1 has faded.

    Of several statements about the same, each holds until the next one.
    """
    said = facts.table("assertions", "assertion_id", "subject", "statement", "author", "reason", "asserted_at")
    said = said.assign(time=moments(said["asserted_at"]), read=said["statement"].map(parse_statement))
    said = said[(said["time"] < moments(pd.Series([facts.as_of]))[0]) & (said["time"] > NEVER) & said["read"].notna()]
    said = said[said["subject"].astype(str).str.startswith(_SUBJECT)].sort_values(["time", "assertion_id"])
    if said.empty:
        return {}
    half_life = facts.settings.half_life(STATED)
    lasting = int(np.rint(np.log2(1 / facts.settings.expires_below) * half_life * MICROSECONDS_PER_DAY))
    rows = pd.DataFrame(
        {
            "from_key": said["subject"].str.removeprefix(_SUBJECT),
            "to_key": [one.key for one in said["read"]],
            "kind": [one.kind for one in said["read"]],
            "rule": STATED,
            "time": said["time"],
            "ends": said["time"] + lasting,
            "until": [_end_of(one.until, facts.timezone) for one in said["read"]],
            "weight": 1.0,
            "half_life_days": half_life,
            "confidence": [UNSTATED if one.confidence is None else one.confidence for one in said["read"]],
            "source": "assertions",
            "evidence": [[f"assertions/{key}"] for key in said["assertion_id"]],
            "author": said["author"],
            "reason": said["reason"],
        }
    )
    about = ["kind", "from_key", "to_key"]
    rows = rows.drop_duplicates([*about, "time"], keep="last")  # the last word of one moment
    following = rows.groupby(about)["time"].shift(-1)
    ends = rows["until"].where(rows["until"].notna(), rows["ends"]).astype(np.int64)
    ends = pd.concat([ends.astype(np.float64), following], axis=1).min(axis=1).astype(np.int64)
    rows = rows.assign(ends=ends)[ends > rows["time"]]
    valid_from = as_times(rows["time"].to_numpy(np.int64))
    rows = rows.assign(
        valid_from=valid_from, valid_to=as_times(rows["ends"].to_numpy(np.int64)), observed_at=valid_from
    )
    rows = rows.drop(columns=["time", "ends", "until"])
    return {
        str(kind): found.drop(columns="kind").reset_index(drop=True) for kind, found in rows.groupby("kind", sort=True)
    }


def overruled(inferred: pd.DataFrame, kind: str, stated_rows: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The inferred rows of a kind that no statement contradicts or replaces.

    A belief from before a statement ends with it; one whose newest evidence lies within the time of a statement is left
    out. Only evidence from after its end makes a belief again.

    Args:
        inferred: Rows of the kind.
        kind: `Customer <relation> <what>`.
        stated_rows: As `stated` gives them.
    """
    _, relation, what = kind.split(" ")
    against = [f"Customer {one} {what}" for one in (relation, *OPPOSITES.get(relation, ()))]
    said = [stated_rows[one] for one in against if one in stated_rows]
    if inferred.empty or not said:
        return inferred
    spans = pd.concat(said, ignore_index=True)[["from_key", "to_key", "valid_from", "valid_to"]]
    spans = spans.rename(columns={"valid_from": "starts", "valid_to": "stops"})
    both = inferred[["from_key", "to_key", "valid_from"]].reset_index().merge(spans, on=["from_key", "to_key"])
    is_within = (both["valid_from"] >= both["starts"]) & (both["valid_from"] < both["stops"])
    later = both[both["starts"] > both["valid_from"]].groupby("index")["starts"].min()
    cut = later.reindex(inferred.index)
    cut = cut.where(cut < inferred["valid_to"], inferred["valid_to"])
    kept = ~inferred.index.isin(both.loc[is_within, "index"])
    return inferred.assign(valid_to=cut)[kept].reset_index(drop=True)


def _end_of(day: date | None, timezone: str) -> int | None:
    """Microseconds since 1970 at which a local day ends, of one between the first and the last day that are told."""
    if day is None:
        return None
    told = min(max(day, FIRST_DAY), LAST_DAY)
    midnight = datetime.combine(told + timedelta(days=1), datetime.min.time(), tzinfo=ZoneInfo(timezone))
    return int(pd.Timestamp(midnight).value // 1_000)
