"""How honest the confidence of beliefs is, on simulated customers of whom everything is known.

    python -m benchmarks.belief_reliability          # the table of docs/concepts/beliefs.md
    python -m benchmarks.belief_reliability --fit    # fits the curves of graph/beliefs/rules.py, on other seeds

A belief is taken at the moment it is made, so that its event still lies ahead; whether the event comes true is read off
the full tables. Beliefs are made by the product's own rules, and half of the customers do not behave as these assume.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.belief_customers import DAYS, START, Family, simulate
from graph.beliefs import RULES, BeliefSettings, believe
from graph.beliefs import rules as names
from graph.beliefs.answers_on import ANSWER_DAYS, answered_touches
from graph.beliefs.chosen_most import LEAST_FIDELITY, visits_about
from graph.beliefs.evidence import MICROSECONDS_PER_DAY
from graph.beliefs.facts import Facts
from graph.beliefs.most_browsed import VIEWS
from graph.beliefs.similarity import NO_SIMILARITY

FITTED_ON, REPORTED_ON = tuple(range(101, 111)), tuple(range(1, 11))
FAMILIES: tuple[Family, ...] = ("alike", "other")
CUSTOMERS = 600
CUTS = 2
"""How often each customer's life is cut short at some moment, to see what is believed there."""
EARLIEST, LATEST = 120, DAYS - 30
"""Days of the simulation between which that is; later ones would leave no time for events to come true."""
BINS = np.linspace(0.0, 1.0, 11)
RESULTS = Path(__file__).parent / "results" / "belief_reliability.json"

_DAY = MICROSECONDS_PER_DAY
_NEVER = np.iinfo(np.int64).max

Truth = npt.NDArray[np.float64]
"""Whether each event came true, NaN where nobody can tell."""


def main() -> int:
    """Fit the curves, or measure them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="fit the curves on seeds of their own")
    parser.add_argument("--customers", type=int, default=CUSTOMERS, help="simulated customers per family and seed")
    options = parser.parse_args()
    cases = pd.concat(
        [
            observed_cases(family, options.customers, seed)
            for seed in (FITTED_ON if options.fit else REPORTED_ON)
            for family in FAMILIES
        ],
        ignore_index=True,
    )
    if options.fit:
        for rule, found in cases.groupby("rule"):
            print(
                f"{rule}: {as_code(fitted_curve(found))}  n = {len(found):,}, base rate {found['came_true'].mean():.3f}"
            )
        return 0
    table = reliability(cases)
    print(markdown(table, cases))
    RESULTS.write_text(json.dumps(table.to_dict("records"), indent=1) + "\n", encoding="utf-8")
    return 0


def observed_cases(family: Family, customers: int, seed: int) -> pd.DataFrame:
    """One row per belief on the moment it is made: rule, confidence, odds, weight, came_true, family."""
    tables = simulate(family, customers, seed)
    end = START + timedelta(days=DAYS)
    truth = Facts(tables, end, "UTC", BeliefSettings(), NO_SIMILARITY)
    draw = np.random.default_rng([seed, 7])
    parts = []
    for _ in range(CUTS):
        cut = _cuts(truth, draw)
        for kind, rows in believe(_until(tables, cut), as_of=end, timezone="UTC").items():
            made = rows["from_key"].map(cut) - rows["observed_at"]
            new = rows[(made >= timedelta(0)) & (made < timedelta(seconds=1))]
            parts += [judged(truth, str(rule), kind, found) for rule, found in new.groupby("rule")]
    cases = pd.concat(parts, ignore_index=True).dropna(subset=["came_true"])
    return cases.assign(family=family, seed=seed)


def judged(truth: Facts, rule: str, kind: str, made: pd.DataFrame) -> pd.DataFrame:
    """One row per belief of a rule: confidence, the tally's log-odds, weight, and whether its event came true."""
    """One row per belief of a rule: confidence, the tally's log-odds, weight, and whether its event came true."""
    curve = RULES[rule].curve
    if curve is None:
        raise ValueError(f"{rule} has no curve to measure")
    return pd.DataFrame(
        {
            "rule": rule,
            "kind": kind,
            "confidence": made["confidence"].to_numpy(np.float64),
            "weight": made["weight"].to_numpy(np.float64),
            "odds": _odds(made, curve),
            "came_true": _came_true(truth, rule, kind.rsplit(" ", maxsplit=1)[-1], made),
        }
    )


def _cuts(truth: Facts, draw: np.random.Generator) -> "pd.Series[pd.Timestamp]":
    """A moment per customer at which something becomes known; each sort of happening is as likely as any other."""
    signals, sales, outcomes = truth.signals, truth.purchases, truth.outcomes
    rare = ["Pricing Page Viewed", "Shipping Page Viewed", "Returns Page Viewed"]
    silent = answered_touches(truth)
    streams = [
        signals[signals["topic"].notna()],
        signals[signals["product_id"].notna()],
        signals[signals["name"].isin(rare)],
        signals[signals["name"] == "Checkout Started"].assign(time=lambda one: one["time"] + 4 * 3_600_000_000),
        sales[sales["kind"] == "sale"],
        sales[sales["kind"] == "return"],
        outcomes[outcomes["name"] == "unsubscribed"],
        silent.assign(time=silent["sent"] + ANSWER_DAYS * _DAY),
    ]
    first, last = ((START + timedelta(days=day)).value // 1_000 for day in (EARLIEST, LATEST))
    known = pd.concat(
        [rows[["customer_id", "time"]].assign(stream=number) for number, rows in enumerate(streams)], ignore_index=True
    )
    known = known[(known["time"] >= first) & (known["time"] < last)]
    known = known.iloc[draw.permutation(len(known))]
    one_each = known.drop_duplicates(["customer_id", "stream"])
    chosen = one_each.iloc[draw.permutation(len(one_each))].drop_duplicates("customer_id")
    moments = pd.to_datetime(chosen["time"].to_numpy(), unit="us", utc=True).as_unit("us")
    return pd.Series(moments, index=chosen["customer_id"].to_numpy(dtype=object))


def reliability(cases: pd.DataFrame) -> pd.DataFrame:
    """Per rule and tenth of confidence: predicted, observed, n."""
    binned = cases.assign(tenth=np.clip(np.digitize(cases["confidence"], BINS) - 1, 0, 9))
    grouped = binned.groupby(["rule", "tenth"])
    table = grouped.agg(
        predicted=("confidence", "mean"), observed=("came_true", "mean"), n=("came_true", "size")
    ).reset_index()
    return table.round(4)


def calibration_error(cases: pd.DataFrame) -> float:
    """Mean distance between predicted and observed over tenths of confidence, weighted by their beliefs."""
    table = reliability(cases)
    return float(np.average((table["predicted"] - table["observed"]).abs(), weights=table["n"]))


def fitted_curve(cases: pd.DataFrame) -> names.Curve:
    """The maximum-likelihood logistic curve of one rule, with a little ridge."""
    from scipy.optimize import minimize

    weight = np.log1p(cases["weight"].to_numpy(np.float64))
    design = np.column_stack([np.ones(len(cases)), cases["odds"].to_numpy(np.float64), weight])
    came_true = cases["came_true"].to_numpy(np.float64)

    def loss(coefficients: npt.NDArray[np.float64]) -> float:
        odds = design @ coefficients
        return float(np.sum(np.logaddexp(0, odds) - came_true * odds) + 0.5 * np.sum(coefficients[1:] ** 2))

    base, by_tally, by_weight = minimize(loss, np.zeros(3), method="BFGS").x
    return names.Curve(float(base), float(by_tally), float(by_weight))


def as_code(curve: names.Curve) -> str:
    """A curve as it stands in the code."""
    return f"Curve({curve.base:.2f}, {curve.by_tally:.2f}, {curve.by_weight:.2f})"


def markdown(table: pd.DataFrame, cases: pd.DataFrame) -> str:
    """The table for people: a line per rule and tenth of confidence that any belief fell into, and errors per rule."""
    lines = ["| rule | beliefs | event came true | error | error, rules' own form | error, another form |"]
    lines.append("|---|---|---|---|---|---|")
    for rule, found in cases.groupby("rule"):
        errors = [
            f"{calibration_error(part):.3f}" for part in (found, *(found[found["family"] == f] for f in FAMILIES))
        ]
        lines.append(f"| {rule} | {len(found):,} | {found['came_true'].mean():.2f} | {' | '.join(errors)} |")
    lines += ["", "| rule | confidence | predicted | observed | beliefs |", "|---|---|---|---|---|"]
    lines += [
        f"| {row['rule']} | {row['tenth'] / 10:.1f} to {row['tenth'] / 10 + 0.1:.1f} | {row['predicted']:.2f} "
        f"| {row['observed']:.2f} | {row['n']:,} |"
        for row in table.to_dict("records")
    ]
    return "\n".join(lines)


def _until(tables: Mapping[str, pd.DataFrame], cut: "pd.Series[pd.Timestamp]") -> dict[str, pd.DataFrame]:
    """What is known at each customer's moment; of messages, those that were refused or whose time is over."""
    waited = timedelta(days=ANSWER_DAYS)
    sent, said = tables["touches"], tables["outcomes"]
    who = said["touch_id"].map(tables["touches"].set_index("touch_id")["customer_id"])
    said = said[said["occurred_at"] <= who.map(cut)]
    refused = sent["touch_id"].isin(said.loc[said["name"] == "unsubscribed", "touch_id"])
    sent = sent[refused | (sent["sent_at"] + waited <= sent["customer_id"].map(cut))]
    known = {"touches": sent, "outcomes": said}
    for name in ("signals", "purchases"):
        known[name] = tables[name][tables[name]["occurred_at"] <= tables[name]["customer_id"].map(cut)]
    customers = tables["customers"][tables["customers"]["customer_id"].isin(cut.index)]
    return {**tables, "customers": customers, **{name: rows.reset_index(drop=True) for name, rows in known.items()}}


def _odds(made: pd.DataFrame, curve: names.Curve) -> npt.NDArray[np.float64]:
    """The tally's log-odds, back from the confidence, which the code that is measured has made of it."""
    confidence = made["confidence"].to_numpy(np.float64)
    log_odds = np.log(confidence / (1 - confidence))
    weight = curve.by_weight * np.log1p(made["weight"].to_numpy(np.float64))
    return np.asarray((log_odds - curve.base - weight) / (curve.by_tally or 1.0), dtype=np.float64)


# ---- whether the event that a confidence speaks of came true; NaN where nobody can tell


def _came_true(truth: Facts, rule: str, what: str, made: pd.DataFrame) -> npt.NDArray[np.float64]:
    time = made["valid_from"].to_numpy(dtype="datetime64[us]").astype(np.int64)
    asked = pd.DataFrame({"customer_id": made["from_key"], "target": made["to_key"], "time": time})
    return np.asarray(_EVENTS[rule](truth, what, asked), dtype=np.float64)


def _first_after(
    asked: pd.DataFrame, events: pd.DataFrame, *, skip: "pd.Series[int] | int" = 0
) -> npt.NDArray[np.int64]:
    """Time of the first event of the customer (and target, where events have one) later than the belief by `skip`."""
    by = ["customer_id", "target"] if "target" in events.columns else ["customer_id"]
    left = asked.assign(time=asked["time"] + skip).reset_index(drop=True).reset_index().sort_values("time")
    right = events[[*by, "time"]].sort_values("time").assign(found=lambda one: one["time"])
    merged = pd.merge_asof(left, right, on="time", by=by, direction="forward", allow_exact_matches=False)
    found = merged.sort_values("index")["found"]
    # whole numbers throughout: the largest one is none as a fraction
    return np.where(found.isna(), np.int64(_NEVER), found.fillna(0).to_numpy(np.int64))


def _within(asked: pd.DataFrame, events: pd.DataFrame, days: float, *, another_day: bool = False) -> Truth:
    skip = (_DAY - asked["time"] % _DAY - 1) if another_day else 0
    first = _first_after(asked, events, skip=skip)
    return np.asarray(first <= asked["time"] + days * _DAY, dtype=np.float64)


def _shops_again(truth: Facts, _: str, asked: pd.DataFrame) -> Truth:
    sales = truth.purchases[truth.purchases["kind"] == "sale"].rename(columns={"category_id": "target"})
    return _within(asked, sales, 28, another_day=True)


def _looks_again(truth: Facts, what: str, asked: pd.DataFrame) -> Truth:
    views = truth.about(truth.signals[truth.signals["name"].isin(VIEWS)], what)
    return _within(asked, views, 28, another_day=True)


def _shows_again(truth: Facts, what: str, asked: pd.DataFrame) -> Truth:
    acts = truth.acts if what == "Topic" else truth.acts[~truth.acts["name"].isin(VIEWS)]
    return _within(asked, truth.about(acts, what), 28, another_day=True)


def _visits_again(truth: Facts, what: str, asked: pd.DataFrame) -> Truth:
    return _within(asked, truth.about(truth.signals, what), 14, another_day=True)


def _chooses_again(truth: Facts, what: str, asked: pd.DataFrame) -> Truth:
    acts = truth.acts[truth.acts["fidelity"] >= LEAST_FIDELITY]
    visits = visits_about(truth.about(acts, what))
    following = _first_after(asked, visits.drop(columns="target"))
    chosen = pd.MultiIndex.from_frame(visits[["customer_id", "target", "time"]])
    hit = pd.MultiIndex.from_arrays([asked["customer_id"], asked["target"], following]).isin(chosen)
    return np.where(following == _NEVER, np.nan, hit)


def _answers_next(truth: Facts, _: str, asked: pd.DataFrame) -> Truth:
    sent = answered_touches(truth).drop(columns="time").rename(columns={"sent": "time"})
    following = _first_after(asked, sent)
    answered = sent[sent["is_answered"]]
    hit = pd.MultiIndex.from_arrays([asked["customer_id"], asked["target"], following]).isin(
        pd.MultiIndex.from_frame(answered[["customer_id", "target", "time"]])
    )
    return np.where(following == _NEVER, np.nan, hit)


def _buys_soon(truth: Facts, _: str, asked: pd.DataFrame) -> Truth:
    return _within(asked, truth.orders, 14)


def _acts_on_prices(truth: Facts, _: str, asked: pd.DataFrame) -> Truth:
    telling = ["Demo Requested", "Trial Started", "Checkout Started"]
    acts = truth.signals[truth.signals["name"].isin(telling)][["customer_id", "time"]]
    return _within(asked, pd.concat([acts, truth.orders], ignore_index=True), 28)


def _pays_in_full(truth: Facts, _: str, asked: pd.DataFrame) -> Truth:
    sales = truth.purchases[truth.purchases["kind"] == "sale"]
    following = _first_after(asked, sales)
    full = pd.MultiIndex.from_frame(sales.loc[sales["discount"] == 0, ["customer_id", "time"]])
    return np.where(
        following == _NEVER, np.nan, pd.MultiIndex.from_arrays([asked["customer_id"], following]).isin(full)
    )


def _answers_nothing(truth: Facts, what: str, asked: pd.DataFrame) -> Truth:
    answers = truth.about(truth.outcomes[truth.outcomes["worth"].notna()], what)
    return 1 - _within(asked, answers, 28)


def _sends_back(truth: Facts, _: str, asked: pd.DataFrame) -> Truth:
    sales = truth.purchases[truth.purchases["kind"] == "sale"].rename(columns={"category_id": "target"})
    following = _first_after(asked, sales)
    raw = truth.tables["purchases"]
    back = sales[sales["order_id"].isin(raw.loc[raw["kind"] == "return", "original_order_id"])]
    hit = pd.MultiIndex.from_arrays([asked["customer_id"], asked["target"], following]).isin(
        pd.MultiIndex.from_frame(back[["customer_id", "target", "time"]])
    )
    return np.where(following == _NEVER, np.nan, hit)


def _buys_nothing(truth: Facts, _: str, asked: pd.DataFrame) -> Truth:
    return 1 - _within(asked, truth.orders, 14)


_EVENTS: Mapping[str, Callable[[Facts, str, pd.DataFrame], npt.NDArray[np.float64]]] = {
    names.REPEAT_PURCHASE: _shops_again,
    names.MOST_BROWSED: _looks_again,
    names.ENGAGED: _shows_again,
    names.CHOSEN_MOST: _chooses_again,
    names.ANSWERS_ON: _answers_next,
    names.CHECKOUT_LEFT: _buys_soon,
    names.PRICING_VISITED: _acts_on_prices,
    names.RETURNING_VISITOR: _visits_again,
    names.OFFERS_IGNORED: _pays_in_full,
    names.REFUSED: _answers_nothing,
    names.RETURNED: _sends_back,
    names.HESITATED: _buys_nothing,
}

if __name__ == "__main__":
    sys.exit(main())
