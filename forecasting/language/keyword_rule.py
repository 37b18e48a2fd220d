"""The rival: the label whose keywords stand most often in the text, and no answer when none does or two are equal."""

from collections.abc import Sequence

import numpy as np

from forecasting.language.settings import Task
from forecasting.language.wording import Keywords, masked, words
from forecasting.values import Keys


def by_keywords(texts: Sequence[str], task: Task, default: str | None = None) -> Keys:
    """The label of each text by keywords alone, `default` where they do not tell; shape (texts,)."""
    answers = np.full(len(texts), default, dtype=object)
    keywords = Keywords([task.keywords[label] for label in task.labels])
    for place, text in enumerate(texts):
        counts = dict(zip(task.labels, keywords.counts(words(masked(text))), strict=False))
        most = max(counts.values())
        leading = [label for label, count in counts.items() if count == most]
        if most and len(leading) == 1:
            answers[place] = leading[0]
    return answers
