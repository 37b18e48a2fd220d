"""A favourite hour per customer: what engaged hours say about it, and what the segment says where they are silent.

Each customer engages partly as the whole segment does and partly around a favourite local hour of the week of their
own (a finite mixture, fitted by expectation and maximisation; Dempster, Laird and Rubin 1977). How sharp habits are
around the favourite hour, over neighbouring hours and over the same hour of other days, how common which favourite
hours are, and how strong habits are is learnt from everybody; segments are shrunk to all, customers to their segment.
With one favourite hour per customer the posterior is exact and needs no simulation: a customer of whom nothing is
known gets the segment's, to the last bit.

Real habits are not of this form, so two things guard against it, both chosen inside the history by the likelihood of
later engagement: the evidence is given a trust below one (tempering), and what is expected is only the prior of a
Dirichlet distribution over the hours, so that somebody who engages often enough is taken as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from forecasting.errors import TooLittleDataError
from forecasting.timing.week_shares import (
    HOURS,
    OFFSET,
    STATES,
    STRENGTHS,
    Integers,
    beta_quantile,
    blended,
    by_group,
    habits_around,
    leads,
    quantiles,
    smooth_states,
    spread_evenly,
    starting_habit,
    window_start,
)
from forecasting.values import Floats, Keys
from forecasting.values.timing import HOURS_PER_WEEK

TRUSTS = (1.0, 0.8, 0.6, 0.4, 0.25, 0.1)
PRIOR_HOURS = (10.0, 30.0, 100.0, 300.0, 1000.0)
"""How many engaged hours of a customer weigh as much as what the mixture expects of them."""
SEGMENT_PRIOR = 60.0
"""How many engaged hours (and favourite hours) of a segment weigh as much as those of all."""
HABIT_PRIOR = 100.0
SMOOTH_PRIOR = 1_000.0
"""Engaged hours up to which what all do is smooth: else the habits of few customers would pass for everybody's."""
ROUNDS = 12
SMOOTHING_ROUNDS = 10
"""Few on purpose: the likeliest mixture itself would follow every chance of the counts."""

LOW, HIGH = 0.05, 0.95
LEAST_WEIGHT = 10.0
SHARE_FACTORS = (0.3, 1.2)
CHUNK = 20_000
NEIGHBOURS = (-1, 0, 1)


@dataclass(frozen=True, eq=False)
class Habits:
    """What is believed about customers, one row each.

    Attributes:
        hour_of_week: Best local hour, 0 to 167.
        window_start: First local hour of the window around it.
        share: Expected share of engagement within the window around it.
        share_low: 5 % quantile of that share.
        share_high: 95 % quantile.
        confidence: P(the hour of most engagement lies within one hour of `hour_of_week`).
        profile: Expected share of engagement per hour of the week, shape (customers, 168).
    """

    hour_of_week: Integers
    window_start: Integers
    share: Floats
    share_low: Floats
    share_high: Floats
    confidence: Floats
    profile: Floats


class FavouriteHourModel:
    """Favourite hours of customers, shrunk to their segments'.

    Learnt state: `segment_names_` (g,), `background_` (g, 168), `favourite_` (g, states), `habit_` (168, by offset from
    the favourite hour), `trust_`, `prior_hours_`, `share_factor_`
    (how much of the expected shares was found later: the best of 168 hours looks better than it is).
    """

    def __init__(self, *, window_hours: int = 3, learning_customers: int = 10_000, random_state: int = 0) -> None:
        self.window_hours = window_hours
        self.learning_customers = learning_customers
        self.random_state = random_state

    def fit(self, counts: Floats, segment: Keys, *, later: Floats | None = None) -> Self:
        """Learn habits.

        Args:
            counts: Engaged hours per customer and hour of the week, shape (customers, 168), not negative.
            segment: Of each customer.
            later: The same customers' engagement after `counts`, to choose `trust_` and `prior_hours_` on;
                without it they stay in the middle of the choices.

        Raises:
            TooLittleDataError: Nobody engaged at all, or a count is negative or not finite.
        """
        if not np.isfinite(counts).all() or (counts < 0).any():
            raise TooLittleDataError(
                "Counts of engaged hours must be finite and not negative.",
                where="timing",
                remedy="Count engaged hours per customer and hour of the week.",
            )
        if counts.sum() <= 0:
            raise TooLittleDataError(
                "Nobody engaged before as-of.",
                where="timing",
                remedy="Give signals, outcomes or purchases with times before as-of.",
            )
        names, code = np.unique(segment.astype(str), return_inverse=True)
        self.segment_names_: npt.NDArray[np.str_] = names
        chosen = self._learning_rows(counts)
        self._start(counts, code)
        for _ in range(ROUNDS):
            self._improve(counts[chosen], code[chosen])
        self.trust_, self.prior_hours_, self.share_factor_ = 0.6, 100.0, 1.0
        return self if later is None else self.choose(counts, segment, later)

    def choose(self, counts: Floats, segment: Keys, later: Floats) -> Self:
        """Choose `trust_`, `prior_hours_` and `share_factor_` by engagement after the counts that were learnt from."""
        if later.sum() > 0:
            chosen, code = self._learning_rows(counts), self._codes(segment)
            self.trust_, self.prior_hours_ = self._chosen(counts[chosen], later[chosen], code[chosen])
            self.share_factor_ = self._found_of_expected(counts[chosen], later[chosen], code[chosen])
        return self

    def predict(self, counts: Floats, segment: Keys) -> Habits:
        """What is believed about customers; a segment that was never seen is that of all."""
        code = self._codes(segment)
        parts = [
            self._habits(counts[start : start + CHUNK], code[start : start + CHUNK])
            for start in range(0, len(counts), CHUNK)
        ]
        return Habits(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in Habits.__dataclass_fields__)
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The learnt state, for storing."""
        return {
            "segment_names": self.segment_names_,
            "background": self.background_,
            "favourite": self.favourite_,
            "habit": self.habit_,
            "trust": np.array([self.trust_]),
            "prior_hours": np.array([self.prior_hours_]),
            "share_factor": np.array([self.share_factor_]),
            "window_hours": np.array([self.window_hours]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """The model that gave these arrays, ready to predict."""
        model = cls(window_hours=int(arrays["window_hours"][0]))
        model.segment_names_ = arrays["segment_names"]
        model.background_, model.favourite_ = arrays["background"], arrays["favourite"]
        model.habit_ = arrays["habit"]
        model.trust_, model.prior_hours_ = float(arrays["trust"][0]), float(arrays["prior_hours"][0])
        model.share_factor_ = float(arrays["share_factor"][0])
        return model

    def _codes(self, segment: Keys) -> Integers:
        """Row of each customer's segment; the last row stands for all."""
        names = segment.astype(str)
        place = np.minimum(np.searchsorted(self.segment_names_, names), len(self.segment_names_) - 1)
        return np.where(self.segment_names_[place] == names, place, len(self.segment_names_)).astype(np.int64)

    def _learning_rows(self, counts: Floats) -> Integers:
        known = np.flatnonzero(counts.sum(axis=1) > 0)
        if len(known) <= self.learning_customers:
            return known
        drawn = np.random.default_rng(self.random_state).choice(known, self.learning_customers, replace=False)
        return np.sort(drawn)

    def _start(self, counts: Floats, code: Integers) -> None:
        """Backgrounds as counted; habits of two hours' width; all favourite hours as common as engagement there."""
        self.habit_ = starting_habit()
        self.background_ = self._shrunk(by_group(counts, code, len(self.segment_names_)))
        common = np.concatenate([[0.2], np.repeat(0.8 / len(STRENGTHS), len(STRENGTHS))])
        smooth = self.background_ @ habits_around(self.habit_)
        strong = [share * smooth / smooth.sum(axis=1, keepdims=True) for share in common[1:]]
        self.favourite_ = np.hstack([np.full((len(smooth), 1), common[0]), *strong])

    def _improve(self, counts: Floats, code: Integers) -> None:
        """One round of expectation and maximisation."""
        groups = len(self.segment_names_)
        chosen = np.zeros((groups, STATES))
        background, habit = np.zeros((groups, HOURS_PER_WEEK)), np.zeros(HOURS_PER_WEEK)
        near = habits_around(self.habit_)
        for group in range(groups):
            rows = counts[code == group]
            if not len(rows):
                continue
            belief = self._belief(rows, group, 1.0)
            chosen[group] = belief.sum(axis=0)
            engaged = belief.T @ rows
            background[group] += engaged[0]
            for place, strength in enumerate(STRENGTHS):
                own = engaged[1 + place * HOURS_PER_WEEK : 1 + (place + 1) * HOURS_PER_WEEK]
                common = (1 - strength) * self.background_[group][None, :]
                part = own * strength * near / (strength * near + common)
                background[group] += (own - part).sum(axis=0)
                habit += np.bincount(OFFSET.ravel(), part.ravel(), minlength=HOURS_PER_WEEK)
        habit += HABIT_PRIOR * starting_habit()
        habit += habit[-HOURS % HOURS_PER_WEEK]  # symmetric: else the favourite hour itself could drift
        self.habit_ = habit / habit.sum()
        self.background_ = self._shrunk(background)
        everybody = (chosen.sum(axis=0) + spread_evenly()) / (chosen.sum() + 1.0)
        strengthened = smooth_states(chosen) + SEGMENT_PRIOR * everybody
        self.favourite_ = np.vstack([strengthened / strengthened.sum(axis=1, keepdims=True), everybody])

    def _shrunk(self, counts: Floats) -> Floats:
        """Profiles of segments shrunk to that of all, which is the last row, smooth where counts are few."""
        total = counts.sum(axis=0) + 1.0 / HOURS_PER_WEEK
        smooth = total @ habits_around(starting_habit())
        total = total + SMOOTH_PRIOR * smooth / smooth.sum()
        everybody = total / total.sum()
        profiles = counts + SEGMENT_PRIOR * everybody
        return np.vstack([profiles / profiles.sum(axis=1, keepdims=True), everybody])

    def _profiles(self, group: int) -> Floats:
        """Share of engagement per hour of the week in every state of a segment, shape (states, 168)."""
        common = self.background_[group][None, :]
        near = habits_around(self.habit_)
        return np.vstack([common, *(strength * near + (1 - strength) * common for strength in STRENGTHS)])

    def _belief(self, counts: Floats, group: int, trust: float) -> Floats:
        """P(state) of each customer of a segment, shape (customers, states)."""
        evidence = trust * (counts @ np.log(self._profiles(group)).T) + np.log(self.favourite_[group])[None, :]
        evidence -= evidence.max(axis=1, keepdims=True)
        belief = np.exp(evidence)
        return np.asarray(belief / belief.sum(axis=1, keepdims=True))

    def _several_favourites(self, counts: Floats, group: int) -> Floats:
        """Engaged hours as smooth as habits are, when every one of them may belong to a favourite hour of its own.

        The likeliest mixture of habits around all hours and the segment's background, scaled to the hours counted.
        """
        parts = np.vstack([habits_around(self.habit_), self.background_[group][None, :]])
        engaged = counts.sum(axis=1, keepdims=True)
        weights = np.full((len(counts), len(parts)), 0.5 / HOURS_PER_WEEK)
        weights[:, -1] = 0.5
        expected = weights @ parts
        for _ in range(SMOOTHING_ROUNDS):
            weights *= (counts / expected) @ parts.T / np.maximum(engaged, 1e-12)
            expected = weights @ parts + 1e-12
        return np.asarray(expected * engaged)

    def _chosen(self, counts: Floats, later: Floats, code: Integers) -> tuple[float, float]:
        """The trust and the prior's weight under which later engagement is likeliest."""
        scores = np.zeros((len(TRUSTS), len(PRIOR_HOURS)))
        for group in np.unique(code):
            rows = code == group
            profiles = self._profiles(int(group))
            own = self._several_favourites(counts[rows], int(group))
            for place, trust in enumerate(TRUSTS):
                expected = self._belief(counts[rows], int(group), trust) @ profiles
                for column, prior in enumerate(PRIOR_HOURS):
                    likely = np.log(blended(expected, own, prior))
                    scores[place, column] += float((later[rows] * likely).sum())
        trust_place, prior_place = np.unravel_index(int(scores.argmax()), scores.shape)
        return TRUSTS[int(trust_place)], PRIOR_HOURS[int(prior_place)]

    def _found_of_expected(self, counts: Floats, later: Floats, code: Integers) -> float:
        """Share of later engagement within the windows, over the share that was expected there."""
        habits = self._habits(counts, code)
        hours = (habits.window_start[:, None] + np.arange(self.window_hours)[None, :]) % HOURS_PER_WEEK
        engaged = later.sum(axis=1)
        found = np.take_along_axis(later, hours, axis=1).sum(axis=1).sum()
        return float(np.clip(found / max(float((habits.share * engaged).sum()), 1e-12), *SHARE_FACTORS))

    def _habits(self, counts: Floats, code: Integers) -> Habits:
        rows = len(counts)
        best, starts = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)
        profile = np.zeros((rows, HOURS_PER_WEEK))
        share, low, high, confidence = (np.zeros(rows) for _ in range(4))
        for group in np.unique(code):
            members = np.flatnonzero(code == group)
            known = counts[members].sum(axis=1) > 0
            # the segment itself is the row without evidence, computed once, so that its members equal it exactly
            belief = self._belief(np.zeros((1, HOURS_PER_WEEK)), int(group), self.trust_)
            own = counts[members[known]]
            for people, beliefs, engaged in (
                (members[~known], belief, np.zeros((1, HOURS_PER_WEEK))),
                (members[known], self._belief(own, int(group), self.trust_), own),
            ):
                if not len(people):
                    continue
                found = self._summary(beliefs, engaged, int(group))
                best[people], starts[people] = found.hour_of_week, found.window_start
                share[people], low[people], high[people] = found.share, found.share_low, found.share_high
                confidence[people], profile[people] = found.confidence, found.profile
        return Habits(best, starts, share, low, high, confidence, profile)

    def _summary(self, belief: Floats, counts: Floats, group: int) -> Habits:
        profiles = self._profiles(group)
        mixed = belief @ profiles
        expected = blended(mixed, self._several_favourites(counts, group), self.prior_hours_)
        best = expected.argmax(axis=1).astype(np.int64)
        starts = window_start(expected, best, self.window_hours)
        share, low, high = (np.zeros(len(belief)) for _ in range(3))
        engaged = counts.sum(axis=1)
        own = engaged / (engaged + self.prior_hours_)
        for start in np.unique(starts):
            chosen = starts == start
            hours = (start + np.arange(self.window_hours)) % HOURS_PER_WEEK
            within = profiles[:, hours].sum(axis=1)
            # the best hour is found in smooth hours; how much it holds is what was counted, not smoothed away
            share[chosen] = blended(mixed[chosen], counts[chosen], self.prior_hours_)[:, hours].sum(axis=1)
            low[chosen] = quantiles(belief[chosen], within, LOW)
            high[chosen] = quantiles(belief[chosen], within, HIGH)
        factor = np.where(engaged > 0, self.share_factor_, 1.0)
        share, low, high = np.minimum(factor * share, 1.0), factor * low, np.minimum(factor * high, 1.0)
        # the mixture knows few strengths of habit, so its interval is never narrower than counting alone allows
        weight = engaged + LEAST_WEIGHT
        low = np.minimum(low, beta_quantile(share, weight, LOW))
        high = np.maximum(high, beta_quantile(share, weight, HIGH))
        by_hour = belief[:, 1:].reshape(len(belief), len(STRENGTHS), HOURS_PER_WEEK).sum(axis=1)
        near = (best[:, None] + np.array(NEIGHBOURS)[None, :]) % HOURS_PER_WEEK
        favourite = np.minimum(np.take_along_axis(by_hour, near, axis=1).sum(axis=1), 1.0)
        confidence = (1 - own) * favourite + own * leads(expected * (engaged + self.prior_hours_)[:, None], near)
        return Habits(best, starts, share, low, high, confidence, expected)
