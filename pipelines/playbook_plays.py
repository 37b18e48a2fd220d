"""`plays.yaml`: which plays are on, their thresholds, campaigns, themes, and the order of their messages."""

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from pipelines.playbook_files import LONGEST_WINDOW_DAYS, Strict


class Campaign(Strict):
    """A named audience and named assets from a day to a day, both included."""

    name: str
    assets: Annotated[tuple[str, ...], Field(min_length=1)]
    audience: str | None = None
    from_: date = Field(alias="from")
    until: date

    @model_validator(mode="after")
    def _ordered(self) -> "Campaign":
        if self.until < self.from_:
            raise ValueError("ends before it starts")
        return self


class MessageOrder(Strict):
    """Which messages of a play come first and which wait, for everybody or under a condition over `customer.*`.

    Messages are named by asset id, kind of offer, kind of asset, or topic.
    """

    because: str
    when: str | None = None
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    stepwise: bool = False
    tried_days: Annotated[float, Field(gt=0, le=LONGEST_WINDOW_DAYS)] = 14.0

    @model_validator(mode="after")
    def _orders_something(self) -> "MessageOrder":
        if not (self.first or self.last or self.stepwise):
            raise ValueError("orders nothing: write first, last or `stepwise: true`")
        if self.stepwise and (self.first or self.last):
            raise ValueError("is stepwise, by the order of concessions, or says first and last, not both")
        return self


class Play(Strict):
    """One play: switched on by standing in `plays.yaml`, unless it says `enabled: false`."""

    enabled: bool = True
    thresholds: dict[str, float] = Field(default_factory=dict)
    answers: tuple[str, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    order: tuple[MessageOrder, ...] | None = None
    themes: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)


class ExcludedCategory(Strict):
    """A category, or parent of categories, that no play talks about, with the reason."""

    category: str
    because: str


class PlaysFile(Strict):
    """`plays.yaml`."""

    plays: dict[str, Play | None] = Field(default_factory=dict)
    excluded_categories: tuple[ExcludedCategory, ...] = ()
