"""Boosts, as `warrant.yaml` lists them: who favours which asset, by how much, until when and why."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from decisioning.boosts import is_over
from decisioning.settings import BoostSettings
from pipelines.errors import PlaybookError
from pipelines.people import FILE, PREFIX, nearest_person

if TYPE_CHECKING:
    from pipelines.day import Day
    from pipelines.playbook import Playbook

Words = Annotated[str, Field(min_length=1)]


class BoostFile(BaseModel):
    """One boost: each send of the asset is ranked as if it were worth so much more."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    asset: Words
    amount: Annotated[float, Field(gt=0)]
    until: date
    because: Words
    by: Words


def boost_settings(playbook: "Playbook") -> tuple[BoostSettings, ...]:
    """The boosts in their order, those included whose time is over.

    Raises:
        PlaybookError: Somebody whom people.yaml does not know; with file and line.
    """
    found = []
    for place, boost in enumerate(playbook.warrant.boosts):
        _insist_on_person(playbook, boost, place)
        where = _where(playbook, place, "asset")
        found.append(BoostSettings(boost.asset, boost.amount, boost.until, boost.because, boost.by, where))
    return tuple(found)


def boost_warnings(day: "Day", boosts: tuple[BoostSettings, ...]) -> list[dict[str, Any]]:
    """What of the boosts is worth knowing before a run: those that are over, and those of people who have left."""
    people = day.playbook.people.people if day.playbook.people else {}
    found = []
    for boost in boosts:
        left_on = people[boost.by.removeprefix(PREFIX)].left_on
        if is_over(boost, day.playbook.timezone, day.clock.as_of):
            what = f"the boost of `{boost.asset_id}` is over since {boost.until} and does nothing any more."
            found.append({"where": boost.where, "what": what, "remedy": "Take it out, or give it another day."})
        elif left_on is not None and left_on <= day.clock.day:
            what = f"the boost of `{boost.asset_id}` is {boost.by}'s, who left on {left_on}."
            found.append({"where": boost.where, "what": what, "remedy": "Take it out, or name who answers for it now."})
    return found


def _insist_on_person(playbook: "Playbook", boost: BoostFile, place: int) -> None:
    people = playbook.people.people if playbook.people else {}
    key = boost.by.removeprefix(PREFIX)
    if boost.by.startswith(PREFIX) and key in people:
        return
    raise PlaybookError(
        f"the boost of `{boost.asset}` is by `{boost.by}`, whom {FILE} does not know.",
        where=_where(playbook, place, "by"),
        remedy=nearest_person(key, people) if people else f"Write {FILE} with the people who may be named.",
    )


def _where(playbook: "Playbook", *location: str | int) -> str:
    return playbook.files["warrant.yaml"].where(("boosts", *location))
