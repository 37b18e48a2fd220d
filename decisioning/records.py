"""The decision record: one row per customer, with what was chosen, why, what it is worth and what else there was."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.allocate import NOTHING
from decisioning.alternatives import alternatives, runner_up
from decisioning.canonical import json_texts
from decisioning.choice import Choice, none_reasons
from decisioning.deliberation import Deliberation
from decisioning.experiments import HELD_OUT, TREATED
from decisioning.gather import gather
from decisioning.paths import paths
from decisioning.screening import HOLDOUT
from decisioning.times import NEVER, Times, aware
from decisioning.value import Values
from graph.view import Nodes

Texts = npt.NDArray[np.object_]


def decision_records(made: Deliberation) -> pd.DataFrame:
    """One row per customer in order of key; see `decision_log.RECORD_COLUMNS` for the columns."""
    chosen = made.choice.chosen
    is_send = chosen >= 0
    candidates, values, motives = made.candidates, made.worth, made.motives.frame
    assets, offers = made.view.assets, made.view.offers
    motive = gather(candidates.motive, chosen, NOTHING)
    asset = gather(candidates.asset, chosen, NOTHING)
    offer = gather(assets.frame["offer"].to_numpy(dtype=np.int32), asset, NOTHING)
    other, lead = runner_up(made.choice)
    return pd.DataFrame(
        {
            "as_of": pd.DatetimeIndex([made.view.as_of] * made.customer_count, dtype="datetime64[us, UTC]"),
            "customer_id": made.view.customers.keys,
            "verb": np.where(is_send, "send", "none").astype(object),
            "is_ghost": made.is_held_out,
            "arm": np.where(made.is_held_out, HELD_OUT, TREATED).astype(object),
            "play": _texts(motives["play"], motive),
            "subject": _texts(motives["subject"], motive),
            "motive_sentence": _texts(motives["sentence"], motive),
            "facts": _texts(motives["facts"], motive),
            "asset_id": _keys(assets, asset),
            "asset_version": _texts(assets.frame["version"], asset),
            "title": _texts(assets.frame["title"], asset),
            "offer_id": _keys(offers, offer),
            "channel_id": _keys(made.view.channels, gather(candidates.channel, chosen, NOTHING)),
            "send_at": _times(made.times.send_at, chosen),
            "expires_at": _times(made.times.expires_at, chosen),
            "none_reason": none_reasons(made.choice, made.screened, made.motive_counts()),
            "value": _numbers(values.value, chosen, 0.0),
            "value_parts": _value_parts(values, chosen),
            "confidence": _numbers(values.confidence, chosen, np.nan),
            "evidence_grade": np.full(made.customer_count, values.evidence_grade, dtype=object),
            # Nothing is left to chance here: given its inputs, each decision was certain.
            "propensity": np.ones(made.customer_count),
            "touch_cost": _numbers(values.touch_cost, chosen, 0.0),
            "funnel": _funnels(made),
            "refused_by": _refusals(made),
            "alternatives": alternatives(made, other),
            "shadow_price": _paid(made.choice, chosen),
            "margin_to_runner_up": lead,
            "path": paths(made, chosen),
        }
    )


def _funnels(made: Deliberation) -> Texts:
    customer, count, choice = made.candidates.customer, made.customer_count, made.choice
    stages = {
        "motives": made.motive_counts(),
        "candidates": np.bincount(customer, minlength=count),
        "eligible": np.bincount(customer[choice.is_eligible], minlength=count),
        "affordable": np.bincount(customer[choice.is_affordable], minlength=count),
        "shortlisted": np.bincount(customer[choice.is_shortlisted], minlength=count),
    }
    counted = zip(*(counts.tolist() for counts in stages.values()), strict=True)
    # In the order of the funnel, which is worth more to a reader than the order of the alphabet.
    return np.array([json.dumps(dict(zip(stages, row, strict=True))) for row in counted], dtype=object)


def _refusals(made: Deliberation) -> Texts:
    """How many candidates each policy refused; the holdout is the arm and not repeated here."""
    customer, count = made.candidates.customer, made.customer_count
    names = [name for name in sorted(made.screened.by_policy) if name != HOLDOUT]
    refused = [np.bincount(customer[made.screened.by_policy[name]], minlength=count).tolist() for name in names]
    rows = zip(*refused, strict=True)
    return json_texts([{name: number for name, number in zip(names, row, strict=True) if number} for row in rows])


def _value_parts(values: Values, chosen: npt.NDArray[np.int64]) -> Texts:
    parts = {
        "margin_none": values.margin_none,
        "margin_touch": values.margin_none * (1.0 + values.uplift),
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
    given = np.flatnonzero(chosen >= 0)
    rows = zip(*(part[chosen[given]].tolist() for part in parts.values()), strict=True)
    texts = np.full(len(chosen), "{}", dtype=object)
    texts[given] = json_texts(
        [{"margin_basis": values.margin_basis, **dict(zip(parts, row, strict=True))} for row in rows]
    )
    return texts


def _paid(choice: Choice, chosen: npt.NDArray[np.int64]) -> Texts:
    """What each decision pays for each limit that it uses, in currency."""
    given = np.flatnonzero(chosen >= 0)
    paid, index = choice.paid[:, chosen[given]], choice.used.index[:, chosen[given]]
    texts = np.full(len(chosen), "{}", dtype=object)
    texts[given] = json_texts(
        [
            {
                family.name_of(index[row, at]): float(paid[row, at])
                for row, family in enumerate(choice.limits)
                if index[row, at] >= 0
            }
            for at in range(len(given))
        ]
    )
    return texts


def _keys(nodes: Nodes, positions: npt.NDArray[np.integer]) -> Texts:
    return gather(nodes.keys, positions, None)


def _texts(column: "pd.Series[Any]", positions: npt.NDArray[np.integer]) -> Texts:
    values = gather(column.to_numpy(dtype=object), positions, None)
    values[pd.isna(values)] = None
    return values


def _times(times: Times, chosen: npt.NDArray[np.int64]) -> pd.DatetimeIndex:
    return aware(gather(times, chosen, NEVER))


def _numbers(
    values: npt.NDArray[np.float64], chosen: npt.NDArray[np.int64], otherwise: float
) -> npt.NDArray[np.float64]:
    return gather(values, chosen, otherwise)
