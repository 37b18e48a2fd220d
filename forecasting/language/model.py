"""A reader of messages: one regularised logistic regression per task, and a confidence that other hands have earned."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.language.confidence import Confidence, fit_confidence, margin_of
from forecasting.language.features import PARTS, WORDS, hashed, hints, known_share, rarity_of, weighted
from forecasting.language.settings import HAND, TEXT, Task
from forecasting.language.wording import masked, words
from forecasting.values import Floats
from forecasting.values.language import Answers

FEWEST_EXAMPLES: Final = 5
"""Of each label, and from this many on of two hands at least, before a task is learnt at all."""

KNOWN_FROM: Final = 0.5
"""A text with a smaller share of known words is in another language or about something else."""

KEPT_DECIMALS: Final = 6
"""Coefficients are rounded far below what an answer could show, so that the order of summation cannot show either."""

SMALLEST_VARIANCE: Final = 1e-9

STRENGTH: Final = 10.0
"""Inverse of the ridge; judged on held-out hands, not on any test."""

NOTHING, TOO_LONG, UNFAMILIAR, UNTAUGHT, CLOSE = (
    "nothing to read",
    "too long for a message",
    "mostly unfamiliar words",
    "too few examples to learn from",
    "no label is clear enough",
)


class LanguageModel:
    """Reads inbound messages.

    Args:
        tasks: What is asked of every text.
        longest: Characters from which on a text is not read.
        random_state: Nothing is random; kept for scikit-learn's contract.
    """

    def __init__(self, tasks: Sequence[Task], *, longest: int = 20_000, random_state: int = 0) -> None:
        self.tasks = tuple(tasks)
        self.longest = longest
        self.random_state = random_state

    def fit(self, examples: pd.DataFrame) -> Self:
        """Learn from labelled examples; a task with too few of a label, or of one hand only, stays untaught.

        Args:
            examples: `text`, `hand`, and a column per task with its label or None. Exact duplicates count once.

        Raises:
            ForecastingError: A column is missing or a label is not one of the task's.
        """
        examples = _checked(examples, self.tasks)
        texts = [str(text) for text in examples[TEXT]]
        by_word, by_part = hashed(texts) if texts else (np.zeros((0, WORDS)), np.zeros((0, PARTS)))
        self.rarity_ = (rarity_of(by_word), rarity_of(by_part))
        self.is_known_ = np.asarray((by_word > 0).sum(axis=0)).ravel() > 0
        self.coefficients_: dict[str, Floats] = {}
        self.intercepts_: dict[str, Floats] = {}
        self.confidence_: dict[str, Confidence] = {}
        self.rows_: dict[str, int] = {}
        hands = examples[HAND].astype(str).to_numpy(dtype=object)
        counted = hints(texts, self.tasks)
        for task in self.tasks:
            labels = examples[task.name].to_numpy(dtype=object)
            rows = np.flatnonzero(pd.notna(labels))
            if not _is_enough(labels[rows], hands[rows], task):
                continue
            chosen = by_word[rows], by_part[rows], counted[rows]
            margin, known, is_right = _left_out(chosen, labels[rows], hands[rows], [texts[row] for row in rows], task)
            self.confidence_[task.name] = fit_confidence(margin, known, is_right, hands[rows])
            rows_of_all = weighted(*chosen[:2], self.rarity_, chosen[2])
            self.coefficients_[task.name], self.intercepts_[task.name] = _learnt(rows_of_all, labels[rows], task)
            self.rows_[task.name] = len(rows)
        return self

    def predict(self, texts: Sequence[str | None]) -> tuple[Answers, ...]:
        """What the texts say, one entry per task in the order of the tasks."""
        given = ["" if text is None or pd.isna(text) else str(text) for text in texts]
        is_long = np.array([len(text) > self.longest for text in given], dtype=np.bool_)
        read = ["" if long else text for text, long in zip(given, is_long, strict=True)]
        is_empty = np.array([not words(masked(text)) for text in read], dtype=np.bool_) & ~is_long
        known = known_share(read, self.is_known_) if read else np.zeros(0)
        because = np.full(len(given), "", dtype=object)
        because[known < KNOWN_FROM] = UNFAMILIAR
        because[is_empty] = NOTHING
        because[is_long] = TOO_LONG
        matrix = weighted(*hashed(read), self.rarity_, hints(read, self.tasks)) if read else None
        return tuple(self._answer(task, matrix, known, because) for task in self.tasks)

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that was learnt, to be saved; texts of customers are no part of it."""
        arrays: dict[str, np.ndarray] = {
            "rarity_words": self.rarity_[0],
            "rarity_parts": self.rarity_[1],
            "is_known": self.is_known_,
            "longest": np.array([self.longest]),
            "tasks": np.array([task.name for task in self.tasks]),
            "sure_from": np.array([task.sure_from for task in self.tasks], dtype=np.float64),
        }
        for task in self.tasks:
            pairs = [(label, keyword) for label in task.labels for keyword in task.keywords[label]]
            arrays[f"{task.name}/labels"] = np.array(task.labels)
            arrays[f"{task.name}/keyword_labels"] = np.array([label for label, _ in pairs], dtype=np.str_)
            arrays[f"{task.name}/keywords"] = np.array([keyword for _, keyword in pairs], dtype=np.str_)
            if task.name in self.coefficients_:
                arrays[f"{task.name}/coefficients"] = self.coefficients_[task.name]
                arrays[f"{task.name}/intercepts"] = self.intercepts_[task.name]
                arrays[f"{task.name}/confidence"] = self.confidence_[task.name].coefficients
                arrays[f"{task.name}/covariance"] = self.confidence_[task.name].covariance
                arrays[f"{task.name}/between_hands"] = np.array([self.confidence_[task.name].between_hands])
                arrays[f"{task.name}/rows"] = np.array([self.rows_[task.name]])
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """The model that `arrays` was saved from."""
        tasks = []
        for name, sure_from in zip(arrays["tasks"], arrays["sure_from"], strict=True):
            pairs = list(zip(arrays[f"{name}/keyword_labels"], arrays[f"{name}/keywords"], strict=True))
            labels = [str(label) for label in arrays[f"{name}/labels"]]
            keywords = {label: tuple(str(word) for owner, word in pairs if owner == label) for label in labels}
            tasks.append(Task(str(name), keywords, float(sure_from)))
        model = cls(tasks, longest=int(arrays["longest"][0]))
        model.rarity_ = (arrays["rarity_words"], arrays["rarity_parts"])
        model.is_known_ = arrays["is_known"]
        taught = [task.name for task in tasks if f"{task.name}/coefficients" in arrays]
        model.coefficients_ = {name: arrays[f"{name}/coefficients"] for name in taught}
        model.intercepts_ = {name: arrays[f"{name}/intercepts"] for name in taught}
        model.confidence_ = {
            name: Confidence(
                arrays[f"{name}/confidence"],
                arrays[f"{name}/covariance"],
                float(arrays[f"{name}/between_hands"][0]),
            )
            for name in taught
        }
        model.rows_ = {name: int(arrays[f"{name}/rows"][0]) for name in taught}
        return model

    def _answer(self, task: Task, matrix: Any, known: Floats, unread: npt.NDArray[np.object_]) -> Answers:
        size = len(unread)
        nothing = np.full(size, None, dtype=object)
        if task.name not in self.coefficients_:
            untaught = np.where(unread == "", UNTAUGHT, unread).astype(object)
            return Answers(task.name, nothing, np.zeros(size), nothing.copy(), untaught)
        if size == 0:
            return Answers(task.name, nothing, np.zeros(0), nothing.copy(), unread.copy())
        chances = _chances(matrix, self.coefficients_[task.name], self.intercepts_[task.name])
        labels = np.array(task.labels, dtype=object)
        best = np.asarray(labels[chances.argmax(axis=1)], dtype=object)
        confidence = self.confidence_[task.name].of(margin_of(chances), known)
        because = unread.copy()
        because[(because == "") & (confidence < task.sure_from)] = CLOSE
        best[unread == NOTHING] = None
        best[unread == TOO_LONG] = None
        confidence[pd.isna(best)] = 0.0
        label = best.copy()
        label[because != ""] = None
        return Answers(task.name, label, confidence, best, because)


def _checked(examples: pd.DataFrame, tasks: Sequence[Task]) -> pd.DataFrame:
    missing = [name for name in (TEXT, HAND, *(task.name for task in tasks)) if name not in examples]
    if missing:
        raise ForecastingError(
            f"The examples have no column {', '.join(missing)}.",
            where="language examples",
            remedy=f"They need {TEXT}, {HAND} and one column per task.",
        )
    for task in tasks:
        stated = examples[task.name]
        unknown = sorted(set(stated.dropna().astype(str)) - set(task.labels))
        if unknown:
            row = int(np.flatnonzero(stated.astype(str).isin(unknown).to_numpy())[0])
            raise ForecastingError(
                f"`{unknown[0]}` is no label of {task.name}.",
                where=f"language examples, row {row + 1}",
                remedy=f"Known: {', '.join(task.labels)}.",
            )
    names = [TEXT, HAND, *(task.name for task in tasks)]
    kept = examples[names].dropna(subset=[TEXT]).drop_duplicates()
    # whatever order the examples come in, the same model is learnt
    return kept.sort_values(names, na_position="first", ignore_index=True)


def _is_enough(labels: npt.NDArray[np.object_], hands: npt.NDArray[np.object_], task: Task) -> bool:
    counts = pd.Series(labels).value_counts()
    return len(counts) == len(task.labels) and counts.min() >= FEWEST_EXAMPLES and len(set(hands)) > 1


def _left_out(
    rows: tuple[Any, Any, Floats],
    labels: npt.NDArray[np.object_],
    hands: npt.NDArray[np.object_],
    texts: Sequence[str],
    task: Task,
) -> tuple[Floats, Floats, Floats]:
    """Margins, known shares and rightness of answers on each hand by a model that learnt from all other hands."""
    by_word, by_part, counted = rows
    margin, known, is_right = (np.zeros(len(labels)) for _ in range(3))
    for hand in sorted(set(hands)):
        out = np.flatnonzero(hands == hand)
        kept = np.flatnonzero(hands != hand)
        if set(labels[kept]) != set(task.labels):
            continue
        rarity = rarity_of(by_word[kept]), rarity_of(by_part[kept])
        learnt = _learnt(weighted(by_word[kept], by_part[kept], rarity, counted[kept]), labels[kept], task)
        chances = _chances(weighted(by_word[out], by_part[out], rarity, counted[out]), *learnt)
        margin[out] = margin_of(chances)
        seen = np.asarray((by_word[kept] > 0).sum(axis=0)).ravel() > 0
        known[out] = known_share([texts[int(row)] for row in out], seen)
        is_right[out] = np.array(task.labels, dtype=object)[chances.argmax(axis=1)] == labels[out]
    return margin, known, is_right


def _learnt(matrix: Any, labels: npt.NDArray[np.object_], task: Task) -> tuple[Floats, Floats]:
    """Coefficients (labels, columns) and intercepts (labels,), in the order of the task's labels.

    There are far more columns than examples, and a ridge keeps coefficients in the span of the examples. So the
    regression is fitted on the examples' principal components, which are as many as examples, and turned back: the same
    coefficients in a hundredth of the time.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        variances, axes = np.linalg.eigh(np.asarray((matrix @ matrix.T).todense()))
        is_there = variances > SMALLEST_VARIANCE
        lengths = np.sqrt(variances[is_there])
        components = axes[:, is_there] * lengths
        model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=5000, tol=1e-7)
        model.fit(components, labels.astype(str))
        by_example = model.coef_ @ (axes[:, is_there] / lengths).T
        coefficients, intercepts = np.asarray(by_example @ matrix), model.intercept_
    if len(task.labels) == 2:  # noqa: PLR2004 - scikit-learn keeps one row for two labels
        coefficients = np.vstack([np.zeros_like(coefficients[0]), coefficients[0]])
        intercepts = np.array([0.0, intercepts[0]])
    return np.round(coefficients, KEPT_DECIMALS), np.round(intercepts, KEPT_DECIMALS)


def _chances(matrix: Any, coefficients: Floats, intercepts: Floats) -> Floats:
    from scipy.special import softmax

    return np.asarray(softmax(np.asarray(matrix @ coefficients.T) + intercepts, axis=1), dtype=np.float64)
