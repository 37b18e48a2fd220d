"""What sending has changed, as far as anybody can know: the comparisons of a playbook, judged, in words.

Everything shown is a mean over at least as many households as the tests of evidence ask for; nobody is named.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from forecasting.evidence.comparisons import Comparison, Lifts
from forecasting.evidence.playbook_lifts import LIFT_TABLES, playbook_lifts
from forecasting.evidence.settings import EvidenceSettings
from forecasting.values.evidence import Estimate, TestSize
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.forecasts.backtesting import perceived_run
from pipelines.pages.lift_words import overall, settling, verdict
from pipelines.stored import canonical_tables

PERCENT = 100.0


@dataclass(frozen=True)
class Asked:
    """What somebody wants compared.

    Attributes:
        campaign: Key of a campaign or experiment; None for all.
        outcome: spend, orders, a signal's name or a metric of `results`; None for what there is.
        without: Categories whose purchases do not count.
        effect_pct: The effect that a test should find, in percent of what somebody brings who gets nothing.
    """

    campaign: str | None = None
    outcome: str | None = None
    without: Sequence[str] = ()
    effect_pct: float = 5.0


def measure_lift(day: Day, asked: Asked) -> dict[str, Any]:
    """Read the sources, compare, judge, and say it in words.

    Returns:
        `playbook`, `as_of`, `run_id`, `currency`, `outcome`, `without`, `verdict` (of all), `comparisons` (each with
        naive, pre_period, did, placebos, effect, grade, reasons, tests, verdict and sentences), `test` and `sizes`.

    Raises:
        UsageError: The effect asked for is no share.
        WarrantError: A source cannot be read, or there is no such campaign, outcome or category.
    """
    if not 0 < asked.effect_pct < PERCENT:
        raise UsageError(
            f"an effect of {asked.effect_pct:g} % cannot be looked for.",
            where="--effect",
            remedy="Use a number above 0 and below 100, such as 5.",
        )
    run = perceived_run(day)
    day.progress.started("lift")
    began = time.perf_counter()
    settings = replace(EvidenceSettings(), sought_share=asked.effect_pct / PERCENT)
    lifts = playbook_lifts(
        canonical_tables(day, run, LIFT_TABLES),
        settings,
        as_of=day.clock.as_of,
        timezone=day.playbook.timezone,
        window_days=day.playbook.warrant.objective.value_window_days,
        campaign=asked.campaign,
        outcome=asked.outcome,
        without=asked.without,
    )
    said = f"{len(lifts.comparisons):,} comparisons"
    day.progress.finished("lift", time.perf_counter() - began, said)
    document = describe_lifts(lifts, currency=day.playbook.warrant.currency, effect_pct=asked.effect_pct)
    return {
        "playbook": day.playbook.name,
        "as_of": day.clock.day.isoformat(),
        "run_id": run.run_id,
        "without": list(asked.without),
        **document,
    }


def describe_lifts(lifts: Lifts, *, currency: str, effect_pct: float) -> dict[str, Any]:
    """Comparisons as plain JSON values and sentences."""
    comparisons = [describe_comparison(one, currency=currency) for one in lifts.comparisons]
    unit = currency if lifts.is_money else ""
    return {
        "currency": currency,
        "unit": unit,
        "households": lifts.households,
        "drawn_unit": lifts.drawn_unit,
        "verdict": overall(comparisons),
        "comparisons": comparisons,
        "test": None if lifts.settling is None else _size(lifts.settling),
        "test_in_words": settling(lifts, effect_pct=effect_pct, unit=unit),
        "sizes": [_size(size) for size in lifts.sizes],
    }


def describe_comparison(one: Comparison, *, currency: str) -> dict[str, Any]:
    """One comparison as plain JSON values, with its verdict in words."""
    judged = one.lift
    facts: dict[str, Any] = {
        "name": one.name,
        "kind": one.kind,
        "about": one.about,
        "starts_at": None if one.starts_at is None else one.starts_at.isoformat(),
        "days": one.days,
        "is_open": one.is_open,
        "outcome": one.outcome,
        "unit": currency if one.is_money else "",
        "treated": judged.treated,
        "untreated": judged.untreated,
        "naive": _estimate(judged.naive),
        "pre_period": _estimate(judged.pre_period),
        "difference_in_differences": _estimate(judged.did),
        "placebos": [_estimate(placebo) for placebo in judged.placebos],
        "effect": _estimate(judged.effect),
        "grade": judged.graded.grade,
        "verdict": judged.verdict,
        "reasons": list(judged.graded.reasons),
        "tests": [
            {"name": test.name, "answer": test.answer, "sentence": test.sentence, "p_value": test.p_value}
            for test in judged.graded.tests
        ],
        "notes": list(one.notes),
        "means": [{"treated": treated, "untreated": untreated} for treated, untreated in one.earlier_means],
    }
    return facts | {"sentences": verdict(facts)}


def told_in_full(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The comparisons worth telling in full: experiments, and of campaigns the largest with a time before it.

    All, where only one was asked for.
    """
    comparisons = document["comparisons"]
    drawn = [one for one in comparisons if one["kind"] == "experiment"]
    others = [one for one in comparisons if one["kind"] == "campaign" and one["pre_period"] is not None]
    largest = sorted(others, key=lambda one: (one["is_open"], -min(one["treated"], one["untreated"])))[:1]
    return list(comparisons) if len(comparisons) == 1 else [*drawn, *largest]


def _estimate(estimate: Estimate | None) -> dict[str, float] | None:
    if estimate is None:
        return None
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "p_value": estimate.p_value,
        "treated_mean": estimate.treated_mean,
        "untreated_mean": estimate.untreated_mean,
    }


def _size(size: TestSize) -> dict[str, Any]:
    return {
        "effect_pct": PERCENT * size.share,
        "effect": size.effect,
        "weeks": size.weeks,
        "per_arm": size.units_per_arm,
        "together": size.units,
        "is_possible": size.is_possible,
        "detectable_pct": PERCENT * size.detectable,
    }
