"""The one clock. Opening a run and delivering it read the time here; nothing else does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipelines.errors import UsageError

CLOCK_SKEW = timedelta(minutes=5)
"""How far clocks of sources may be ahead of ours, unless the playbook says otherwise."""


@dataclass(frozen=True)
class Clock:
    """The time a command works at.

    Attributes:
        now: The current moment, UTC; simulated when a playbook or `WARRANT_NOW` says so.
        is_simulated: True when `now` is not the real time; such a run may only reach channels that are files.
        latest_known: No event can honestly be later than this: the real time, or `WARRANT_NOW`, and what clocks of
            sources may be ahead of ours.
        as_of: The moment the run knows the world at, UTC: 00:00 of a day in the playbook's time zone.
        day: That day.
        skew: How far clocks of sources may be ahead of ours.
    """

    now: datetime
    is_simulated: bool
    latest_known: datetime
    as_of: datetime
    day: date
    skew: timedelta = CLOCK_SKEW


def local_midnight(day: date, timezone: str) -> datetime:
    """00:00 of `day` in `timezone`, as UTC."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def read_clock(
    *,
    day: date | None,
    playbook_day: date | None,
    timezone: str,
    environment: Mapping[str, str],
    skew: timedelta = CLOCK_SKEW,
) -> Clock:
    """The clock of one command.

    Args:
        day: What `--as-of` says, if anything.
        playbook_day: The playbook's `as_of`, which simulates the clock for playbooks about the past.
        timezone: The playbook's IANA time zone.
        environment: Read for `WARRANT_NOW` (an ISO date and time; without offset it is UTC).
        skew: How far clocks of sources may be ahead of ours.

    Raises:
        UsageError: `WARRANT_NOW` is not a time.
    """
    real = datetime.now(UTC)
    told = environment.get("WARRANT_NOW")
    simulated = _parse(told) if told else None
    if simulated is not None:
        now = simulated
    elif playbook_day is not None:
        now = local_midnight(day or playbook_day, timezone)
    else:
        now = real
    chosen = day or playbook_day or now.astimezone(ZoneInfo(timezone)).date()
    return Clock(
        now=now,
        is_simulated=simulated is not None or playbook_day is not None,
        latest_known=(simulated or real) + skew,
        as_of=local_midnight(chosen, timezone),
        day=chosen,
        skew=skew,
    )


def _parse(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"`{text}` is not a time.", where="WARRANT_NOW", remedy="Write it like 2026-03-01T09:00:00+00:00."
        ) from error
    return as_utc(moment)


def as_utc(moment: datetime) -> datetime:
    """A moment in UTC; without a zone it is meant so."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
