"""Which forecasts there are. What each of them needs is imported when it is asked for: commands start quickly."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pipelines.forecasts.parts import Part
from pipelines.forecasts.stated import stated
from pipelines.playbook import Playbook

RESPONSE_TABLES = (
    "customers",
    "purchases",
    "products",
    "touches",
    "outcomes",
    "assets",
    "campaigns",
    "channels",
    "assignments",
    "results",
    "summaries",
)


def part(what: str) -> Part:
    """The forecast by its name.

    Raises:
        KeyError: There is none of this name; the command line offers only those that there are.
    """
    return PARTS[what]()


def trainable() -> list[Part]:
    """The forecasts of which a model is kept."""
    return [one for one in map(part, PARTS) if one.trainer is not None]


def _demand() -> Part:
    from forecasting.demand.backtest import backtest_demand
    from forecasting.demand.forecast import forecast_demand
    from forecasting.demand.settings import DemandSettings
    from forecasting.demand.trainer import DemandTrainer

    def settings(playbook: Playbook) -> DemandSettings:
        return stated(playbook, "demand", DemandSettings)

    return Part(
        what="demand",
        about="units to come, by category and week, with the sums above them",
        tables=("purchases", "products", "categories", "promotions"),
        settings=settings,
        backtest=backtest_demand,
        make=forecast_demand,
        trainer=lambda playbook: DemandTrainer(settings(playbook)),
    )


def _response() -> Part:
    from forecasting.response.backtest import backtest_response
    from forecasting.response.forecast import forecast_response
    from forecasting.response.trainer import ResponseTrainer
    from pipelines.forecasts.stated import response_settings

    return Part(
        what="response",
        about="what each customer does after each message, and what the message adds",
        tables=RESPONSE_TABLES,
        settings=response_settings,
        backtest=backtest_response,
        make=forecast_response,
        trainer=lambda playbook: ResponseTrainer(response_settings(playbook)),
    )


def _value() -> Part:
    from forecasting.lifetime_value.backtest import backtest_value
    from forecasting.lifetime_value.forecast import forecast_value
    from forecasting.lifetime_value.trainer import LifetimeValueTrainer
    from pipelines.forecasts.stated import value_settings

    return Part(
        what="value",
        about="what each customer brings within a year, by itself",
        tables=("customers", "purchases", "products"),
        settings=value_settings,
        backtest=backtest_value,
        make=forecast_value,
        trainer=lambda playbook: LifetimeValueTrainer(value_settings(playbook)),
    )


def _cadence() -> Part:
    from forecasting.cadence.backtest import backtest_cadence
    from forecasting.cadence.forecast import forecast_cadence
    from forecasting.cadence.settings import CadenceSettings

    def settings(playbook: Playbook) -> CadenceSettings:
        said = playbook.warrant
        return CadenceSettings(minimum_days=said.cadence.minimum_days, margin_pct=said.objective.margin_pct)

    return Part(
        what="cadence",
        about="when each customer buys again in a category, by itself; nothing that a message would add",
        tables=("customers", "purchases", "products", "touches", "outcomes"),
        settings=settings,
        backtest=backtest_cadence,
        make=forecast_cadence,
    )


def _timing() -> Part:
    from forecasting.timing.backtest import backtest_timing
    from forecasting.timing.forecast import forecast_timing
    from forecasting.timing.trainer import TimingTrainer
    from pipelines.forecasts.stated import timing_settings

    return Part(
        what="timing",
        about="in which hours of the week each customer can be reached",
        tables=("customers", "signals", "touches", "outcomes", "purchases"),
        settings=timing_settings,
        backtest=backtest_timing,
        make=forecast_timing,
        trainer=lambda playbook: TimingTrainer(timing_settings(playbook)),
    )


def _media() -> Part:
    from forecasting.media_mix.backtest import backtest_media_mix
    from forecasting.media_mix.forecast import forecast_media_mix
    from forecasting.media_mix.settings import MediaMixSettings

    return Part(
        what="media",
        about="what the next unit of spend brings, by channel, and how much of that can be known",
        tables=("spend", "purchases", "opportunities", "observations"),
        settings=lambda playbook: stated(playbook, "media", MediaMixSettings),
        backtest=backtest_media_mix,
        make=forecast_media_mix,
    )


def _language() -> Part:
    from forecasting.language.backtest import backtest_language
    from forecasting.language.forecast import forecast_language
    from forecasting.language.settings import LanguageSettings
    from forecasting.language.trainer import LanguageTrainer

    def settings(playbook: Playbook) -> LanguageSettings:
        return playbook.language or LanguageSettings()

    return Part(
        what="language",
        about="what customers write: sentiment, topic and what else the playbook asks, with a not sure",
        tables=("customers", "messages"),
        settings=settings,
        backtest=backtest_language,
        make=forecast_language,
        trainer=lambda playbook: LanguageTrainer(settings(playbook)),
    )


def _scores() -> Part:
    from forecasting.scores.backtest import backtest_scores
    from forecasting.scores.forecast import forecast_scores
    from forecasting.scores.settings import ScoreSettings
    from pipelines.scoring import SCORED_TABLES, settings_of

    return Part(
        what="scores",
        about="the points that scores.yaml gives, of customers and accounts; nothing is learnt",
        tables=(*SCORED_TABLES, "purchases"),
        settings=lambda playbook: settings_of(playbook) or ScoreSettings(),
        backtest=backtest_scores,
        make=forecast_scores,
    )


PARTS: Mapping[str, Callable[[], Part]] = MappingProxyType(
    {
        "demand": _demand,
        "response": _response,
        "value": _value,
        "cadence": _cadence,
        "timing": _timing,
        "media": _media,
        "language": _language,
        "scores": _scores,
    }
)
