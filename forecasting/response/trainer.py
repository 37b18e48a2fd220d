"""Response as a model that is kept: what was learnt from everybody, judged by how customers then reacted.

Kept are the chances: intercepts, coefficients, and effects of kinds, topics, assets, channels and segments. Effects of
single customers are learnt again from what they did until then, whenever the model is asked. Effects of touches are no
part of it: they are learnt from draws on the day.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.backtest import known_before, mean_interval
from forecasting.errors import TooLittleDataError
from forecasting.response.backtest import CHANCES, MAILINGS, OURS, foreseen
from forecasting.response.factors.model import ResponseModel
from forecasting.response.forecast import factors_of_all, table_of
from forecasting.response.settings import ResponseSettings
from forecasting.training import Arrays
from forecasting.values.response import Target

FEWEST_EVENTS: Final = 20
REDEEM: Final[tuple[Target, ...]] = ("p_redeem",)
UNPROVEN: Final = "not proven to foresee redemptions better than the model of mailings"


@dataclass(frozen=True)
class ResponseTrainer:
    """Fits P(response), P(redeem) and P(opt-out), and loses the log loss of reactions within the holdout."""

    settings: ResponseSettings

    @property
    def metric(self) -> str:
        """Name of the loss."""
        return "log loss of reactions, by target and customer"

    @property
    def holdout_days(self) -> int:
        """Days that are kept from fitting: a wait, and as long again for touches to be judged."""
        return 2 * self.settings.wait_days

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Settings for the card."""
        return asdict(self.settings)

    def fit(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int) -> Arrays:
        """Learn from touches before `as_of` whose wait is over.

        P(redeem) is kept only where, on the last part of these touches, it lost less than the model of mailings that
        runs take it from otherwise: the whole 95 % interval of the difference has to lie on its side.

        Raises:
            TooLittleDataError: Of no target there is enough to learn from.
        """
        model = ResponseModel(self.settings, targets=CHANCES, random_state=seed)
        model.fit(tables, as_of=as_of, timezone=timezone)
        if "p_redeem" in model.fitted_ and not self._redeems_better(tables, as_of, timezone, seed):
            del model.fitted_["p_redeem"]
            model.lacking_["p_redeem"] = UNPROVEN
        if not model.fitted_:
            raise TooLittleDataError(
                f"No chance can be learnt: {'; '.join(model.lacking_.values())}.",
                where="response",
                remedy="Wait for touches that somebody reacted to; until then what is stated speaks.",
            )
        return model.arrays(with_customers=False)

    def losses(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], *, origin: datetime, until: datetime, timezone: str
    ) -> pd.DataFrame:
        """A row per target and customer touched between `origin` and `until`: mean log loss of their touches."""
        known = known_before(tables, origin)
        model = ResponseModel.from_arrays(arrays, known, self.settings, as_of=origin, timezone=timezone)
        parts = []
        for target, rows in foreseen(model, tables, CHANCES, origin=origin, until=until, timezone=timezone).items():
            loss = _log_loss(rows[OURS], rows["label"])
            unit = pd.Series(f"{target}/", index=rows.index) + rows["customer"].astype(str)
            by_unit = loss.groupby(unit)
            parts.append(pd.DataFrame({"loss": by_unit.mean(), "weight": by_unit.size().astype(np.float64)}))
        if not parts:
            return pd.DataFrame({"unit": pd.Series(dtype=object), "loss": [], "weight": []})
        return pd.concat(parts).rename_axis("unit").reset_index()

    def forecast(
        self, arrays: Arrays, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str, seed: int
    ) -> pd.DataFrame:
        """What the kept model says of everybody, columns as `forecast_response`; effects are learnt on the day."""
        from forecasting.response.factors.fitted import LINKS

        kept = ResponseModel.from_arrays(arrays, tables, self.settings, as_of=as_of, timezone=timezone)
        effects = [target for target, link in LINKS.items() if link == "identity"]
        drawn = ResponseModel(self.settings, targets=effects, random_state=seed)
        drawn.fit(tables, as_of=as_of, timezone=timezone)
        parts = [table_of(factors_of_all(model, tables), tables, self.settings) for model in (kept, drawn)]
        return pd.concat(parts, ignore_index=True)

    def inputs(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str) -> pd.DataFrame:
        """What was known of the customers who were touched within the holdout before `as_of`."""
        from forecasting.inputs import moment
        from forecasting.response.factors.situations import CUSTOMER_COLUMNS, Situations, given

        rows = given(tables, as_of)
        known = Situations.read(rows, self.settings, as_of=as_of, timezone=timezone)
        since = pd.Timestamp(as_of) - pd.Timedelta(days=self.holdout_days)
        touched = rows["touches"].loc[rows["touches"]["sent_at"] >= since, "customer_id"]
        customer = np.array(sorted(set(touched)), dtype=object)
        columns = known.of_customers(customer, np.full(len(customer), moment(as_of)))
        return pd.DataFrame(columns, columns=list(CUSTOMER_COLUMNS))

    def _redeems_better(self, tables: Mapping[str, pd.DataFrame], as_of: datetime, timezone: str, seed: int) -> bool:
        origin = (pd.Timestamp(as_of) - pd.Timedelta(days=self.holdout_days)).to_pydatetime()
        model = ResponseModel(self.settings, targets=REDEEM, random_state=seed)
        model.fit(known_before(tables, origin), as_of=origin, timezone=timezone)
        told = foreseen(
            model, tables, REDEEM, origin=origin, until=as_of, timezone=timezone, seed=seed, with_mailings=True
        )
        if "p_redeem" not in told or told["p_redeem"]["label"].sum() < FEWEST_EVENTS:
            return False
        rows = told["p_redeem"]
        gained = _log_loss(rows[OURS], rows["label"]) - _log_loss(rows[MAILINGS], rows["label"])
        _, _, high = mean_interval(np.asarray(gained, dtype=np.float64), rows["customer"].to_numpy(dtype=object))
        return high < 0


def _log_loss(chance: "pd.Series[float]", label: "pd.Series[float]") -> "pd.Series[float]":
    kept = chance.clip(1e-9, 1 - 1e-9)
    return -label * np.log(kept) - (1 - label) * np.log(1 - kept)
