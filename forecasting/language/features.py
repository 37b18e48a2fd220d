"""Texts as rows of numbers: hashed words and parts of words, and how many hints of each label stand in them.

Hashing needs no vocabulary, so that a model holds no word that a customer wrote.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from forecasting.language.settings import Task
from forecasting.language.wording import Keywords, masked, words
from forecasting.values import Floats

BY_SPACES: Final = r"\S+"

WORDS: Final = 2**16
PARTS: Final = 2**15
MOST_HITS: Final = 3
HINT_WEIGHT: Final = 0.4
"""A hint against a text's length of 1 in hashed words; judged on held-out hands, not on any test."""


def hashed(texts: Sequence[str]) -> tuple[Any, Any]:
    """Words with pairs of words, and parts of words, as sparse matrices of 0 and 1.

    Args:
        texts: As customers wrote them; they are masked here.

    Returns:
        Shapes (texts, WORDS) and (texts, PARTS).
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    plain = [" ".join(words(masked(text))) for text in texts]
    common = {"alternate_sign": False, "norm": None, "binary": True, "lowercase": False}
    by_word = HashingVectorizer(n_features=WORDS, ngram_range=(1, 2), token_pattern=BY_SPACES, **common)
    by_part = HashingVectorizer(n_features=PARTS, analyzer="char_wb", ngram_range=(3, 5), **common)
    return by_word.transform(plain), by_part.transform(plain)


def known_share(texts: Sequence[str], is_known: npt.NDArray[np.bool_]) -> Floats:
    """The share of each text's words that the examples have too, 0 for a text without words; shape (texts,)."""
    from sklearn.feature_extraction.text import HashingVectorizer

    vectoriser = HashingVectorizer(
        n_features=WORDS, token_pattern=BY_SPACES, alternate_sign=False, norm=None, lowercase=False
    )
    counts = vectoriser.transform([" ".join(words(masked(text))) for text in texts])
    total = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    known = np.asarray(counts @ is_known.astype(np.float64), dtype=np.float64).ravel()
    return np.divide(known, total, out=np.zeros_like(total), where=total > 0)


def hints(texts: Sequence[str], tasks: Sequence[Task]) -> Floats:
    """How many keywords of each label stand in each text, plain and negated, at most `MOST_HITS`.

    Returns:
        Shape (texts, 2 × labels of all tasks).
    """
    keywords = Keywords([task.keywords[label] for task in tasks for label in task.labels])
    rows = [keywords.counts(words(masked(text))) for text in texts]
    found = np.array(rows, dtype=np.float64).reshape(len(texts), 2 * keywords.labels)
    return HINT_WEIGHT * np.minimum(found, MOST_HITS)


def weighted(by_word: Any, by_part: Any, rarity: tuple[Floats, Floats], counted: Floats) -> Any:
    """One sparse row per text: each half weighed by rarity and brought to length 1, then the hints."""
    from scipy import sparse
    from sklearn.preprocessing import normalize

    halves = [
        normalize(matrix.multiply(weights[np.newaxis, :]).tocsr())
        for matrix, weights in zip((by_word, by_part), rarity, strict=True)
    ]
    return sparse.hstack([*halves, sparse.csr_matrix(counted)], format="csr")


def rarity_of(matrix: Any) -> Floats:
    """log((1 + texts) / (1 + texts with the column)) + 1, scikit-learn's smoothed form; shape (columns,)."""
    having = np.asarray((matrix > 0).sum(axis=0), dtype=np.float64).ravel()
    rarity: Floats = np.log((1.0 + matrix.shape[0]) / (1.0 + having)) + 1.0
    return rarity
