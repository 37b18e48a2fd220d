"""What customers wrote before as-of, as a long table of labels with confidence. Texts do not leave this module."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import pandas as pd

from forecasting.inputs import moment, require, utc_times
from forecasting.language.model import LanguageModel
from forecasting.language.settings import LanguageSettings

LANGUAGE_COLUMNS: Final = (
    "message_id",
    "customer_id",
    "occurred_at",
    "task",
    "label",
    "confidence",
    "because",
    "source",
    "grade",
)
NOT_SURE: Final = "not sure"
INBOUND: Final = "inbound"


def forecast_language(
    tables: Mapping[str, pd.DataFrame],
    settings: LanguageSettings,
    *,
    as_of: datetime,
    timezone: str = "UTC",
    seed: int = 0,
    model: LanguageModel | None = None,
) -> pd.DataFrame:
    """What every inbound message before as-of says, columns `LANGUAGE_COLUMNS`.

    Args:
        tables: messages; without any the table is empty.
        settings: Tasks, keywords and labelled examples.
        as_of: Aware datetime; later messages are not read.
        timezone: Not used; a message is read as it stands.
        seed: Not used: nothing is random.
        model: One that has learnt already; else one learns from the examples.

    Raises:
        ForecastingError: A column is missing, or a label is not one of its task's.
    """
    del timezone
    messages = tables.get("messages")
    if messages is None or messages.empty or not settings.tasks:
        return pd.DataFrame({column: pd.Series(dtype=object) for column in LANGUAGE_COLUMNS})
    require(messages, "messages", ("message_id", "customer_id", "direction", "occurred_at", "text"))
    is_read = (messages["direction"] == INBOUND) & (utc_times(messages, "messages", "occurred_at") < moment(as_of))
    read = messages[is_read].drop_duplicates("message_id").sort_values("message_id", ignore_index=True)
    taught = model or LanguageModel(settings.tasks, longest=settings.longest, random_state=seed).fit(settings.examples)
    frames = [
        pd.DataFrame(
            {
                "message_id": read["message_id"],
                "customer_id": read["customer_id"],
                "occurred_at": read["occurred_at"],
                "task": answers.task,
                "label": pd.Series(answers.label, dtype=object).where(pd.notna(answers.label), NOT_SURE),
                "confidence": answers.confidence.round(4),
                "because": answers.because,
                "source": f"{taught.rows_.get(answers.task, 0)} labelled examples",
                "grade": "assumed",
            }
        )
        for answers in taught.predict(read["text"].tolist())
    ]
    return pd.concat(frames, ignore_index=True)
