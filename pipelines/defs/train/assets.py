"""The models as assets: a challenger is trained, checked, registered, and live when it wins."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import dagster as dg

from pipelines.defs.days import DAYS
from pipelines.defs.steps import Results
from pipelines.opening import DayOpener, LogProgress
from pipelines.people import schedule

if TYPE_CHECKING:
    from pipelines.forecasts.training import Trained

TRAINABLE = ("demand", "response", "value", "timing", "language")
RIVALS = "beats_its_rivals"


def _model_asset(what: str) -> dg.AssetsDefinition:
    spec = dg.AssetCheckSpec(
        RIVALS,
        asset=f"model_{what}",
        description="The model beats what one would use instead, on days unseen.",
    )

    @dg.asset(
        name=f"model_{what}",
        deps=["run"],
        check_specs=[spec],
        partitions_def=DAYS,
        group_name="train",
        kinds={"scikitlearn"},
        description=f"A challenger for the forecast of {what}: registered with its card, live only when it wins.",
    )
    def model(context: dg.AssetExecutionContext, opener: dg.ResourceParam[DayOpener]) -> Results:
        from forecasting.errors import TooLittleDataError
        from pipelines.forecasts.catalogue import part
        from pipelines.forecasts.training import train

        with opener.working(context.partition_key, LogProgress(context.log.info)) as day:
            try:
                trained = train(day, day.current_run(), part(what), schedule())
            except TooLittleDataError as error:  # a playbook need not have the data of every forecast
                yield _not_possible(error.what)
                return
            yield dg.MaterializeResult(
                metadata=_shown(trained),
                data_version=dg.DataVersion(trained.digest),
                check_results=[
                    dg.AssetCheckResult(
                        check_name=RIVALS,
                        passed=trained.backtest.is_better,
                        severity=dg.AssetCheckSeverity.WARN,
                        description=trained.because,
                    )
                ],
            )

    return model


def _not_possible(why: str) -> dg.MaterializeResult[Any]:
    return dg.MaterializeResult(
        metadata={"is_live": False, "not_possible": why},
        check_results=[
            dg.AssetCheckResult(
                check_name=RIVALS, passed=False, severity=dg.AssetCheckSeverity.WARN, description=f"not possible: {why}"
            )
        ],
    )


def _shown(trained: "Trained") -> dict[str, Any]:
    from lake.card_page import card_page
    from pipelines.forecasts.pictures import backtest_figure
    from pipelines.pictures import picture_address

    return {
        "hash": trained.digest,
        "is_live": trained.is_live,
        "champion": trained.champion or "none",
        "because": trained.because,
        "card": dg.MetadataValue.md(card_page(asdict(trained.card), trained.digest)),
        "picture": dg.MetadataValue.md(f"![]({picture_address(backtest_figure(trained.backtest))})"),
    }


MODELS = [_model_asset(what) for what in TRAINABLE]
