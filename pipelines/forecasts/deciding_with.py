"""The forecasts that a run decides with: made from its tables, and by the models that were live when it was opened.

Which models these are is part of the run's identity, so that making them again gives the same, and a day decided after
another model went live is another run.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from forecasting.forecast import forecast
from forecasting.learnt import LearntSettings, with_learnt
from forecasting.values import Forecasts
from lake.journal import Journal
from lake.promotions import champion
from lake.runs import RunRow
from pipelines.day import Day
from pipelines.forecasts.catalogue import RESPONSE_TABLES
from pipelines.forecasts.registry import model_store
from pipelines.forecasts.stated import response_settings, timing_settings, value_settings
from pipelines.minimising import permitted_tables
from pipelines.playbook_settings import forecast_settings
from pipelines.stored import canonical_tables

DECIDES_WITH: Final = ("response", "timing", "value", "language")
"""The kept models that a run looks for."""
MESSAGES_READ: Final = "forecast_language"
FORECAST_TABLES: Final = (*RESPONSE_TABLES, "signals")


def live_models(day: Day) -> dict[str, str]:
    """Hash by name of the live models that have learnt nothing from the day on."""
    journal, store = Journal(day.lake), model_store(day)
    live = {name: one.digest for name in DECIDES_WITH if (one := champion(journal, name)) is not None}
    return {
        name: digest
        for name, digest in live.items()
        if datetime.fromisoformat(store.card(name, digest).trained_until) <= day.clock.as_of
    }


def run_forecasts(day: Day, run: RunRow) -> Forecasts:
    """Everything a run decides with, from the tables it pinned and the models of its identity.

    Raises:
        ForecastingError: A table is not in the expected form.
        LakeError: The files of a model are not what was saved.
    """
    playbook = day.playbook
    tables = permitted_tables(day, run, canonical_tables(day, run, FORECAST_TABLES))
    store = model_store(day)
    settings = LearntSettings(
        response=response_settings(playbook),
        timing=timing_settings(playbook),
        value=value_settings(playbook),
        models={name: store.load(name, digest)[0] for name, digest in run.identity.models.items()},
    )
    as_of, timezone, seed = run.identity.as_of, playbook.timezone, run.identity.seed
    made = forecast(tables, forecast_settings(playbook), as_of=as_of, timezone=timezone, seed=seed)
    return with_learnt(made, tables, settings, as_of=as_of, timezone=timezone, seed=seed)


def store_messages_read(day: Day, run: RunRow) -> dict[str, dict[str, int]]:
    """Read what customers wrote, and store labels with confidence as a slice of the run; no text is in it.

    By the live model of language where one is live, else by one that learns from the playbook's examples. Nothing is
    read, and nothing stored, where the playbook asks nothing of messages or there are none.

    Returns:
        How many messages each task was answered of, and of how many not.
    """
    settings = day.playbook.language
    messages = canonical_tables(day, run, ["messages"])
    if settings is None or messages["messages"].empty:
        return {}
    from forecasting.language.forecast import NOT_SURE, forecast_language
    from forecasting.language.model import LanguageModel

    digest = run.identity.models.get("language")
    model = LanguageModel.from_arrays(model_store(day).load("language", digest)[0]) if digest else None
    read = forecast_language(messages, settings, as_of=run.identity.as_of, model=model)
    day.lake.write_slice(MESSAGES_READ, run.run_id, read)
    is_sure = read["label"] != NOT_SURE
    return {
        str(task): {"answered": int(is_sure[rows].sum()), "not_sure": int((~is_sure[rows]).sum())}
        for task, rows in read.groupby("task").groups.items()
    }


def described_forecasts(forecasts: Forecasts, models: Mapping[str, str]) -> dict[str, object]:
    """What a run says of its parts that may lack: what is there, by which model, and why the others are not."""
    response = forecasts.response.targets if forecasts.response else {}
    there: dict[str, str] = {target: factors.source for target, factors in response.items()}
    if forecasts.timing is not None:
        there["timing"] = f"{len(forecasts.timing.customer_id)} send windows"
    if forecasts.lifetime_value is not None:
        there["lifetime_value"] = forecasts.lifetime_value.source
    return {"learnt": there, "missing": dict(forecasts.missing), "live": dict(models)}
