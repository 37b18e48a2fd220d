"""What a playbook tells the reading of messages: tasks, labels with their keywords, and labelled examples."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import pandas as pd

from forecasting.errors import ForecastingError

SURE_FROM: Final = 0.5
TEXT, HAND = "text", "hand"


@dataclass(frozen=True)
class Task:
    """One question that is asked of every message.

    Attributes:
        name: sentiment, topic, intent, wants_human, regulatory, or what else the playbook asks.
        keywords: Words and phrases by label; every label stands here, with or without some. They are hints: the model
            learns from the examples how far to trust them. As a rule of its own they are the rival.
        sure_from: An answer is given from this confidence on.
    """

    name: str
    keywords: Mapping[str, tuple[str, ...]]
    sure_from: float = SURE_FROM

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in order of their names."""
        return tuple(sorted(self.keywords))

    def __post_init__(self) -> None:
        if len(self.keywords) < 2:  # noqa: PLR2004 - one label leaves nothing to tell apart
            raise ForecastingError(
                f"The task has {len(self.keywords)} labels.", where=f"language: {self.name}", remedy="Name two or more."
            )
        if not (math.isfinite(self.sure_from) and 0 < self.sure_from < 1):
            raise ForecastingError(
                f"sure_from is {self.sure_from}.", where=f"language: {self.name}", remedy="Use 0.5 to 0.99."
            )


def _no_examples() -> pd.DataFrame:
    return pd.DataFrame({TEXT: pd.Series(dtype=object), HAND: pd.Series(dtype=object)})


@dataclass(frozen=True, eq=False)
class LanguageSettings:
    """Everything that reading messages depends on apart from the messages.

    Attributes:
        tasks: Asked of every message.
        examples: `text`, `hand` (who wrote it: confidence is what a model shows on hands it did not learn from), and a
            column per task with a label or None where the example is no example of it.
        longest: Characters; a longer text is no message that somebody wrote, and is not read.
    """

    tasks: tuple[Task, ...] = ()
    examples: pd.DataFrame = field(default_factory=_no_examples)
    longest: int = 20_000

    @property
    def by_name(self) -> Mapping[str, Task]:
        """The tasks by their name."""
        return MappingProxyType({task.name: task for task in self.tasks})
