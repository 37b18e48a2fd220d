"""All targets of response, learnt from tables and given as factors of customer, asset and channel."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.inputs import moment
from forecasting.response.factors.fitted import LEVELS, LINKS, Fitted, fitted_arrays, restored
from forecasting.response.factors.hierarchical import HierarchicalRegression, Level
from forecasting.response.factors.observations import Observations, opt_outs, redemptions, responses, settled, uplifts
from forecasting.response.factors.situations import RECENT, UNKNOWN, Situations, given
from forecasting.response.factors.stated import flat, on_top_of, stated_chance, stated_uplift
from forecasting.response.factors.summaries import Summaries
from forecasting.response.factors.units import Positions
from forecasting.response.settings import ResponseSettings
from forecasting.settings import AFFINITY_WINDOW_DAYS
from forecasting.values import Floats, Keys
from forecasting.values.response import Factors, ResponseFactors, Target

UPLIFT_LEVELS = ("segment", "kind", "topic", "asset", "channel")  # one draw of a customer says nothing of its effect
PICKED_LEAST = 50
MOST_UNKNOWN = 0.5  # share of the variance before draws that may be left for an effect to count as learnt

Flags = npt.NDArray[np.bool_]


class ResponseModel:
    """P(response), P(redeem), P(opt-out), and what a touch adds to margin and to the chance of an order.

    A target of which too little is known is a stated prior, and says so in `source`. Effects are learnt as what differs
    from the stated prior: few draws leave it nearly as it was, many put themselves in its place.

    Args:
        settings: Windows and priors.
        targets: What to learn; None: all.
        random_state: Kept for scikit-learn's contract; nothing here is random.
    """

    def __init__(
        self,
        settings: ResponseSettings | None = None,
        *,
        targets: Collection[Target] | None = None,
        random_state: int = 0,
    ) -> None:
        self.settings = settings
        self.targets = targets
        self.random_state = random_state

    def fit(self, tables: Mapping[str, pd.DataFrame], *, as_of: datetime, timezone: str) -> Self:
        """Learn from rows before `as_of` whose windows have closed by then.

        Args:
            tables: Canonical touches, outcomes, purchases, products, assets, campaigns, assignments, results,
                summaries, customers; any may be absent.
            as_of: Aware datetime.
            timezone: IANA name of the zone in which days are days.

        Raises:
            ForecastingError: A column that a table must have, or a time, is missing.
        """
        settings = self.settings or ResponseSettings()
        rows = given(tables, as_of)
        self.known_ = Situations.read(rows, settings, as_of=as_of, timezone=timezone)
        self.summaries_ = Summaries.read(tables.get("summaries"), moment(as_of))
        self.as_of_, self.settings_ = moment(as_of), settings
        self.fitted_: dict[Target, Fitted] = {}
        self.lacking_: dict[Target, str] = {}
        for target in LINKS if self.targets is None else self.targets:
            found = self._observed(target, rows, as_of)
            if found is None:
                self.lacking_[target] = "no test drawn by chance, and no comparison that passes its own tests"
                continue
            try:
                self.fitted_[target] = self._learnt(target, found)
            except TooLittleDataError as error:
                self.lacking_[target] = f"{found.source}: too few to learn from ({error.what})"
        return self

    def predict(self, customers: Keys, assets: Keys, channels: Keys) -> ResponseFactors:
        """Factors at as-of for customers, assets and channels, known before or not.

        Raises:
            ForecastingError: The model is not fitted.
        """
        if not hasattr(self, "fitted_"):
            raise ForecastingError("The model is not fitted.", where="ResponseModel", remedy="Call fit first.")
        keys = [
            np.array(sorted(set(map(str, given_keys))), dtype=object) for given_keys in (customers, assets, channels)
        ]
        customer, asset, channel = keys
        topics, incidence = self._topics(asset)
        recent = self.known_.recent_pairs(customer, self.as_of_)[:, topics]
        at = np.full(len(customer), self.as_of_)
        columns = np.column_stack([self.known_.of_customers(customer, at), self.summaries_.before(customer, at)])
        targets: dict[Target, Factors] = {}
        for target in LINKS:
            if target not in self.fitted_ and target not in self.lacking_:
                continue
            if target in self.fitted_:
                targets[target] = self._factors(
                    target, columns, recent=np.log1p(recent), incidence=incidence, keys=(customer, asset, channel)
                )
                if LINKS[target] == "identity":
                    stated = self._stated_uplift(target, topics, incidence, (customer, asset, channel))
                    targets[target] = on_top_of(stated, targets[target])
            elif LINKS[target] == "logit":
                targets[target] = stated_chance(
                    target, self.stated(target), (customer, asset, channel), self.lacking_[target]
                )
            else:
                targets[target] = self._stated_uplift(target, topics, incidence, (customer, asset, channel))
        return ResponseFactors(customer, asset, channel, targets)

    def probabilities(self, target: Target, rows: Observations) -> Floats:
        """The target's value for rows of touches, as they were at their own moments; shape (rows,).

        Raises:
            ForecastingError: The target is a stated prior.
        """
        if target not in self.fitted_:
            raise ForecastingError(
                f"{target} is a stated prior: {self.lacking_.get(target, '')}.", where="ResponseModel",
                remedy="Score with `predict`, or wait for data.",
            )  # fmt: skip
        fitted = self.fitted_[target]
        columns = self._columns(rows, fitted)
        groups = {
            name: _codes(fitted.keys[name], values)
            for name, values in self._groups(rows).items()
            if name in fitted.keys
        }
        linear = fitted.regression.linear(columns, groups, offset=self._offset(target, rows, fitted))
        if LINKS[target] == "identity":
            return np.asarray(linear + self._stated_of(target, rows)[0])
        return np.asarray(1 / (1 + np.exp(-np.clip(linear, -80, 80))), dtype=np.float64)

    def _observed(self, target: Target, rows: Mapping[str, pd.DataFrame], as_of: datetime) -> Observations | None:
        if target in ("margin_uplift", "response_uplift"):
            return settled(uplifts(rows, self.known_, target, as_of=as_of))
        observe: dict[Target, Callable[..., Observations]] = {
            "p_response": responses, "p_redeem": redemptions, "p_opt_out": opt_outs,
        }  # fmt: skip
        return observe[target](rows, self.known_, as_of=as_of)

    def _learnt(self, target: Target, rows: Observations) -> Fitted:
        is_logit = LINKS[target] == "logit"
        names = LEVELS if is_logit else UPLIFT_LEVELS
        if is_logit and len(rows):
            rows = self._inside_history(rows)
        groups, keys = {}, {}
        for name, values in self._groups(rows).items():
            if name in names:
                keys[name] = np.array(sorted(set(values.tolist()) - {UNKNOWN}), dtype=object)
                groups[name] = _codes(keys[name], values)
        settings = self.settings_
        level = float(np.average(rows.target, weights=rows.weight)) if len(rows) else 0.0
        fatigue = np.log1p(settings.fatigue.mean) if is_logit else settings.fatigue.mean * level
        picked = (rows.share < 1) & is_logit
        sure = int(((rows.target > 0) & ~picked).sum())
        stated, prior_sd = (np.zeros(len(rows)), None) if is_logit else self._stated_of(target, rows)
        fitted = Fitted(
            HierarchicalRegression(link=LINKS[target], slope_sd=1.0 if is_logit else 0.1, prior_sd=prior_sd),
            keys,
            rows.has_random_past,
            bool(picked.any() and sure >= PICKED_LEAST),
            float(fatigue),
            rows.grade,
            f"fitted on {rows.source}",
        )
        columns = self._columns(rows, fitted)
        offset = self._offset(target, rows, fitted) + stated
        fitted.regression.fit(columns, groups, rows.target, weight=rows.weight, offset=offset)
        return fitted

    def _stated_of(self, target: Target, rows: Observations) -> tuple[Floats, float | None]:
        """What is stated of the effect of each row's asset, in the mean of the drawn customers, and how surely."""
        customer, assets = np.unique(rows.customer.astype(str)).astype(object), self.known_.assets
        topics, incidence = self._topics(assets)
        stated = self._stated_uplift(target, topics, incidence, (customer, assets, np.array([""], dtype=object)))
        usual = stated.customer_factor.mean(axis=0) if len(customer) else np.zeros(stated.customer_factor.shape[1])
        mean = np.append(stated.asset_factor @ usual, 0.0)[rows.asset]
        variance = np.append((stated.relative_sd * (stated.asset_factor @ usual)) ** 2 + stated.asset_variance, 0.0)
        spread = float(np.sqrt(variance[rows.asset].mean())) if len(rows) else 0.0
        return mean, spread if spread > 0 else None

    def _inside_history(self, rows: Observations) -> Observations:
        """Rows whose 91 days before lie inside the history of purchases, where that leaves half of the events."""
        began = np.datetime64(self.known_.days.history_day, "D").astype("datetime64[us]")
        kept = rows.at - np.timedelta64(AFFINITY_WINDOW_DAYS, "D") >= began
        if rows.target[kept].sum() < rows.target.sum() / 2:
            return rows
        names = ("customer", "asset", "channel", "at", "target", "weight", "share")
        parts = {name: getattr(rows, name)[kept] for name in names}
        return Observations(**parts, grade=rows.grade, has_random_past=rows.has_random_past, source=rows.source)

    def _columns(self, rows: Observations, fitted: Fitted) -> Floats:
        customer = np.column_stack(
            [self.known_.of_customers(rows.customer, rows.at), self.summaries_.before(rows.customer, rows.at)]
        )
        if not fitted.is_fatigue_fitted:
            customer[:, RECENT] = 0.0
        affinity = self.known_.affinity(rows.customer, rows.asset, rows.at)
        columns = [customer, affinity, self.known_.breadth(rows.asset)]
        if fitted.has_picked:
            picked = (rows.share < 1).astype(np.float64)
            columns += [picked, picked * affinity]
        return np.column_stack(columns)

    def _offset(self, target: Target, rows: Observations, fitted: Fitted) -> Floats:
        """What is known of rows beforehand: stated fatigue, and how much of an exposure they are.

        The share is an offset and no weight: rows that were redeemed would outweigh it, where chances are high.
        """
        known = np.log(rows.share) if LINKS[target] == "logit" else np.zeros(len(rows))
        if fitted.is_fatigue_fitted:
            return np.asarray(known)
        return np.asarray(known + fitted.fatigue * self.known_.of_customers(rows.customer, rows.at)[:, RECENT])

    def _groups(self, rows: Observations) -> dict[str, Keys]:
        known = self.known_
        return {
            "segment": known.segments(rows.customer),
            "customer": rows.customer,
            "kind": np.append(known.asset_kind, UNKNOWN)[rows.asset],
            "topic": np.append(known.asset_topic, UNKNOWN)[rows.asset],
            "asset": np.append(known.assets, UNKNOWN)[rows.asset],
            "channel": np.array([value if isinstance(value, str) else UNKNOWN for value in rows.channel], dtype=object),
        }

    def _topics(self, asset: Keys) -> tuple[Positions, Floats]:
        """Categories that any asset is about, and the share of each in each asset, shape (assets, categories)."""
        known = self.known_
        place = known.positions(asset)
        owner, category = known.topics.of(place[place >= 0])
        owner = np.flatnonzero(place >= 0)[owner]
        topics = np.unique(category[category >= 0])
        incidence = np.zeros((len(asset), len(topics)))
        is_known = category >= 0
        incidence[owner[is_known], np.searchsorted(topics, category[is_known])] = 1.0
        counts = np.maximum(np.append(known.topics.counts, 1)[place], 1)
        return topics, incidence / counts[:, None]

    def _factors(
        self, target: Target, columns: Floats, *, recent: Floats, incidence: Floats, keys: tuple[Keys, Keys, Keys]
    ) -> Factors:
        fitted, (customer, asset, channel) = self.fitted_[target], keys
        regression, width = fitted.regression, columns.shape[1]
        slope, centre = regression.coefficients_, regression.centre_
        used = columns.copy()
        if not fitted.is_fatigue_fitted:
            used[:, RECENT] = 0.0
        place = self.known_.positions(asset)
        levels: dict[str, tuple[Floats, Floats]] = {}
        asked = {
            "segment": self.known_.segments(customer),
            "customer": customer,
            "kind": np.append(self.known_.asset_kind, UNKNOWN)[place],
            "topic": np.append(self.known_.asset_topic, UNKNOWN)[place],
            "asset": asset,
            "channel": channel,
        }
        for name, values in asked.items():
            if name in fitted.keys:
                code = _codes(fitted.keys[name], values)
                levels[name] = regression.effect(name, code), regression.variance(name, code)
        none = {"customer": (np.zeros(len(customer)), np.zeros(len(customer)))}
        by_customer = [levels["segment"], (levels | none if "customer" not in levels else levels)["customer"]]
        by_asset = [levels[name] for name in ("kind", "topic", "asset")]
        effect = (used - centre[:width]) @ slope[:width] + sum(part[0] for part in by_customer)
        if not fitted.is_fatigue_fitted:
            effect = effect + fitted.fatigue * columns[:, RECENT]
        slopes_unknown = (used - centre[:width]) ** 2 @ regression.coefficient_variance_[:width]
        # Columns after the customer's are centred; affinity starts from nothing, and nothing is picked.
        constant = regression.intercept_ - float(slope[width:] @ centre[width:])
        return Factors(
            target=target,
            link=LINKS[target],
            intercept=constant,
            customer_effect=effect,
            asset_effect=self.known_.breadth(place) * slope[width + 1] + sum(part[0] for part in by_asset),
            channel_effect=levels["channel"][0],
            customer_factor=recent,
            asset_factor=incidence * slope[width],
            channel_factor=np.zeros((len(channel), recent.shape[1])),
            customer_variance=slopes_unknown + sum(part[1] for part in by_customer) + regression.intercept_variance_,
            asset_variance=np.asarray(sum(part[1] for part in by_asset)),
            channel_variance=levels["channel"][1],
            relative_sd=np.zeros(len(asset)),
            grade=fitted.grade,
            source=fitted.source,
            is_learnt=self._is_learnt(target, asset, place),
        )

    def _is_learnt(self, target: Target, asset: Keys, place: Positions) -> Flags:
        """Of a chance all assets, since kinds are shrunk to; of an effect those whose draws outweigh what is stated."""
        fitted = self.fitted_[target]
        regression = fitted.regression
        if LINKS[target] == "logit":
            return np.ones(len(asset), dtype=np.bool_)
        unknown = np.full(len(asset), regression.intercept_variance_)
        before = np.full(len(asset), regression.intercept_spread_)
        groups = {
            "kind": np.append(self.known_.asset_kind, UNKNOWN)[place],
            "topic": np.append(self.known_.asset_topic, UNKNOWN)[place],
            "asset": asset,
        }
        for name, values in groups.items():
            if len(fitted.keys[name]) > 1:
                unknown = unknown + regression.variance(name, _codes(fitted.keys[name], values))
                before = before + regression.levels_[name].spread
        return np.isin(asset.astype(str), fitted.keys["asset"].astype(str)) & (unknown < MOST_UNKNOWN * before)

    def stated(self, target: Target) -> float:
        """The stated prior of a chance."""
        settings = self.settings_
        priors: dict[Target, float] = {
            "p_response": settings.response_prior,
            "p_redeem": settings.redemption_prior,
            "p_opt_out": settings.opt_out_prior,
        }
        return priors[target]

    def _stated_uplift(
        self, target: Target, topics: Positions, incidence: Floats, keys: tuple[Keys, Keys, Keys]
    ) -> Factors:
        """The stated share of what the customer's categories bring in a window anyway."""
        reason = self.lacking_.get(target, "")
        if target == "response_uplift":
            return flat(target, 0.0, self.settings_.response_prior**2, keys, f"nothing is stated; {reason}")
        window = self.settings_.value_window_days / AFFINITY_WINDOW_DAYS
        usual = self.known_.recent_pairs(keys[0], self.as_of_, self.known_.days.margin)[:, topics] * window
        return stated_uplift(target, self.settings_, self.known_, usual, incidence, keys, reason)

    def arrays(self, *, with_customers: bool = True) -> dict[str, np.ndarray]:
        """What was learnt, as arrays by name; texts are unicode.

        Args:
            with_customers: Whether effects of single customers are among them; without, they name nobody, and
                `from_arrays` learns these effects again from what customers did until then.
        """
        found: dict[str, np.ndarray] = {}
        for target, fitted in self.fitted_.items():
            found |= fitted_arrays(target, fitted, with_customers=with_customers)
        for target, reason in self.lacking_.items():
            found[f"{target}/lacking"] = np.array(reason)
        return found

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, np.ndarray], tables: Mapping[str, pd.DataFrame], settings: ResponseSettings,
        *, as_of: datetime, timezone: str,
    ) -> Self:  # fmt: skip
        """The model that `arrays` was made of, with what is known of customers at `as_of` read from tables."""
        model = cls(settings)
        rows = given(tables, as_of)
        model.known_ = Situations.read(rows, settings, as_of=as_of, timezone=timezone)
        model.summaries_ = Summaries.read(tables.get("summaries"), moment(as_of))
        model.as_of_, model.settings_ = moment(as_of), settings
        model.fitted_ = {target: restored(target, arrays) for target in LINKS if f"{target}/facts" in arrays}
        model.lacking_ = {target: str(arrays[f"{target}/lacking"]) for target in LINKS if f"{target}/lacking" in arrays}
        for target in list(model.fitted_):
            spread = arrays.get(f"{target}/customer/spread")
            if spread is not None and f"{target}/customer/keys" not in arrays:
                observed = model._observed(target, rows, as_of)
                observed = model._inside_history(observed) if observed is not None and len(observed) else observed
                average = float(arrays[f"{target}/customer/average"])
                model._learn_customers(target, observed, float(spread), average)
        return model

    def _learn_customers(self, target: Target, rows: Observations | None, spread: float, average: float) -> None:
        """Effects of customers, as their own rows say, everything else being as it was learnt."""
        fitted = self.fitted_[target]
        who = rows.customer if rows is not None else np.zeros(0, dtype=object)
        codes, keys = pd.factorize(pd.Series(who, dtype=object), sort=True)
        level = Level(np.zeros(0), np.zeros(0), spread, average)
        if rows is not None and len(rows):
            groups = {
                name: _codes(fitted.keys[name], values)
                for name, values in self._groups(rows).items()
                if name in fitted.keys
            }
            offset = self._offset(target, rows, fitted)
            linear = fitted.regression.linear(self._columns(rows, fitted), groups, offset=offset)
            level = fitted.regression.level_given(codes, rows.target, linear, known=level, weight=rows.weight)
        fitted.regression.levels_["customer"] = level
        self.fitted_[target] = replace(fitted, keys={**fitted.keys, "customer": np.asarray(keys, dtype=object)})


def _codes(keys: Keys, values: Keys) -> Positions:
    return pd.Index(keys, dtype=object).get_indexer(pd.Index(values, dtype=object)).astype(np.int64)
