"""`scores.yaml`: what a marketer declares about intent, fit, stages and surges, as pydantic models, and what it means.

Everything that the file alone can be wrong about is refused here, with its line: names that are not there, thresholds
that nobody can reach, stages that wait for each other. What only the data can tell is in `pipelines.scoring`.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from forecasting.scores.settings import (
    Composite,
    Counting,
    Dimension,
    LatencySettings,
    ScoreSettings,
    Stage,
    Surge,
)
from forecasting.scores.stages import order_of
from graph.beliefs.fidelity import ANSWER_FIDELITY, SIGNAL_FIDELITY
from pipelines.errors import PlaybookError
from pipelines.playbook_files import LONGEST_WINDOW_DAYS, Strict
from pipelines.yaml_lines import Location, YamlFile

FILE: Final = "scores.yaml"
FIDELITY: Final = "fidelity"
POINTS_OF_A_DEED: Final = 100.0
"""Points of a signal of fidelity 1, where its weight is `fidelity`."""

VIEWS: Final = ("Page Viewed", "Screen Viewed", "Content Viewed", "Article Viewed", "Product Viewed")
KNOWN_DIMENSIONS: Final[Mapping[str, tuple[tuple[str, ...], Counting]]] = {
    "page_views": (VIEWS, "each"),
    "session_depth": (VIEWS, "deepest_visit"),
    "add_to_cart": (("Product Added",), "each"),
    "return_visits": ((), "return_visits"),
}
"""Dimensions that need nothing but a weight: what they count, and how."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
StageName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
Days = Annotated[float, Field(gt=0, le=LONGEST_WINDOW_DAYS)]
Value = str | bool | int | float


class DimensionFile(Strict):
    """One dimension of a score: acts that are counted, or an attribute."""

    weight: float | Literal["fidelity"]
    events: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    count: Counting | None = None
    at_most: Annotated[float, Field(gt=0)] | None = None
    window_days: Days | None = None
    half_life_days: Annotated[float, Field(gt=0)] | Literal["none"] | None = None
    attribute: Annotated[str, Field(pattern=r"^(customer|account)\.[a-z][a-z0-9_]*$")] | None = None
    in_: Annotated[tuple[Value, ...], Field(min_length=1)] | None = Field(default=None, alias="in")
    at_least: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _acts_or_attribute(self) -> "DimensionFile":
        acts = [name for name in ("events", "topics", "sources", "count", "window_days") if getattr(self, name)]
        tests = [name for name in ("in_", "at_least", "below") if getattr(self, name) is not None]
        if self.attribute is not None and (acts or self.half_life_days is not None):
            raise ValueError("counts acts or looks at an attribute, not both")
        if self.attribute is not None and not tests:
            raise ValueError("says nothing about its attribute: write in, at_least or below")
        if self.attribute is None and tests:
            raise ValueError("needs `attribute` for in, at_least or below")
        if self.in_ is not None and len(tests) > 1:
            raise ValueError("asks for a text or for a number, not both")
        if self.weight == FIDELITY and not self.events:
            raise ValueError("takes its weight from fidelity, so it needs events")
        if self.weight == 0:
            raise ValueError("has the weight 0, so it counts nothing")
        return self


class ScoreFile(Strict):
    """One named score."""

    of: Literal["customer", "account"] = "customer"
    window_days: Days = 30.0
    half_life_days: Annotated[float, Field(gt=0)] | Literal["none"] = 14.0
    threshold: Annotated[float, Field(gt=0)] | None = None
    dimensions: Annotated[dict[Name, DimensionFile], Field(min_length=1)]


class PeopleFileEntry(Strict):
    """So many people of the account with a stage, or one after it."""

    stage: StageName
    at_least: Annotated[int, Field(ge=1)]


class StageFile(Strict):
    """One stage; later ones outrank earlier ones."""

    of: Literal["customer", "account"] = "customer"
    reaches: tuple[Name, ...] = ()
    at_least: dict[Name, float] = Field(default_factory=dict)
    after: StageName | None = None
    people: PeopleFileEntry | None = None
    surge: Name | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> "StageFile":
        if not (self.reaches or self.at_least or self.after or self.people or self.surge):
            raise ValueError("asks for nothing: write reaches, at_least, after, people or surge")
        if self.of == "customer" and (self.people or self.surge):
            raise ValueError("is a stage of customers; people and surge are of accounts: write `of: account`")
        return self


class SurgeFile(Strict):
    """Several people of one account on the same within a few days."""

    people: Annotated[int, Field(ge=2)]
    days: Annotated[int, Field(ge=1, le=LONGEST_WINDOW_DAYS)]
    events: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    accounts: dict[str, Annotated[tuple[Value, ...], Field(min_length=1)]] = Field(default_factory=dict)
    lasts_days: Annotated[int, Field(ge=0, le=365)] = 0

    @model_validator(mode="after")
    def _about_something(self) -> "SurgeFile":
        if not (self.events or self.topics):
            raise ValueError("is about nothing: write events or topics")
        return self


class LatencyFile(Strict):
    """Which signals ask for an action, and within how many hours it should come."""

    events: Annotated[tuple[str, ...], Field(min_length=1)]
    within_hours: Annotated[float, Field(gt=0)] = 24.0
    window_days: Days = 28.0


class ScoresFile(Strict):
    """`scores.yaml`."""

    scores: dict[Name, ScoreFile] = Field(default_factory=dict)
    stages: dict[StageName, StageFile] = Field(default_factory=dict)
    surges: dict[Name, SurgeFile] = Field(default_factory=dict)
    intent_latency: LatencyFile | None = None


def score_settings(stated: ScoresFile, fidelity: Mapping[str, float]) -> ScoreSettings:
    """What scoring needs of the file.

    Args:
        stated: The file.
        fidelity: How much signals tell by name, 0 to 1, as the playbook states it beside the defaults.
    """
    fidelities = {**ANSWER_FIDELITY, **SIGNAL_FIDELITY, **fidelity}
    latency = stated.intent_latency
    return ScoreSettings(
        scores=tuple(_composite(name, score, fidelities) for name, score in stated.scores.items()),
        stages=tuple(_stage(name, stage, stated) for name, stage in stated.stages.items()),
        surges=tuple(_surge(name, surge) for name, surge in stated.surges.items()),
        latency=LatencySettings(latency.events, latency.within_hours, latency.window_days)
        if latency
        else LatencySettings(),
    )


def insist_on_sense(stated: ScoresFile, file: YamlFile, fidelity: Mapping[str, float]) -> None:
    """Refuse what the file alone shows to be wrong.

    Raises:
        PlaybookError: With the line of a name that is not there, a threshold out of reach, or stages in a circle.
    """
    _insist_on_weights(stated, file, {**ANSWER_FIDELITY, **SIGNAL_FIDELITY, **fidelity})
    settings = score_settings(stated, fidelity)
    most = {score.name: score.most for score in settings.scores}
    for score in settings.scores:
        if score.threshold is not None and score.threshold > score.most:
            raise _unreachable(file, ("scores", score.name, "threshold"), score.name, score.threshold, score.most)
    for name, stage in stated.stages.items():
        _insist_on_stage(name, stage, stated, file, most)
    for kind in ("customer", "account"):
        _insist_on_order([stage for stage in settings.stages if stage.of == kind], file)


def _insist_on_weights(stated: ScoresFile, file: YamlFile, fidelity: Mapping[str, float]) -> None:
    for name, score in stated.scores.items():
        for part, dimension in score.dimensions.items():
            here: Location = ("scores", name, "dimensions", part)
            if score.of == "account" and (dimension.attribute or "").startswith("customer."):
                raise PlaybookError(
                    f"`{name}` is a score of accounts, and `{dimension.attribute}` is one person's.",
                    where=file.where((*here, "attribute")),
                    remedy="Name a column of accounts: account.tier, ….",
                )
            if dimension.weight != FIDELITY:
                continue
            for position, event in enumerate(dimension.events):
                if event not in fidelity:
                    raise PlaybookError(
                        f"nobody has said how much `{event}` tells.",
                        where=file.where((*here, "events", position)),
                        remedy=_known(event, fidelity) + " State it in warrant.yaml under beliefs.fidelity.",
                    )


def _insist_on_stage(
    name: str, stage: StageFile, stated: ScoresFile, file: YamlFile, most: Mapping[str, float]
) -> None:
    here: Location = ("stages", name)
    own = [score for score, said in stated.scores.items() if said.of == stage.of]
    for key, wanted in (("reaches", stage.reaches), ("at_least", tuple(stage.at_least))):
        for position, score in enumerate(wanted):
            where = file.where((*here, key, position if key == "reaches" else score))
            if score not in own:
                raise PlaybookError(
                    f"there is no score `{score}` of {stage.of}s.", where=where, remedy=_known(score, own)
                )
            if key == "reaches" and stated.scores[score].threshold is None:
                raise PlaybookError(
                    f"the score `{score}` has no threshold to reach.",
                    where=where,
                    remedy="Give it one, or say at_least here.",
                )
    for score, least in stage.at_least.items():
        if least > most[score]:
            raise _unreachable(file, (*here, "at_least", score), score, least, most[score])
    stages = [one for one, said in stated.stages.items() if said.of == stage.of]
    if stage.after is not None and stage.after not in stages:
        raise PlaybookError(
            f"there is no stage `{stage.after}` of {stage.of}s.",
            where=file.where((*here, "after")),
            remedy=_known(stage.after, stages),
        )
    personal = [one for one, said in stated.stages.items() if said.of == "customer"]
    if stage.people is not None and stage.people.stage not in personal:
        raise PlaybookError(
            f"there is no stage `{stage.people.stage}` of customers.",
            where=file.where((*here, "people", "stage")),
            remedy=_known(stage.people.stage, personal),
        )
    if stage.surge is not None and stage.surge not in stated.surges:
        raise PlaybookError(
            f"there is no surge `{stage.surge}`.",
            where=file.where((*here, "surge")),
            remedy=_known(stage.surge, stated.surges),
        )


def _insist_on_order(stages: list[Stage], file: YamlFile) -> None:
    from forecasting.errors import ForecastingError

    try:
        order_of(stages)
    except ForecastingError as error:
        name = error.where.removeprefix("scores: ")
        raise PlaybookError(error.what, where=file.where(("stages", name, "after")), remedy=error.remedy) from error


def _composite(name: str, score: ScoreFile, fidelity: Mapping[str, float]) -> Composite:
    dimensions = tuple(
        one for part, dimension in score.dimensions.items() for one in _dimensions(part, dimension, score, fidelity)
    )
    return Composite(name, dimensions, score.threshold, score.of)


def _dimensions(
    name: str, stated: DimensionFile, score: ScoreFile, fidelity: Mapping[str, float]
) -> tuple[Dimension, ...]:
    """One dimension; with its weight from fidelity, one for each of its events."""
    usual = ((), "each") if stated.attribute else KNOWN_DIMENSIONS.get(name, ((), "each"))
    half_life = score.half_life_days if stated.half_life_days is None else stated.half_life_days
    has_own_acts = stated.events or stated.topics or stated.sources
    events = stated.events if has_own_acts else usual[0]
    groups = [(name, events)] if stated.weight != FIDELITY else [(f"{name}: {event}", (event,)) for event in events]
    return tuple(
        Dimension(
            name=label,
            weight=POINTS_OF_A_DEED * fidelity.get(events[0], 0.0) if stated.weight == FIDELITY else stated.weight,
            events=events,
            topics=stated.topics,
            sources=stated.sources,
            count=stated.count or usual[1],
            at_most=stated.at_most,
            window_days=score.window_days if stated.window_days is None else stated.window_days,
            half_life_days=None if half_life == "none" else half_life,
            attribute=stated.attribute,
            one_of=tuple(_as_said(one) for one in stated.in_ or ()),
            at_least=stated.at_least,
            below=stated.below,
        )
        for label, events in groups
    )


def _as_said(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _stage(name: str, stage: StageFile, stated: ScoresFile) -> Stage:
    thresholds = {score: stated.scores[score].threshold for score in stage.reaches if score in stated.scores}
    reached = {score: threshold for score, threshold in thresholds.items() if threshold is not None}
    return Stage(
        name=name,
        of=stage.of,
        at_least={**reached, **stage.at_least},
        after=stage.after,
        people=stage.people.at_least if stage.people else None,
        people_stage=stage.people.stage if stage.people else None,
        surge=stage.surge,
    )


def _surge(name: str, surge: SurgeFile) -> Surge:
    accounts = {column: tuple(_as_said(one) for one in values) for column, values in surge.accounts.items()}
    return Surge(name, surge.people, surge.days, surge.events, surge.topics, accounts, surge.lasts_days)


def _unreachable(file: YamlFile, location: Location, name: str, wanted: float, most: float) -> PlaybookError:
    return PlaybookError(
        f"nobody can ever reach it: {wanted:g} points are asked for, and `{name}` can have at most {most:g}.",
        where=file.where(location),
        remedy=f"Ask for {most:g} or less, or raise at_most or the weights of its dimensions.",
    )


def _known(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    nearest = difflib.get_close_matches(name, names, n=1)
    said = f"Did you mean `{nearest[0]}`? " if nearest else ""
    return f"{said}Known: {', '.join(names) or 'none'}."
