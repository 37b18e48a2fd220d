"""Which forecasts there are. What each of them needs is imported when it is asked for: commands start quickly."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pipelines.forecasts.parts import Part
from pipelines.playbook import Playbook


def part(what: str) -> Part:
    """The forecast by its name.

    Raises:
        KeyError: There is none of this name; the command line offers only those that there are.
    """
    return PARTS[what]()


def trainable() -> list[Part]:
    """The forecasts of which a model is kept."""
    return [one for one in map(part, PARTS) if one.trainer is not None]


def _value() -> Part:
    from forecasting.lifetime_value.backtest import backtest_value
    from forecasting.lifetime_value.forecast import forecast_value
    from forecasting.lifetime_value.settings import LifetimeValueSettings
    from forecasting.lifetime_value.trainer import LifetimeValueTrainer

    def settings(playbook: Playbook) -> LifetimeValueSettings:
        return LifetimeValueSettings(margin_pct=playbook.warrant.objective.margin_pct)

    return Part(
        what="value",
        about="what each customer brings within a year, by itself",
        tables=("customers", "purchases", "products"),
        settings=settings,
        backtest=backtest_value,
        make=forecast_value,
        trainer=lambda playbook: LifetimeValueTrainer(settings(playbook)),
    )


def _timing() -> Part:
    from forecasting.timing.backtest import backtest_timing
    from forecasting.timing.forecast import forecast_timing
    from forecasting.timing.settings import TimingSettings

    return Part(
        what="timing",
        about="in which hours of the week each customer can be reached",
        tables=("customers", "signals", "touches", "outcomes", "purchases"),
        settings=lambda _: TimingSettings(),
        backtest=backtest_timing,
        make=forecast_timing,
    )


PARTS: Mapping[str, Callable[[], Part]] = MappingProxyType({"value": _value, "timing": _timing})
