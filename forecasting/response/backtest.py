"""How reactions were foreseen, by rolling origin, and how draws by chance were ranked by what a touch adds.

At each origin the model is fitted on what was known then, with windows that had closed, and judged by touches from then
to the next origin whose windows have closed since; of customers it knows what was known at the origin. Where nothing
was drawn by chance, no score of uplift exists, and the notes say so.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.backtest import (
    AGAINST_COLUMNS,
    ORIGIN_COLUMNS,
    SCORE_COLUMNS,
    Backtest,
    Curve,
    known_before,
    mean_interval,
    silent,
)
from forecasting.cadence.shopping_days import shopping_days
from forecasting.errors import TooLittleDataError
from forecasting.inputs import moment, utc_times
from forecasting.response.factors.model import ResponseModel
from forecasting.response.factors.observations import (
    Observations,
    opt_outs,
    redemptions,
    responses,
    settled,
    uplifts,
)
from forecasting.response.factors.situations import Situations, given
from forecasting.response.mailings import mailings
from forecasting.response.redemption import RedemptionModel
from forecasting.response.settings import ResponseSettings
from forecasting.response.uplift_curve import uplift_curve
from forecasting.values import Floats
from forecasting.values.response import Target

ORIGINS = (0.5, 0.65, 0.8)  # shares of closed touches that lie before each origin
BANDS = 10
OURS, BASE, ASSET, MAILINGS = "factors", "base rate", "asset mean", "model of mailings"
CHANCES: tuple[Target, ...] = ("p_response", "p_redeem", "p_opt_out")
STRENGTH = 20.0  # touches that the base rate is worth in an asset's mean


def backtest_response(
    tables: Mapping[str, pd.DataFrame],
    settings: ResponseSettings,
    *,
    as_of: datetime,
    timezone: str,
    seed: int,
    report: Callable[[str], None] = silent,
) -> Backtest:
    """Judge P(response), P(redeem), P(opt-out) and, where arms were drawn by chance, uplift.

    Args:
        tables: Canonical tables.
        settings: Windows and priors.
        as_of: Aware datetime; nothing from then on is looked at.
        timezone: IANA name.
        seed: Written down; nothing here is random.
        report: Told what is going on.

    Raises:
        TooLittleDataError: No touch whose window has closed was followed by anything, and nothing was drawn.
    """
    rows = given(tables, as_of)
    known = Situations.read(rows, settings, as_of=as_of, timezone=timezone)
    judged: dict[Target, Observations] = {
        "p_response": responses(rows, known, as_of=as_of),
        "p_redeem": redemptions(rows, known, as_of=as_of),
        "p_opt_out": opt_outs(rows, known, as_of=as_of),
    }
    drawn = settled(uplifts(rows, known, "margin_uplift", as_of=as_of))
    times = np.concatenate([part.at for part in (*judged.values(), drawn) if part is not None])
    if len(times) == 0:
        raise TooLittleDataError(
            "No touch or draw has a window that is closed.", where="touches",
            remedy="Wait until windows close, or shorten wait_days and value_window_days.",
        )  # fmt: skip
    origins = np.unique(np.quantile(times.astype(np.int64), ORIGINS).astype("datetime64[us]"))
    ends = np.append(origins[1:], moment(as_of))
    collected: dict[Target, list[pd.DataFrame]] = {}
    ranked: list[pd.DataFrame] = []
    for origin, end in zip(origins, ends, strict=True):
        at = pd.Timestamp(origin, tz="UTC").to_pydatetime()
        report(f"fitting at {at:%Y-%m-%d}")
        model = ResponseModel(settings, random_state=seed).fit(known_before(tables, at), as_of=at, timezone=timezone)
        for target, every in judged.items():
            chosen = _between(every, origin, end)
            if target in model.fitted_ and len(chosen):
                said = _foreseen(model, target, chosen, every=every, known=known, origin=origin)
                if target == "p_redeem":
                    said[MAILINGS] = _by_mailings(tables, known, between=(origin, end), as_of=as_of, seed=seed)
                collected.setdefault(target, []).append(said)
        if drawn is not None and "margin_uplift" in model.fitted_:
            chosen = _between(drawn, origin, end)
            if len(chosen):
                ranked.append(_ranked(model, chosen, known, origin))
    return _told(collected, ranked, drawn=drawn, origins=origins, settings=settings, seed=seed)


def _between(rows: Observations, origin: np.datetime64, end: np.datetime64) -> Observations:
    chosen = (rows.at >= origin) & (rows.at < end)
    names = ("customer", "asset", "channel", "at", "target", "weight", "share")
    parts = {name: getattr(rows, name)[chosen] for name in names}
    return Observations(**parts, grade=rows.grade, has_random_past=rows.has_random_past, source=rows.source)


def _at_origin(model: ResponseModel, rows: Observations, known: Situations, origin: np.datetime64) -> Observations:
    """The rows as they could be asked about at the origin: its knowledge, and its positions of assets."""
    asset = model.known_.positions(np.append(known.assets, np.array([None], dtype=object))[rows.asset])
    return Observations(
        rows.customer, asset, rows.channel, np.full(len(rows), origin), rows.target, rows.weight, rows.share,
        rows.grade, rows.has_random_past, rows.source,
    )  # fmt: skip


def _foreseen(
    model: ResponseModel, target: Target, rows: Observations, *, every: Observations, known: Situations,
    origin: np.datetime64,
) -> pd.DataFrame:  # fmt: skip
    """Label and what each model says, one row per touch."""
    wait = np.timedelta64(known.settings.wait_days, "D")
    past = every.at + wait <= origin
    labels, weight, asset = every.target[past], every.share[past], every.asset[past]
    base = float(labels.sum() / max(weight.sum(), 1e-12))
    size = len(known.assets) + 1
    events, exposed = (np.bincount(asset % size, values, minlength=size) for values in (labels, weight))
    means = (events + STRENGTH * base) / (exposed + STRENGTH)
    return pd.DataFrame(
        {
            "origin": origin,
            "customer": rows.customer,
            "label": rows.target,
            OURS: model.probabilities(target, _at_origin(model, rows, known, origin)),
            BASE: np.clip(base * rows.share, 1e-6, 1 - 1e-6),
            ASSET: np.clip(means[rows.asset % size] * rows.share, 1e-6, 1 - 1e-6),
        }
    )


def foreseen(
    model: ResponseModel, tables: Mapping[str, pd.DataFrame], targets: Collection[Target], *, origin: datetime,
    until: datetime, timezone: str, seed: int = 0, with_mailings: bool = False,
) -> dict[Target, pd.DataFrame]:  # fmt: skip
    """What a model said at an origin of the touches from then on whose windows have closed since, by target.

    Returns:
        Columns `customer`, `label`, `factors`, and with `with_mailings` of redemptions what the model of mailings
        said. A target that the model has not learnt is said by its stated prior.
    """
    rows = given(tables, until)
    known = Situations.read(rows, model.settings_, as_of=until, timezone=timezone)
    observe = {"p_response": responses, "p_redeem": redemptions, "p_opt_out": opt_outs}
    start, found = moment(origin), {}
    for target in targets:
        chosen = _between(observe[target](rows, known, as_of=until), start, moment(until))
        if not len(chosen):
            continue
        asked = _at_origin(model, chosen, known, start)
        stated = np.clip(model.stated(target) * chosen.share, 0.0, 1.0)
        said = model.probabilities(target, asked) if target in model.fitted_ else stated
        found[target] = pd.DataFrame({"customer": chosen.customer, "label": chosen.target, OURS: said})
        if with_mailings:
            found[target][MAILINGS] = _by_mailings(
                tables, known, between=(start, moment(until)), as_of=until, seed=seed
            )
    return found


def _by_mailings(
    tables: Mapping[str, pd.DataFrame], known: Situations, *, between: tuple[np.datetime64, np.datetime64],
    as_of: datetime, seed: int,
) -> Floats:  # fmt: skip
    """What the model that runs take redemption from says of the same exposures in the same order, at the origin."""
    origin = pd.Timestamp(between[0], tz="UTC").to_pydatetime()
    settings, timezone = known.settings, known.timezone
    before, every = given(known_before(tables, origin), origin), given(tables, as_of)
    days = shopping_days(before["purchases"], before["products"], as_of=origin, timezone=timezone)
    model = RedemptionModel(prior=settings.redemption_prior, wait_days=settings.wait_days, random_state=seed)
    frames = before["touches"], before["outcomes"], before["assets"], before["campaigns"]
    model.fit(*frames, days, as_of=origin, timezone=timezone)
    frames = every["touches"], every["outcomes"], every["assets"], every["campaigns"]
    sent = mailings(*frames, as_of=as_of, timezone=timezone, wait_days=settings.wait_days)
    at = utc_times(every["touches"], "touches", "sent_at")
    order = pd.Series(at, index=every["touches"]["touch_id"]).reindex(sent.touch_ids[sent.touch]).to_numpy()
    chosen = sent.is_closed & (order >= between[0]) & (order < between[1])
    return model.probabilities(sent, chosen, as_sent=True)


def _ranked(model: ResponseModel, rows: Observations, known: Situations, origin: np.datetime64) -> pd.DataFrame:
    predicted = model.probabilities("margin_uplift", _at_origin(model, rows, known, origin))
    score = rows.target * rows.weight / rows.weight.mean()
    return pd.DataFrame({"origin": origin, "customer": rows.customer, "predicted": predicted, "score": score})


def _told(
    collected: Mapping[Target, list[pd.DataFrame]],
    ranked: list[pd.DataFrame],
    *,
    drawn: Observations | None,
    origins: np.ndarray,
    settings: ResponseSettings,
    seed: int,
) -> Backtest:
    scores: list[tuple[object, ...]] = []
    against: list[tuple[object, ...]] = []
    by_origin: list[tuple[object, ...]] = []
    curves: list[Curve] = []
    notes = ["A redemption or a click is response, never what a touch adds: most who redeem would have bought anyway."]
    is_better = True
    for target, parts in collected.items():
        frame = pd.concat(parts, ignore_index=True)
        if frame["label"].nunique() < 2:  # noqa: PLR2004 - one class says nothing
            notes.append(f"{target}: nobody, or everybody, reacted in the weeks reported; nothing can be scored.")
            continue
        found, compared = _scored(target, frame)
        scores += found
        against += compared
        is_better &= all(bool(row[5]) for row in compared if row[0] == BASE and str(row[1]).endswith("log loss"))
        for origin in np.unique(frame["origin"]):
            part, stamp = frame[frame["origin"] == origin], pd.Timestamp(origin, tz="UTC")
            by_origin += [
                (stamp, name, f"{target} brier", _brier(part, name).mean(), len(part)) for name in _models(frame)
            ]
        curves.append(_reliability(target, frame))
    if ranked:
        found, curve = _ranking(pd.concat(ranked, ignore_index=True))
        scores += found
        curves.append(curve)
        notes.append(f"Draws: {drawn.grade if drawn else 'none'}. The area is 0 for a ranking by chance.")
    else:
        why = "Nothing was drawn by chance" if drawn is None else "Nothing was drawn by chance after an origin"
        notes.append(f"{why}: uplift has no score here, and none of these numbers says that a touch adds anything.")
        is_better &= bool(collected)
    days = f"{settings.wait_days} days of waiting, {settings.value_window_days} days of value"
    first, last = (pd.Timestamp(edge).strftime("%Y-%m-%d") for edge in (origins[0], origins[-1]))
    return Backtest(
        what="response",
        subject="P(reaction to a touch), and margin that a touch adds, per customer, asset and channel",
        splits=f"{len(origins)} origins from {first} to {last}; each fitted on closed windows before it; {days}",
        seed=seed,
        scores=pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        against=pd.DataFrame(against, columns=list(AGAINST_COLUMNS)),
        by_origin=pd.DataFrame(by_origin, columns=list(ORIGIN_COLUMNS)),
        curves=tuple(curves),
        notes=tuple(notes),
        is_better=bool(is_better and scores),
    )


def _models(frame: pd.DataFrame) -> list[str]:
    return [name for name in (OURS, BASE, ASSET, MAILINGS) if name in frame.columns]


def _brier(frame: pd.DataFrame, name: str) -> Floats:
    return np.asarray((frame[name] - frame["label"]) ** 2, dtype=np.float64)


def _log_loss(frame: pd.DataFrame, name: str) -> Floats:
    chance, label = np.clip(frame[name].to_numpy(), 1e-9, 1 - 1e-9), frame["label"].to_numpy()
    return np.asarray(-label * np.log(chance) - (1 - label) * np.log(1 - chance))


def _scored(target: Target, frame: pd.DataFrame) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    from sklearn.metrics import roc_auc_score

    customer, rows = frame["customer"].to_numpy(dtype=object), len(frame)
    scores: list[tuple[object, ...]] = []
    against: list[tuple[object, ...]] = []
    for name in _models(frame):
        is_ours = name == OURS
        for metric, loss in (("brier", _brier(frame, name)), ("log loss", _log_loss(frame, name))):
            scores.append((name, f"{target} {metric}", *mean_interval(loss, customer), rows, is_ours, True))
            if not is_ours:
                own = _brier(frame, OURS) if metric == "brier" else _log_loss(frame, OURS)
                mean, low, high = mean_interval(own - loss, customer)
                against.append((name, f"{target} {metric}", mean, low, high, high < 0))
        area = float(roc_auc_score(frame["label"], frame[name]))
        scores.append((name, f"{target} area under curve", area, np.nan, np.nan, rows, is_ours, False))
        mean = float(frame[name].mean() / frame["label"].mean())
        scores.append((name, f"{target} predicted over happened", mean, np.nan, np.nan, rows, is_ours, False))
    error = calibration_error(frame[OURS].to_numpy(), frame["label"].to_numpy())
    scores.append((OURS, f"{target} calibration error", error, np.nan, np.nan, rows, True, True))
    return scores, against


def calibration_error(predicted: Floats, happened: Floats, bands: int = BANDS) -> float:
    """Mean absolute difference of predicted and happened over equally large bands of the prediction."""
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, bands) if len(part)]
    return float(
        sum(abs(predicted[part].mean() - happened[part].mean()) * len(part) for part in parts) / len(predicted)
    )


def _reliability(target: Target, frame: pd.DataFrame) -> Curve:
    order = np.argsort(frame[OURS].to_numpy(), kind="stable")
    parts = [part for part in np.array_split(order, BANDS) if len(part)]
    said = np.array([frame[OURS].to_numpy()[part].mean() for part in parts])
    happened = np.array([frame["label"].to_numpy()[part].mean() for part in parts])
    title = f"What was foreseen of {target}, and what happened"
    return Curve(title, "foreseen chance", "share that happened", "reliability", {OURS: (said, happened)})


def _ranking(frame: pd.DataFrame) -> tuple[list[tuple[object, ...]], Curve]:
    """Area under the uplift curve of unseen draws, with its interval, and the mean effect of those ranked first."""
    predicted, score = frame["predicted"].to_numpy(), frame["score"].to_numpy()
    curve = uplift_curve(predicted, score)
    rank = np.argsort(np.argsort(-predicted, kind="stable"), kind="stable") / len(frame)
    _, low, high = mean_interval((0.5 - rank) * score, frame["customer"].to_numpy(dtype=object))
    middle = (low + high) / 2
    rows, metric = len(frame), "margin_uplift area under uplift curve"
    scores: list[tuple[object, ...]] = [
        (OURS, metric, curve.area, curve.area - (middle - low), curve.area + (high - middle), rows, True, False),
        ("by chance", metric, 0.0, np.nan, np.nan, rows, False, False),
    ]
    every = mean_interval(score, frame["customer"].to_numpy(dtype=object))
    scores.append(("everybody", "margin_uplift mean effect", *every, rows, False, False))
    scores.append((OURS, "margin_uplift mean effect", float(predicted.mean()), np.nan, np.nan, rows, True, False))
    title = "Margin gained per customer when the best ranked are touched"
    line = {OURS: (curve.share, curve.gain), "by chance": (np.array([0.0, 1.0]), np.array([0.0, curve.gain[-1]]))}
    return scores, Curve(title, "share of customers touched", "margin per customer", "lines", line)


__all__ = ["backtest_response", "calibration_error", "foreseen"]
