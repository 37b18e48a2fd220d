"""Whether inputs or scores are still distributed as they were when a model learnt.

A column drifts when two things hold: the difference is beyond chance (Kolmogorov-Smirnov for numbers, chi-squared for
categories and for missing values; Holm's correction for the number of columns), and it is large (population stability
index above what so many rows give by chance). With a million rows the first alone would always ring, with a hundred the
second.
"""

import numpy as np
import pandas as pd

from forecasting.anomaly.settings import AnomalySettings
from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.values import Floats
from forecasting.values.anomaly import Drift

BINS = 10
LEAST_ROWS = 30
MOST_CATEGORIES = 50
HALF = 0.5
OTHER = "(other)"
MISSING = "(missing)"


def drift(reference: pd.DataFrame, current: pd.DataFrame, settings: AnomalySettings | None = None) -> Drift:
    """Compare every column of the reference with the same one of the current table.

    Args:
        reference: What a model learnt from (or its scores then); numbers, booleans or texts.
        current: What it sees now. Columns that the reference lacks are not looked at.
        settings: How large and how certain a difference must be.

    Raises:
        TooLittleDataError: Fewer than thirty rows in one of them.
        ForecastingError: The reference has no columns, or a number is infinite.
    """
    settings = settings or AnomalySettings()
    if not len(reference.columns):
        raise ForecastingError("The reference has no columns.", where="drift", remedy="Give the columns to compare.")
    for name, table in (("reference", reference), ("current table", current)):
        if len(table) < LEAST_ROWS:
            raise TooLittleDataError(
                f"The {name} has {len(table)} rows.", where="drift", remedy=f"Give {LEAST_ROWS} at least."
            )
    rows = [_column(reference[name], current.get(name), str(name)) for name in reference.columns]
    found = pd.DataFrame(rows, columns=["column", "kind", "psi", "by_chance", "p", "missing_before", "missing_now"])
    adjusted = _holm(found["p"].to_numpy(dtype=np.float64))
    beyond = (found["psi"] - found["by_chance"]).to_numpy(dtype=np.float64)
    is_gone = (found["kind"] == "missing").to_numpy()
    is_drifted = is_gone | ((adjusted < settings.drift_p) & (beyond > settings.drift_psi))
    return Drift(
        column=found["column"].to_numpy(dtype=object),
        kind=found["kind"].to_numpy(dtype=object),
        psi=found["psi"].to_numpy(dtype=np.float64),
        psi_by_chance=found["by_chance"].to_numpy(dtype=np.float64),
        p_value=found["p"].to_numpy(dtype=np.float64),
        adjusted_p=adjusted,
        missing_reference=found["missing_before"].to_numpy(dtype=np.float64),
        missing_current=found["missing_now"].to_numpy(dtype=np.float64),
        is_drifted=is_drifted,
        reason=np.array(
            [
                _reason(
                    is_gone=bool(gone),
                    is_beyond_chance=p < settings.drift_p,
                    is_large=more > settings.drift_psi,
                )
                for gone, p, more in zip(is_gone, adjusted, beyond, strict=True)
            ],
            dtype=object,
        ),
        reference_rows=len(reference),
        current_rows=len(current),
    )


def _reason(*, is_gone: bool, is_beyond_chance: bool, is_large: bool) -> str:
    if is_gone:
        return "the column is missing, empty, or of another type in one of the tables"
    if is_beyond_chance and is_large:
        return "differs beyond chance, and much"
    if is_beyond_chance:
        return "differs beyond chance, but little"
    return "no more than chance"


def _column(before: pd.Series, now: pd.Series | None, name: str) -> tuple[str, str, float, float, float, float, float]:
    gone_before = float(before.isna().mean())
    gone_now = 1.0 if now is None else float(now.isna().mean())
    is_number = _is_number(before)
    is_empty = (gone_before == 1) != (gone_now == 1)
    if now is None or is_empty or (is_number != _is_number(now) and gone_before < 1):
        return (name, "missing", 0.0, 0.0, 0.0, gone_before, gone_now)
    if gone_before == 1:
        return (name, "category", 0.0, 0.0, 1.0, 1.0, 1.0)
    if is_number:
        shares, p = _numbers(_floats(before, name), _floats(now, name))
    else:
        shares = _categories(before, now)
        p = _chi_squared(*shares)
    psi, by_chance = _stability(*shares)
    return (name, "number" if is_number else "category", psi, by_chance, p, gone_before, gone_now)


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _floats(values: pd.Series, name: str) -> Floats:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(numbers).any():
        raise ForecastingError(
            f"Column {name} holds {int(np.isinf(numbers).sum())} infinite values.",
            where="drift",
            remedy="Quarantine such rows.",
        )
    return numbers


def _numbers(before: Floats, now: Floats) -> tuple[tuple[Floats, Floats], float]:
    """Counts per bin (missing values are one more), and the smaller p of values and of their absence, doubled."""
    from scipy.stats import ks_2samp

    there_before, there_now = before[~np.isnan(before)], now[~np.isnan(now)]
    edges = np.unique(np.quantile(there_before, np.linspace(0, 1, BINS + 1)[1:-1]))
    # a value on an edge is on its left, so that a constant column has values below, at and above
    cuts = np.unique(np.concatenate([edges, np.nextafter(edges, -np.inf)])) if len(edges) < BINS - 1 else edges
    counts = [_binned(there, cuts, len(whole)) for there, whole in ((there_before, before), (there_now, now))]
    gone = [np.array([count.sum() - count[-1], count[-1]], dtype=np.float64) for count in counts]
    values_p = float(ks_2samp(there_before, there_now, method="asymp").pvalue)
    return (counts[0], counts[1]), min(1.0, 2 * min(values_p, _chi_squared(gone[0], gone[1])))


def _binned(there: Floats, cuts: Floats, rows: int) -> Floats:
    """How many values lie in each bin, and last how many are missing."""
    places = np.searchsorted(cuts, there, side="left")
    counts = np.bincount(places, minlength=len(cuts) + 1)
    return np.array([*counts, rows - len(there)], dtype=np.float64)


def _categories(before: pd.Series, now: pd.Series) -> tuple[Floats, Floats]:
    texts = [values.astype(object).where(values.notna(), MISSING).astype(str) for values in (before, now)]
    common = set(texts[0].value_counts().head(MOST_CATEGORIES).index)
    kept = [values.where(values.isin(common), OTHER) for values in texts]
    names = sorted(common | {OTHER})
    counts = [np.array([int((values == name).sum()) for name in names], dtype=np.float64) for values in kept]
    return counts[0], counts[1]


def _chi_squared(before: Floats, now: Floats) -> float:
    from scipy.stats import chi2_contingency

    used = (before + now) > 0
    if used.sum() <= 1:
        return 1.0
    return float(chi2_contingency(np.vstack([before[used], now[used]]), correction=False).pvalue)


def _stability(before: Floats, now: Floats) -> tuple[float, float]:
    """The population stability index of counts, and its mean when both come from one distribution."""
    used = (before + now) > 0
    first, second = before[used] + HALF, now[used] + HALF
    share_before, share_now = first / first.sum(), second / second.sum()
    psi = float(((share_now - share_before) * np.log(share_now / share_before)).sum())
    return psi, float((used.sum() - 1) * (1 / before.sum() + 1 / now.sum()))


def _holm(p: Floats) -> Floats:
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
