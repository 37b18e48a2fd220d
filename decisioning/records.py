"""The decision record: one row per customer, with what was chosen, why, what it is worth and what else there was.

Built as Arrow columns of all customers at once. What follows from other columns is not written down: readers put it
into words (`decisioning.explain`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from decisioning.alternatives import runner_up, runners_up
from decisioning.choice import none_reasons
from decisioning.deliberation import Deliberation
from decisioning.experiments import HELD_OUT, TREATED
from decisioning.gather import gather
from decisioning.links import links
from decisioning.record_lists import coded, list_column
from decisioning.times import NEVER

Texts = npt.NDArray[np.object_]
TIME = pa.timestamp("us", "UTC")


def actions_of(made: Deliberation) -> pd.DataFrame:
    """Who gets what, in order of customer, for whoever counts and asks.

    Returns:
        customer_id, is_ghost, verb, play, asset_id, channel_id, none_reason, value, confidence, touch_cost.
    """
    given, kept, rows, count = made.receivers, made.kept, made.rows, made.customer_count

    def of_all(values: npt.NDArray[Any], otherwise: Any) -> npt.NDArray[Any]:
        everybodys = np.full(count, otherwise, dtype=values.dtype)
        everybodys[given] = values
        return everybodys

    reasons = none_reasons(made.choice, made.account.counts, made.motive_counts(), made.main_policy())
    return pd.DataFrame(
        {
            "customer_id": made.view.customers.keys,
            "is_ghost": made.is_held_out,
            "verb": np.where(made.choice.chosen >= 0, "send", "none").astype(object),
            "play": of_all(made.motives.table["play"].to_numpy(dtype=object)[kept.motive[rows]], None),
            "asset_id": of_all(made.view.assets.keys[kept.asset[rows]], None),
            "channel_id": of_all(made.view.channels.keys[kept.channel[rows]], None),
            "none_reason": reasons,
            "value": of_all(made.worth.value, 0.0),
            "confidence": of_all(made.worth.confidence, np.nan),
            "touch_cost": of_all(made.worth.touch_cost, 0.0),
        }
    )


def decision_records(made: Deliberation, actions: pd.DataFrame) -> pa.Table:
    """One row per customer in order of key; see `record_columns.RECORD_COLUMNS` for the columns.

    Args:
        made: What was weighed.
        actions: As `actions_of` gives it, with `held_by`, `needs`, `withheld`, `remit` and `triggers`.
    """
    spread, values, view = _Spread(made), made.worth, made.view
    told, kept, asset = made.told(), made.kept, made.kept.asset[made.rows]
    offer = view.assets.frame["offer"].to_numpy(dtype=np.int32)[asset]
    ranked, lead = runner_up(made.choice)
    number = spread.number
    return pa.table(
        {
            "as_of": pa.repeat(pa.scalar(view.as_of, TIME), made.customer_count),
            "customer_id": pa.array(view.customers.keys, pa.string()),
            "verb": _either(made.choice.chosen >= 0, "send", "none"),
            "is_ghost": pa.array(made.is_held_out),
            "arm": _either(made.is_held_out, HELD_OUT, TREATED),
            "play": spread.texts(told["play"].to_numpy(dtype=object)),
            "subject": spread.texts(told["subject"].to_numpy(dtype=object)),
            "motive_sentence": spread.own(told["sentence"]),
            "facts": spread.own(told["facts"]),
            "evidence": spread.own(told["evidence"]),
            "link": spread.texts(links(view, told["subject"].to_numpy(dtype=object), asset)),
            "asset_id": spread.of(view.assets.keys, asset),
            "asset_version": spread.of(view.assets.frame["version"].to_numpy(dtype=object), asset),
            "title": spread.of(view.assets.frame["title"].to_numpy(dtype=object), asset),
            "offer_id": spread.of(view.offers.keys, offer),
            "channel_id": spread.of(view.channels.keys, kept.channel[made.rows]),
            "send_at": spread.time(made.times.send_at),
            "expires_at": spread.time(made.times.expires_at),
            "none_reason": coded(actions["none_reason"]),
            "value": number(values.value, 0.0),
            "value_low": number(values.low),
            "value_high": number(values.high),
            "margin_none": number(values.margin_none),
            "margin_touch": number(values.margin_none + values.gain),
            "margin_basis": spread.texts(np.full(len(asset), values.margin_basis, dtype=object)),
            "offer_cost": number(values.offer_cost),
            "opt_out_cost": number(values.opt_out_cost),
            "touch_cost": number(values.touch_cost, 0.0),
            "uplift": number(values.uplift),
            "uplift_sd": number(values.uplift_sd),
            "p_redeem": number(values.p_redeem),
            "redemption_cost": number(values.redemption_cost),
            "confidence": number(values.confidence),
            "evidence_grade": spread.texts(values.evidence_grade, made.usual_grade),
            "propensity": _number(made.choice.explored.propensity),
            **_funnel(made),
            "refusals": _refusals(made),
            "runners_up": runners_up(made, ranked),
            "prices_paid": _prices_paid(made),
            "margin_to_runner_up": _number(lead),
            **{name: coded(actions[name]) for name in ("held_by", "needs", "withheld", "remit", "triggers")},
            "boost": number(np.where(made.boost > 0, made.boost, np.nan)[asset]),
            "boost_because": spread.texts(made.boosted_because[asset]),
        }
    )


@dataclass(frozen=True, eq=False)
class _Spread:
    """What some customers get, as a column of everybody."""

    made: Deliberation

    @cached_property
    def place(self) -> npt.NDArray[np.int32]:
        """Which of the receivers each customer is, -1 for the others."""
        place = np.full(self.made.customer_count, -1, dtype=np.int32)
        place[self.made.receivers] = np.arange(len(self.made.receivers), dtype=np.int32)
        return place

    def of(self, keys: Texts, position: npt.NDArray[np.integer]) -> pa.Array:
        """The texts at these positions, -1 for none; others have none."""
        codes = gather(position.astype(np.int32), self.place, -1)
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(keys, pa.string()))

    def texts(self, values: Texts, otherwise: str | None = None) -> pa.Array:
        """A text per receiver; `otherwise` for the others."""
        told = coded(values)
        codes = told.indices.take(pa.array(self.place, mask=self.place < 0))
        if otherwise is None:
            return pa.DictionaryArray.from_arrays(codes, told.dictionary)
        more = pa.concat_arrays([told.dictionary, pa.array([otherwise])])
        return pa.DictionaryArray.from_arrays(codes.fill_null(len(told.dictionary)), more)

    def own(self, values: "pd.Series[Any]") -> pa.Array:
        """A text per receiver of which hardly any two are the same; others have none."""
        return pa.array(values, pa.string()).take(pa.array(self.place, mask=self.place < 0))

    def number(self, values: npt.NDArray[np.float64], otherwise: float = np.nan) -> pa.Array:
        """A number per receiver; `otherwise` for the others, and missing where it is not a number."""
        return _number(gather(np.asarray(values, dtype=np.float64), self.place, otherwise))

    def time(self, values: npt.NDArray[np.datetime64]) -> pa.Array:
        """A moment per receiver; others have none."""
        moments = gather(values.astype("datetime64[us]"), self.place, NEVER)
        return pa.array(moments, pa.timestamp("us")).cast(TIME)


def _number(values: npt.NDArray[np.float64]) -> pa.Array:
    return pa.array(values, from_pandas=True)


def _either(is_so: npt.NDArray[np.bool_], one: str, other: str) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array((~is_so).astype(np.int8)), pa.array([one, other]))


def _funnel(made: Deliberation) -> dict[str, pa.Array]:
    """How many motives and candidates of each customer came how far."""
    counts = made.account.counts
    shortlisted = np.bincount(made.kept.customer[made.choice.is_shortlisted], minlength=made.customer_count)
    stages: dict[str, npt.NDArray[Any]] = {
        "motives": made.motive_counts(),
        "candidates": counts[:, 0],
        "eligible": counts[:, 1],
        "affordable": counts[:, 2],
        "shortlisted": shortlisted,
    }
    return {name: pa.array(stage.astype(np.int64)) for name, stage in stages.items()}


def _refusals(made: Deliberation) -> pa.Array:
    """How many candidates each policy refused; the holdout is the arm and not repeated here."""
    refused = made.refused()
    names = sorted(refused)
    table = np.stack([refused[name] for name in names], axis=1)
    customer, policy = np.nonzero(table)
    counts = table[customer, policy].astype(np.int64)
    policies = pa.DictionaryArray.from_arrays(pa.array(policy.astype(np.int16)), pa.array(names))
    return list_column(customer, made.customer_count, {"policy": policies, "candidates": pa.array(counts)})


def _prices_paid(made: Deliberation) -> pa.Array:
    """What each decision pays for each limit that it uses, in currency, in order of the limits."""
    choice, rows, given = made.choice, made.rows, made.receivers
    index = choice.used.index[:, rows]
    receiver, family = np.nonzero(index.T >= 0)
    names = np.empty(len(receiver), dtype=object)
    for place, limits in enumerate(choice.limits):
        is_here = family == place
        names[is_here] = limits.names_of(index[place, receiver[is_here]])
    paid = np.asarray(choice.paid[:, rows][family, receiver], dtype=np.float64)
    return list_column(given[receiver], made.customer_count, {"limit": coded(names), "paid": pa.array(paid)})
