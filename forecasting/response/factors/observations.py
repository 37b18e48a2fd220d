"""What followed touches and draws, as rows that a regression can learn from; open windows are no zeros."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.evidence.draws import NOTHING, Draws
from forecasting.evidence.experiments import closed_windows
from forecasting.evidence.grading import grade
from forecasting.evidence.windows import window_sums
from forecasting.inputs import moment, utc_times
from forecasting.response.factors.learners import ridge
from forecasting.response.factors.situations import OPT_OUTS, RESPONSES, Situations
from forecasting.response.factors.units import Positions
from forecasting.response.mailings import mailings
from forecasting.response.settings import ResponseSettings
from forecasting.values import EvidenceGrade, Floats, Keys, Times
from forecasting.values.response import Target

MOST_ARMS = 10
LEAST_OF_ARM = 10  # rows of an arm, and of nothing dealt to it, below which they say nothing


@dataclass(frozen=True, eq=False)
class Observations:
    """Rows of one target.

    Attributes:
        customer: Keys, shape (rows,).
        asset: Position among the assets, -1 where unknown.
        channel: Keys.
        at: Moment of the touch or draw.
        target: 0 or 1, or an amount.
        weight: How much of a row it is.
        share: Below 1 where the touch carried only some of its campaign's assets; its logarithm is added to log-odds.
        grade: How the target is identified.
        has_random_past: Whether earlier touches were drawn by chance, so that fatigue can be fitted.
        source: What the rows are.
    """

    customer: Keys
    asset: Positions
    channel: Keys
    at: Times
    target: Floats
    weight: Floats
    share: Floats
    grade: EvidenceGrade
    has_random_past: bool
    source: str

    def __len__(self) -> int:
        return len(self.customer)


def reactions(
    tables: Mapping[str, pd.DataFrame], known: Situations, names: tuple[str, ...], *, as_of: datetime
) -> Observations:
    """Whether a touch was followed by one of the outcomes within the wait, for touches that were waited for."""
    settings = known.settings
    touches = tables["touches"].sort_values(["sent_at", "customer_id", "touch_id"], kind="stable")
    sent = utc_times(touches, "touches", "sent_at")
    wait = np.timedelta64(settings.wait_days, "D")
    closed = sent + wait <= moment(as_of)
    touches, sent = touches[closed], sent[closed]
    follows = _touch_of(tables["outcomes"][tables["outcomes"]["name"].isin(names)], touches, sent, wait)
    label = np.zeros(len(touches))
    label[follows] = 1.0
    drawn = float(touches["experiment_id"].notna().mean()) if len(touches) else 0.0
    return Observations(
        touches["customer_id"].to_numpy(dtype=object),
        known.positions(touches["asset_id"].to_numpy(dtype=object)),
        touches["channel_id"].to_numpy(dtype=object),
        sent,
        label,
        np.ones(len(touches)),
        np.ones(len(touches)),
        "assumed",
        drawn >= 0.5,  # noqa: PLR2004 - most of them
        f"{len(touches)} touches with {int(label.sum())} reactions",
    )


def responses(tables: Mapping[str, pd.DataFrame], known: Situations, *, as_of: datetime) -> Observations:
    """Touches that somebody reacted to."""
    return reactions(tables, known, RESPONSES, as_of=as_of)


def opt_outs(tables: Mapping[str, pd.DataFrame], known: Situations, *, as_of: datetime) -> Observations:
    """Touches that somebody left after."""
    return reactions(tables, known, OPT_OUTS, as_of=as_of)


def redemptions(tables: Mapping[str, pd.DataFrame], known: Situations, *, as_of: datetime) -> Observations:
    """Exposures to assets with an offer, and whether the customer redeemed."""
    sent = mailings(
        tables["touches"], tables["outcomes"], tables["assets"], tables["campaigns"],
        as_of=as_of, timezone=known.timezone, wait_days=known.settings.wait_days,
    )  # fmt: skip
    touches = tables["touches"].set_index("touch_id")
    touch = sent.touch_ids[sent.touch[sent.is_closed]]
    rows = touches.reindex(pd.Index(touch))
    label = sent.is_redeemed[sent.is_closed].astype(np.float64)
    share = sent.share[sent.is_closed]
    return Observations(
        sent.customers[sent.customer[sent.is_closed]],
        known.positions(sent.assets[sent.asset[sent.is_closed]]),
        rows["channel_id"].to_numpy(dtype=object),
        utc_times(rows, "touches", "sent_at"),
        label,
        np.ones(len(label)),
        share,
        "assumed",
        bool(rows["experiment_id"].notna().mean() >= 0.5) if len(rows) else False,  # noqa: PLR2004 - most of them
        f"{len(np.unique(touch))} mailings with {int(label.sum())} redemptions",
    )


def _touch_of(outcomes: pd.DataFrame, touches: pd.DataFrame, sent: Times, wait: np.timedelta64) -> Positions:
    """Positions of touches that an outcome followed in time, by touch_id or by customer and asset."""
    frame = pd.DataFrame(
        {"touch_id": touches["touch_id"].to_numpy(), "customer_id": touches["customer_id"].to_numpy(),
         "asset_id": touches["asset_id"].to_numpy(), "place": np.arange(len(touches)), "sent": sent}
    )  # fmt: skip
    at = utc_times(outcomes, "outcomes", "occurred_at")
    happened = outcomes[["touch_id", "customer_id", "asset_id"]].assign(at=at)
    named = happened[happened["touch_id"].notna()].merge(frame[["touch_id", "place", "sent"]], on="touch_id")
    lost = happened[happened["touch_id"].isna() & happened["asset_id"].notna()].reset_index(names="row")
    by_asset = lost.drop(columns="touch_id").merge(frame.drop(columns="touch_id"), on=["customer_id", "asset_id"])
    by_asset = by_asset[by_asset["sent"] <= by_asset["at"]]
    latest = by_asset.sort_values(["row", "place"]).drop_duplicates("row", keep="last")
    found = pd.concat([named[["place", "sent", "at"]], latest[["place", "sent", "at"]]])
    in_time = (found["at"] >= found["sent"]) & (found["at"] < found["sent"] + wait)
    return np.unique(found.loc[in_time, "place"].to_numpy(dtype=np.int64))


def uplifts(
    tables: Mapping[str, pd.DataFrame], known: Situations, target: Target, *, as_of: datetime
) -> list[Observations]:
    """What each arm changed against nothing, by experiment, as transformed outcomes whose mean is the effect.

    With m(x) the outcome's level and e the share of the arm among arm and nothing, (outcome - m) / (treated - e) has
    the effect as its mean when it is weighted by (treated - e)² (Robinson 1988; Nie and Wager 2021). Where an
    experiment has several arms, each row of nothing is compared with one of them, dealt out by chance.
    """
    counted = _counted(tables, known, target, as_of=as_of)
    if counted is None:
        return []
    found = []
    for experiment in np.unique(counted.experiment):
        part = counted.of(experiment)
        arms = set(part.arm.tolist())
        if NOTHING not in arms or len(arms) == 1 or np.ptp(part.outcome) == 0:
            continue
        graded = grade(part.draws(), days=part.days).grade
        found.append(_against_nothing(part, known, graded, str(experiment)))
    return [one for one in found if len(one)]


@dataclass(frozen=True, eq=False)
class _Counted:
    """Closed draws in canonical order, and what came in their window."""

    experiment: Keys
    customer: Keys
    at: Times
    arm: Keys
    asset: Positions
    channel: Keys
    propensity: Floats
    outcome: Floats
    earlier: Floats
    columns: Floats
    days: float

    def of(self, experiment: object) -> "_Counted":
        return self.where(self.experiment == experiment)

    def where(self, chosen: npt.NDArray[np.bool_]) -> "_Counted":
        arrays = {name: getattr(self, name)[chosen] for name in self.__dataclass_fields__ if name != "days"}
        return _Counted(**arrays, days=self.days)

    def draws(self) -> Draws:
        """For its grade; many arms are judged as one, "something", against nothing."""
        arm, propensity = self.arm, self.propensity
        if len(set(arm.tolist())) > MOST_ARMS and NOTHING in arm:
            is_nothing = arm == NOTHING
            arm = np.where(is_nothing, NOTHING, "something").astype(object)
            propensity = np.where(is_nothing, propensity, 1 - propensity[is_nothing].mean())
        return Draws(
            self.customer, self.customer, arm, self.at, self.outcome, self.earlier, propensity,
            experiment=self.experiment,
        )  # fmt: skip


def _counted(
    tables: Mapping[str, pd.DataFrame], known: Situations, target: Target, *, as_of: datetime
) -> _Counted | None:
    """Draws whose window is closed; what results say of an experiment stands in the place of events."""
    settings, key = known.settings, ["experiment_id", "customer_id", "assigned_at"]
    assignments, results = tables["assignments"], tables["results"]
    # an arm that names neither, such as all who are not held out, is not one touch, and tells nothing about one
    names_touch = assignments["asset_id"].notna() | assignments["channel_id"].notna()
    assignments = assignments[names_touch | (assignments["arm"] == NOTHING)]
    metric = settings.margin_metric if target == "margin_uplift" else settings.response_metric
    told = results[results["metric"] == metric].sort_values([*key, "window_days"], kind="stable")
    told = told.drop_duplicates(key, keep="last")
    is_told = assignments["experiment_id"].isin(told["experiment_id"])
    by_result = assignments[is_told].merge(told[[*key, "value", "window_days"]], on=key)
    closed = [
        part[closed_windows(part, days=float(part["window_days"].iloc[0]), as_of=as_of)]
        for _, part in by_result.groupby("window_days")
    ]
    days = float(settings.value_window_days)
    open_or_not = assignments[~is_told]
    by_event = open_or_not[closed_windows(open_or_not, days=days, as_of=as_of)]
    parts = [part for part in (*closed, by_event) if len(part)]
    if not parts:
        return None
    rows = pd.concat(parts, ignore_index=True).sort_values([*key, "arm"], kind="stable")
    customer, at = rows["customer_id"].to_numpy(dtype=object), utc_times(rows, "assignments", "assigned_at")
    sums = window_sums(customer, at, known.margin, days=days, earlier=1)
    bought = window_sums(customer, at, known.orders, days=days, earlier=0)[:, 0] > 0
    by_events = sums[:, 0] if target == "margin_uplift" else bought.astype(np.float64)
    stated = rows["value"].to_numpy(dtype=np.float64) if "value" in rows.columns else np.full(len(rows), np.nan)
    return _Counted(
        rows["experiment_id"].to_numpy(dtype=object), customer, at, rows["arm"].to_numpy(dtype=object),
        known.positions(rows["asset_id"].to_numpy(dtype=object)), rows["channel_id"].to_numpy(dtype=object),
        rows["propensity"].to_numpy(dtype=np.float64), np.where(np.isnan(stated), by_events, stated), sums[:, 1:],
        known.of_customers(customer, at), days,
    )  # fmt: skip


def _against_nothing(part: _Counted, known: Situations, graded: EvidenceGrade, experiment: str) -> Observations:
    """Every arm against its share of the rows of nothing."""
    names, code = np.unique(part.arm.astype(str), return_inverse=True)
    is_nothing = part.arm == NOTHING
    sizes = np.bincount(code[~is_nothing], minlength=len(names)).astype(np.float64)
    fraction = sizes / sizes.sum()
    dealt = code.copy()
    rows_of_nothing = np.flatnonzero(is_nothing)
    dealt[rows_of_nothing] = np.random.default_rng(0).choice(len(names), len(rows_of_nothing), p=fraction)
    share = _share(part, is_nothing, code, dealt, fraction)
    usable = np.minimum(
        np.bincount(dealt[is_nothing], minlength=len(names)), np.bincount(dealt[~is_nothing], minlength=len(names))
    )
    kept = usable[dealt] >= LEAST_OF_ARM
    # Arms are of one asset and channel each: those of an arm's first row stand for the rows of nothing dealt to it.
    first = np.array([np.flatnonzero(~is_nothing & (code == place))[:1].sum() for place in range(len(names))])
    asset = np.where(is_nothing, part.asset[first[dealt]], part.asset)
    channel = np.where(is_nothing, part.channel[first[dealt]], part.channel)
    columns = np.column_stack([part.columns, known.affinity(part.customer, asset, part.at)])
    level = np.zeros(len(part.outcome))
    fold = np.arange(len(level)) % 2
    for half in (0, 1):
        others = fold != half
        intercept, slopes = ridge(columns[others], part.outcome[others], np.ones(int(others.sum())))
        level[~others] = intercept + columns[~others] @ slopes
    apart = np.where(is_nothing, -share, 1 - share)
    return Observations(
        part.customer[kept], asset[kept], channel[kept], part.at[kept],  # noqa: PD008 - an array of moments
        ((part.outcome - level) / apart)[kept], (apart**2)[kept], np.ones(int(kept.sum())), graded,
        graded == "randomised" and bool(pd.Series(part.customer).duplicated().any()),
        f"{int(kept.sum())} draws of experiment {experiment}",
    )  # fmt: skip


def _share(
    part: _Counted, is_nothing: npt.NDArray[np.bool_], code: Positions, dealt: Positions, fraction: Floats
) -> Floats:
    """P(arm | arm, or nothing that was dealt to it) of each row."""
    own = part.propensity
    if not np.isfinite(own).all():
        counts = np.bincount(code, minlength=len(fraction))
        own = (counts / counts.sum())[code]
    mean = np.bincount(code, own, minlength=len(fraction)) / np.maximum(np.bincount(code, minlength=len(fraction)), 1)
    of_nothing = float(own[is_nothing].mean())
    treated = np.where(is_nothing, mean[dealt], own)
    # Without the other arm's chance in the row: what is left of one, where there are two arms, else its mean.
    two = len(fraction) == 2  # noqa: PLR2004
    nothing = np.where(is_nothing, own, 1 - own if two else of_nothing)
    treated = np.where(is_nothing, 1 - own, treated) if two else treated
    return np.clip(treated / (treated + nothing * fraction[dealt]), 0.01, 0.99)


def settled(parts: list[Observations]) -> Observations | None:
    """The rows of the best grade there is; None where nothing better than `assumed` is known."""
    for wanted in ("randomised", "adjusted"):
        chosen = [part for part in parts if part.grade == wanted]
        if chosen:
            joined = {
                name: np.concatenate([getattr(part, name) for part in chosen])
                for name in ("customer", "asset", "channel", "at", "target", "weight", "share")
            }
            return Observations(
                **joined,
                grade=chosen[0].grade,
                has_random_past=any(part.has_random_past for part in chosen),
                source="; ".join(part.source for part in chosen),
            )
    return None


__all__ = ["Observations", "ResponseSettings", "opt_outs", "redemptions", "responses", "settled", "uplifts"]
