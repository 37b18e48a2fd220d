"""The decision record: one row per customer, with what was chosen, why, what it is worth and what else there was."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.alternatives import alternatives, runner_up
from decisioning.canonical import json_texts
from decisioning.choice import Choice, none_reasons
from decisioning.deliberation import Deliberation
from decisioning.experiments import HELD_OUT, TREATED
from decisioning.gather import gather
from decisioning.paths import paths
from decisioning.times import NEVER, aware
from decisioning.value import Values

Texts = npt.NDArray[np.object_]


def decision_records(made: Deliberation) -> pd.DataFrame:
    """One row per customer in order of key; see `decision_log.RECORD_COLUMNS` for the columns."""
    given, rows, kept, values = made.receivers, made.rows, made.kept, made.worth
    view, told, count = made.view, made.told(), made.customer_count
    offer = view.assets.frame["offer"].to_numpy(dtype=np.int32)[kept.asset[rows]]
    ranked, lead = runner_up(made.choice)

    def of_all(values: npt.NDArray[Any], otherwise: Any) -> npt.NDArray[Any]:
        everybodys = np.full(count, otherwise, dtype=values.dtype)
        everybodys[given] = values
        return everybodys

    def texts(values: "npt.NDArray[Any] | pd.Series[Any]") -> Texts:
        found = np.array(values, dtype=object)
        found[pd.isna(found)] = None
        return of_all(found, None)

    is_send = made.choice.chosen >= 0
    return pd.DataFrame(
        {
            "as_of": pd.DatetimeIndex([view.as_of] * count, dtype="datetime64[us, UTC]"),
            "customer_id": view.customers.keys,
            "verb": np.where(is_send, "send", "none").astype(object),
            "is_ghost": made.is_held_out,
            "arm": np.where(made.is_held_out, HELD_OUT, TREATED).astype(object),
            "play": texts(told["play"]),
            "subject": texts(told["subject"]),
            "motive_sentence": texts(told["sentence"]),
            "facts": texts(told["facts"]),
            "asset_id": texts(view.assets.keys[kept.asset[rows]]),
            "asset_version": texts(view.assets.frame["version"].to_numpy(dtype=object)[kept.asset[rows]]),
            "title": texts(view.assets.frame["title"].to_numpy(dtype=object)[kept.asset[rows]]),
            "offer_id": texts(gather(view.offers.keys, offer, None)),
            "channel_id": texts(view.channels.keys[kept.channel[rows]]),
            "send_at": aware(of_all(made.times.send_at, NEVER)),
            "expires_at": aware(of_all(made.times.expires_at, NEVER)),
            "none_reason": none_reasons(made.choice, made.account.counts, made.motive_counts(), made.main_policy()),
            "value": of_all(values.value, 0.0),
            "value_parts": _or(of_all(_value_parts(values), None), "{}"),
            "confidence": of_all(values.confidence, np.nan),
            "evidence_grade": _or(texts(values.evidence_grade), made.usual_grade),
            "propensity": made.choice.explored.propensity,
            "touch_cost": of_all(values.touch_cost, 0.0),
            "funnel": _funnels(made),
            "refused_by": _refusals(made),
            "alternatives": alternatives(made, ranked),
            "shadow_price": _or(of_all(_paid(made.choice, rows), None), "{}"),
            "margin_to_runner_up": lead,
            "path": _or(of_all(paths(made, told), None), "[]"),
        }
    )


def _or(texts: Texts, otherwise: str) -> Texts:
    texts[pd.isna(texts)] = otherwise
    return texts


def _funnels(made: Deliberation) -> Texts:
    counts = made.account.counts
    shortlisted = np.bincount(made.kept.customer[made.choice.is_shortlisted], minlength=made.customer_count)
    stages: dict[str, npt.NDArray[Any]] = {
        "motives": made.motive_counts(),
        "candidates": counts[:, 0],
        "eligible": counts[:, 1],
        "affordable": counts[:, 2],
        "shortlisted": shortlisted,
    }
    counted = zip(*(np.asarray(each).tolist() for each in stages.values()), strict=True)
    # In the order of the funnel, which is worth more to a reader than the order of the alphabet.
    return np.array([json.dumps(dict(zip(stages, row, strict=True))) for row in counted], dtype=object)


def _refusals(made: Deliberation) -> Texts:
    """How many candidates each policy refused; the holdout is the arm and not repeated here."""
    refused = made.refused()
    names = sorted(refused)
    rows = zip(*(refused[name].tolist() for name in names), strict=True)
    return json_texts([{name: number for name, number in zip(names, row, strict=True) if number} for row in rows])


def _value_parts(values: Values) -> Texts:
    parts = {
        "margin_none": values.margin_none,
        "margin_touch": values.margin_none + values.gain,
        "offer_cost": values.offer_cost,
        "opt_out_cost": values.opt_out_cost,
        "touch_cost": values.touch_cost,
        "total": values.value,
        "total_low": values.low,
        "total_high": values.high,
        "uplift": values.uplift,
        "uplift_sd": values.uplift_sd,
        "p_redeem": values.p_redeem,
        "redemption_cost": values.redemption_cost,
    }
    rows = zip(*(part.tolist() for part in parts.values()), strict=True)
    return json_texts([{"margin_basis": values.margin_basis, **dict(zip(parts, row, strict=True))} for row in rows])


def _paid(choice: Choice, rows: npt.NDArray[np.int64]) -> Texts:
    """What some candidates pay for each limit that they use, in currency."""
    prices: list[dict[str, float]] = [{} for _ in rows]
    for place, family in enumerate(choice.limits):
        index = choice.used.index[place, rows]
        at = np.flatnonzero(index >= 0)
        named = zip(
            at.tolist(), family.names_of(index[at]).tolist(), choice.paid[place, rows[at]].tolist(), strict=True
        )
        for row, name, paid in named:
            prices[row][name] = paid
    return json_texts(prices)
