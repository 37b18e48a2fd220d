"""How messages were read by a model that had not seen who wrote them, beside the playbook's keyword list.

Labelled examples have no time, so what is kept from the fit is not a last part of them but hands: about a quarter,
drawn by a digest of their name, so that the same hands stay unseen by every model that is ever trained on these files.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from forecasting.backtest import AGAINST_COLUMNS, ORIGIN_COLUMNS, SCORE_COLUMNS, Backtest, Curve, silent
from forecasting.errors import TooLittleDataError
from forecasting.language.keyword_rule import by_keywords
from forecasting.language.model import LanguageModel
from forecasting.language.settings import HAND, TEXT, LanguageSettings, Task
from forecasting.values import Floats

OURS, KEYWORDS = "language model", "keyword list"
NO_ANSWER: Final = 0.5
METRIC: Final = "loss by answer: 1 when wrong, one half when there is none"
NORMAL_95: Final = 1.959964
HELD_ONE_IN: Final = 4
BANDS: Final = 5


def held_hands(hands: Sequence[str]) -> list[str]:
    """The hands that no kept model learns from: those whose digest says so, else the one that comes nearest."""
    known = sorted(set(hands))
    drawn = {hand: int(hashlib.sha256(hand.encode()).hexdigest()[:8], 16) for hand in known}
    held = [hand for hand in known if drawn[hand] % HELD_ONE_IN == 0]
    return held or sorted(known, key=lambda hand: drawn[hand] % HELD_ONE_IN)[:1]


def divided(settings: LanguageSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Examples to learn from, and those of the held hands.

    Raises:
        TooLittleDataError: There are no examples, or fewer than three hands.
    """
    hands = settings.examples[HAND].dropna().astype(str)
    if hands.nunique() < 3:  # noqa: PLR2004 - two to learn confidence from, one to judge by
        raise TooLittleDataError(
            f"The labelled examples are of {hands.nunique()} hands.",
            where="language.csv",
            remedy="Add examples, with who wrote them as their hand: three hands at least, better eight.",
        )
    is_held = settings.examples[HAND].astype(str).isin(held_hands(hands.tolist()))
    return settings.examples[~is_held], settings.examples[is_held]


def read_by(model: LanguageModel, tasks: Sequence[Task], examples: pd.DataFrame) -> pd.DataFrame:
    """A row per example and task with a label: `unit`, `task`, `hand`, `truth`, `label`, `confidence`, `keyword`."""
    texts = examples[TEXT].astype(str).tolist()
    unit = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
    found = {answers.task: answers for answers in model.predict(texts)}
    parts = []
    for task in tasks:
        truth = examples[task.name].to_numpy(dtype=object)
        nothing = np.full(len(texts), None, dtype=object)
        said = found.get(task.name)
        frame = pd.DataFrame(
            {
                "unit": [f"{task.name}/{one}" for one in unit],
                "task": task.name,
                "hand": examples[HAND].to_numpy(dtype=object),
                "truth": truth,
                "label": said.label if said is not None else nothing,
                "confidence": said.confidence if said is not None else np.zeros(len(texts)),
                "keyword": by_keywords(texts, task),
            }
        )
        parts.append(frame[pd.notna(truth)])
    return pd.concat(parts, ignore_index=True).drop_duplicates("unit", ignore_index=True)


def losses_of(truth: "pd.Series[str]", answer: "pd.Series[str]") -> Floats:
    """What each answer loses: 1 when wrong, one half when there is none."""
    return np.asarray(np.where(answer.isna(), NO_ANSWER, (answer != truth).astype(np.float64)), dtype=np.float64)


def backtest_language(
    tables: Mapping[str, pd.DataFrame],
    settings: LanguageSettings,
    *,
    as_of: datetime,
    timezone: str,
    seed: int,
    report: Callable[[str], None] = silent,
) -> Backtest:
    """Score reading on the held hands of the labelled examples; customers' messages have no labels and are not read.

    Raises:
        TooLittleDataError: There are no examples, or fewer than three hands.
        ForecastingError: A column is missing, or a label is not one of its task's.
    """
    del tables, as_of, timezone
    learnt_from, held = divided(settings)
    report(f"reading {len(held)} examples of {held[HAND].nunique()} hands that were not learnt from")
    model = LanguageModel(settings.tasks, longest=settings.longest, random_state=seed).fit(learnt_from)
    rows = read_by(model, settings.tasks, held)
    ours, theirs = losses_of(rows["truth"], rows["label"]), losses_of(rows["truth"], rows["keyword"])
    scores = [(OURS, METRIC, *_interval(ours), len(rows), True, True)]
    scores.append((KEYWORDS, METRIC, *_interval(theirs), len(rows), False, True))
    is_honest = True
    for task in settings.tasks:
        part = rows[rows["task"] == task.name]
        for name, column in ((OURS, "label"), (KEYWORDS, "keyword")):
            told = part[part[column].notna()]
            is_ours = name == OURS
            share = len(told) / max(len(part), 1)
            scores.append((name, f"{task.name} answered", share, np.nan, np.nan, len(part), is_ours, False))
            if len(told):
                right = _interval(np.asarray(told[column] == told["truth"], dtype=np.float64))
                scores.append((name, f"{task.name} right", *right, len(told), is_ours, False))
                if is_ours:
                    stated = float(told["confidence"].mean())
                    scores.append((name, f"{task.name} stated", stated, np.nan, np.nan, len(told), True, False))
                    is_honest &= right[2] >= stated
    difference, low, high = _interval(ours - theirs)
    return Backtest(
        what="language",
        subject="what inbound messages say, by task",
        splits=f"learnt from {learnt_from[HAND].nunique()} hands, judged on "
        + ", ".join(sorted(held[HAND].astype(str).unique())),
        seed=seed,
        scores=pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        against=pd.DataFrame([(KEYWORDS, METRIC, difference, low, high, high < 0)], columns=list(AGAINST_COLUMNS)),
        by_origin=pd.DataFrame(
            [
                (str(hand), name, METRIC, float(loss[(rows["hand"] == hand).to_numpy()].mean()), int(count))
                for hand, count in rows["hand"].value_counts().sort_index().items()
                for name, loss in ((OURS, ours), (KEYWORDS, theirs))
            ],
            columns=list(ORIGIN_COLUMNS),
        ),
        curves=(_reliability(rows),),
        notes=("Examples are the playbook's own; how other people's texts are read: docs/forecasting/language.md.",),
        is_better=bool(high < 0 and is_honest),
    )


def _interval(values: Floats) -> tuple[float, float, float]:
    mean = float(values.mean()) if len(values) else 0.0
    error = float(values.std(ddof=1)) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return mean, mean - NORMAL_95 * error, mean + NORMAL_95 * error


def _reliability(rows: pd.DataFrame) -> Curve:
    told = rows[rows["label"].notna()].sort_values("confidence", kind="stable")
    bands = [told.iloc[part] for part in np.array_split(np.arange(len(told)), min(BANDS, max(len(told), 1)))]
    stated = np.array([band["confidence"].mean() for band in bands if len(band)])
    right = np.array([(band["label"] == band["truth"]).mean() for band in bands if len(band)])
    title = "How sure the model said it was, and how often it was right"
    return Curve(title, "stated confidence", "share that was right", "reliability", {OURS: (stated, right)})
