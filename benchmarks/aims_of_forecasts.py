"""What every forecast was to show, and how the results say whether it does."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.aim import Aim, Found

SIX = ("last value", "mean of 4", "mean of 8", "SES", "ETS", "Theta")
NOT_KNOWN = "promotions not known ahead"
MOST_FALSE, MINUTE, TIMES_LIFETIMES, TIMES_ROWS = 18, 60, 20, 100
HIDDEN = "season"
"""Kind of world in which no test can know; a draw alone protects against it."""


def _demand(found: Mapping[str, Any], how: str) -> Found:
    part = found[how]
    own = next(row for row in part["scores"] if row["is_ours"] and row["metric"] == "WAPE")
    against = {row["rival"]: row for row in part["against"] if row["metric"] == "WAPE" and row["rival"] in SIX}
    lost = [
        f"{name} {row['difference']:+.4f} [{row['low']:.4f}, {row['high']:.4f}]"
        for name, row in against.items()
        if not row["wins"]
    ]
    won = f"{len(against) - len(lost)} of {len(against)} rivals beaten"
    return f"WAPE {own['value']:.4f}, {won}{'; not proven: ' + ', '.join(lost) if lost else ''}", not lost


def _coverage(found: Mapping[str, Any]) -> Found:
    rows = found[NOT_KNOWN]["scores"]
    told = {row["metric"]: row["value"] for row in rows if row["is_ours"] and "coverage" in str(row["metric"])}
    far = [abs(value - (0.8 if "80" in metric else 0.95)) for metric, value in told.items()]
    return ", ".join(f"{metric} {value:.3f}" for metric, value in told.items()), max(far, default=1.0) <= 0.03  # noqa: PLR2004


def _cdnow(found: Mapping[str, Any]) -> Found:
    part = found["cdnow"]
    off = part["largest_relative_difference"]
    said = f"parameters off by {off:.3%}, MAE {part['holdout_mae']}, RMSE {part['holdout_rmse']}"
    return said, bool(part["aims_met"])


def _language(found: Mapping[str, Any]) -> Found:
    tasks = found["hands_left_out"]["tasks"]
    said = ", ".join(
        f"{name} {task['coverage']:.0%} answered, {task['accuracy']:.0%} right, {task['stated']:.0%} stated"
        for name, task in tasks.items()
    )
    return said, all(task["is_met"] for task in tasks.values())


def _language_of_others(found: Mapping[str, Any]) -> Found:
    looks = found.get("other_people", {})
    said = [
        f"{look}: {sum(task['is_met'] for task in part['tasks'].values())} of {len(part['tasks'])} tasks"
        for look, part in looks.items()
    ]
    first = looks.get("first", {}).get("tasks", {})
    return "; ".join(said) or "no texts by others given", bool(first) and all(task["is_met"] for task in first.values())


def _timing(found: Mapping[str, Any]) -> Found:
    ours = {row["engaged"]: row for row in found["by_engaged_hours"] if row["model"] == "favourite hour"}
    own = {row["engaged"]: row for row in found["by_engaged_hours"] if row["model"] == "own most frequent hour"}
    most = max(ours)
    said = f"exact {ours[most]['exact']:.1%} with {most} engaged hours, own most frequent hour {own[most]['exact']:.1%}"
    return said, ours[most]["exact"] > own[most]["exact"]


def _media(found: Mapping[str, Any]) -> Found:
    part = found["randomised, stated so"]
    said = (
        f"worst channel {part['worst_channel_of_worlds']:.0%}, narrower in {part['narrower_than_prior']:.1%}, "
        f"true over estimated return {part['true_to_estimated']:.2f}"
    )
    return said, part["worst_channel_of_worlds"] >= 0.85 and part["narrower_than_prior"] == 1.0  # noqa: PLR2004


def _confounded(found: Mapping[str, Any]) -> Found:
    parts = {name: part for name, part in found.items() if isinstance(part, dict) and "demand" in name}
    told = {name: (part["known"], part["intervals_hold_the_truth"]) for name, part in parts.items()}
    fair = all(known == 0 or holds >= 0.85 for known, holds in told.values())  # noqa: PLR2004
    return "; ".join(f"{name}: held {holds:.0%}, known {known:.0%}" for name, (known, holds) in told.items()), fair


def _calm(found: Mapping[str, Any]) -> Found:
    part = found["own baseline"]
    worst = max(part["by_form"], key=lambda row: row["false_alarms"])
    lasting = ", lasting" if worst["lasts"] else ""
    form = f"{worst['false_alarms']:.2%} ({worst['form']}{lasting})"
    said = f"{part['false_alarms_per_day']:.2%} of calm days; worst form {form}"
    return said, part["false_alarms_per_day"] <= 0.01  # noqa: PLR2004


def _shifts(found: Mapping[str, Any]) -> Found:
    share = found["own baseline"]["found_within_three_days"]
    worst = min(found["own baseline"]["by_form"], key=lambda row: row["found"])
    rival = found["three sigma"]["found_within_three_days"]
    said = f"{share:.1%}; worst form {worst['found']:.0%}; three sigma {rival:.1%}"
    return said, share >= 0.9  # noqa: PLR2004


def _null(found: Mapping[str, Any]) -> Found:
    kinds = {
        name: part["without_effect"]["found"]
        for name, part in found.items()
        if isinstance(part, dict) and "without_effect" in part
    }
    said = ", ".join(f"{name} {count}" for name, count in kinds.items())
    told = f"of {found['worlds']}: {said}; {HIDDEN} is what no test without a draw can know"
    return told, max(count for name, count in kinds.items() if name != HIDDEN) <= MOST_FALSE


def _calibration(found: Mapping[str, Any]) -> Found:
    worst, skill = found["worst_error_share"], found["lowest_skill"]
    said = f"worst {worst:.3f} of the base rate, lowest skill {skill:.4f}; {found['met']} worlds"
    return said, worst <= found["aim"] and skill > 0


def _uplift(found: Mapping[str, Any]) -> Found:
    part = found["by_shape"]["all"]
    area, worlds = part["area_share_of_perfect"], part["worlds"]
    at_least = part["worlds_at_least_t"], part["worlds_at_least_s"]
    ranks = f"{area['ours']:.3f} of a perfect ranking, T {area['t_learner']:.3f}, S {area['s_learner']:.3f}"
    said = f"{ranks}; at least T's in {at_least[0]}, S's in {at_least[1]} of {worlds} worlds"
    return said, min(at_least) == worlds


def _policy(found: Mapping[str, Any]) -> Found:
    part = found["by_shape"]["all"]
    at_least, worlds = part["worlds_policy_at_least_single"], part["worlds"]
    known = part["worlds_policy_at_least_chosen_single"]
    said = f"in {at_least} of {worlds} worlds; against the arm that the same sample chooses in {known}"
    return said, at_least == worlds


def _bandit(found: Mapping[str, Any]) -> Found:
    loss, (low, high) = found["log_loss"], found["gain_interval"][-2:]
    said = (
        f"grade {found['grade']}, claim {found['claim']} (gain {low:+.4f} to {high:+.4f}), "
        f"log loss {loss['ours']:.4f}, item means {loss['item mean']:.4f}, base rate {loss['base rate']:.4f}"
    )
    return said, found["grade"] == "randomised" and (low > 0) == (found["claim"] != "none")


def _scoring(found: Mapping[str, Any]) -> Found:
    ratios = {name: found[name]["ratio"] for name in ("scikit-learn", "lightgbm") if name in found}
    return ", ".join(f"{ratio:.0f} times {name}" for name, ratio in ratios.items()), min(ratios.values()) >= TIMES_ROWS


def _seconds_of_many(found: Mapping[str, Any]) -> Found:
    return f"{found['demand']['seconds']} s at load {found['demand']['load']}", bool(found["is_met"])


def _null_effects(found: Mapping[str, Any]) -> Found:
    part = found["null"]
    return f"{part['with_false_claim']} of {part['worlds']}", part["with_false_claim"] <= MOST_FALSE


def _million(found: Mapping[str, Any]) -> Found:
    part = found["everything"]
    return f"{part['seconds']} s at load {part['load']}", part["seconds"] < MINUTE


def _lifetimes(found: Mapping[str, Any]) -> Found:
    said = f"{found['ratio']} times; {found['ratio_counted']} times where histories come counted"
    return said, found["ratio"] >= TIMES_LIFETIMES


AIMS: Sequence[Aim] = (
    Aim("demand", "lower WAPE than six rivals, paired", "demand_grocer", lambda found: _demand(found, NOT_KNOWN)),
    Aim("demand", "the same, promotions planned", "demand_grocer", lambda found: _demand(found, "promotions planned")),
    Aim("demand", "coverage within 3 points of 80 and 95 %", "demand_grocer", _coverage),
    Aim("demand", "5,000 weekly series under 5 minutes", "demand_scale", _seconds_of_many),
    Aim("response", "calibration error at most .1 of the rate, skill above 0", "response_calibration", _calibration),
    Aim("response", "area under the uplift curve at least T's and S's", "response_uplift", _uplift),
    Aim("response", "policy at least the best single action", "response_uplift", _policy),
    Aim("response", "false effect in at most 18 of 200 worlds", "response_uplift", _null_effects),
    Aim("response", "Open Bandit: no claim where the interval says none", "response_open_bandit", _bandit),
    Aim("response", "scored 100 times as fast as row by row", "response_scoring", _scoring),
    Aim("evidence", "false lift in at most 18 of 200 worlds", "lift_null", _null),
    Aim("lifetime value", "CDNOW as published, MAE .79, RMSE 1.61", "lifetime_value", _cdnow),
    Aim("lifetime value", "a million customers in a minute", "lifetime_value", _million),
    Aim("lifetime value", "20 times as fast as lifetimes", "lifetime_value", _lifetimes),
    Aim("timing", "recovers planted hours", "timing", _timing),
    Aim("media mix", "90 % intervals hold in 85 of 100 worlds, narrower than the prior", "media_mix", _media),
    Aim("media mix", "with a confounder: hold it, or say it cannot be known", "media_mix", _confounded),
    Aim("anomaly", "at most 1 % of calm days alarm", "anomaly", _calm),
    Aim("anomaly", "30 % shifts found in 3 days in 90 %", "anomaly", _shifts),
    Aim("language", "answers 60 %, as right as it says, hands left out", "language", _language),
    Aim("language", "the same on texts by others, first look", "language", _language_of_others),
)
BY_COMMAND = (
    ("cadence", "warrant backtest examples/grocer --what cadence --as-of 2018-01-01"),
    ("response", "warrant backtest examples/grocer --what response --as-of 2018-01-31"),
    ("lifetime value", "warrant backtest examples/grocer --what value"),
    ("evidence", "warrant lift examples/grocer"),
    ("scores", "warrant backtest examples/saas --what scores"),
)
