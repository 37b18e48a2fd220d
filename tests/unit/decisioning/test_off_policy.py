"""From the log of one policy that explores, the value of another one, which was never run."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest

from decisioning.errors import DecisioningError
from decisioning.exploration import LimitUse, explore
from decisioning.off_policy import Log, PolicyValue, doubly_robust, inverse_propensity, self_normalised

Floats = npt.NDArray[np.float64]

OPTIONS = 3
SHARE = 0.3
EXPERIMENTS, CUSTOMERS = 300, 1_500


@dataclass(frozen=True)
class Simulated:
    """A world whose truth is known: what every action is worth to every customer, nothing among them (column 0).

    What the log's policy believes of the options' worth is wrong, so that its choice is not the best one.
    """

    truth: Floats
    believed: Floats
    noise: Floats

    @classmethod
    def draw(cls, seed: int, customers: int = CUSTOMERS) -> "Simulated":
        random = np.random.default_rng(seed)
        kind = random.integers(0, 2, (customers, 1))
        likes = np.where(kind == 0, [[1.0, 0.9, -0.5]], [[0.1, 1.5, -0.4]]) + random.normal(
            0, 0.3, (customers, OPTIONS)
        )
        truth = np.hstack([np.full((customers, 1), 2.0), 2.0 + likes])
        believed = likes + random.normal(0, 1.0, likes.shape)
        return cls(truth, believed, random.normal(0, 1.0, customers))

    def logged(self, seed: int, use: tuple[LimitUse, ...] = ()) -> tuple[Floats, Floats, npt.NDArray[np.intp]]:
        """Outcome, propensity and action (0 for nothing) of every customer, as the explored policy wrote them."""
        count = len(self.truth)
        customer = np.repeat(np.arange(count, dtype=np.int32), OPTIONS)
        best = self.believed.argmax(axis=1)
        chosen = np.where(self.believed.max(axis=1) > 0, best + OPTIONS * np.arange(count), -1)
        keys = np.array([f"{seed}-{number}" for number in range(count)], dtype=object)
        made = explore(customer, self.believed.ravel(), chosen, share=SHARE, seed=seed, customer_keys=keys, use=use)
        action = np.where(made.chosen < 0, 0, made.chosen % OPTIONS + 1)
        return self.truth[np.arange(count), action] + self.noise, made.propensity, action

    def other(self) -> npt.NDArray[np.intp]:
        """Another policy: it only ever sends the second option, where the first one believes it is worth anything."""
        return np.where(self.believed[:, 1] > 0, 2, 0)

    def value_of_other(self) -> float:
        return float(self.truth[np.arange(len(self.truth)), self.other()].mean())

    def log(self, seed: int) -> tuple[Log, npt.NDArray[np.intp]]:
        outcome, propensity, action = self.logged(seed)
        return Log(outcome, propensity, (action == self.other()).astype(np.float64)), action

    def estimates(self, seed: int) -> dict[str, PolicyValue]:
        log, action = self.log(seed)
        rough = np.array([2.0, 2.4, 3.0, 2.2])  # a model that knows no customer, and is wrong about every option
        return {
            "inverse propensity": inverse_propensity(log),
            "self-normalised": self_normalised(log),
            "doubly robust": doubly_robust(log, rough[action], rough[self.other()]),
        }


def test_the_log_tells_what_another_policy_is_worth_and_how_surely() -> None:
    """Of 300 logs, 95 in 100 intervals hold the true value, and the estimates are right on average."""
    errors: dict[str, list[float]] = {}
    covered: dict[str, list[bool]] = {}
    naive = []
    for seed in range(EXPERIMENTS):
        simulated = Simulated.draw(seed)
        true = simulated.value_of_other()
        naive.append(float(simulated.logged(seed)[0].mean()) - true)
        for name, value in simulated.estimates(seed).items():
            errors.setdefault(name, []).append(value.mean - true)
            covered.setdefault(name, []).append(value.low <= true <= value.high)
    for name, found in errors.items():
        spread = np.std(found) / np.sqrt(EXPERIMENTS)
        assert abs(np.mean(found)) < 3 * spread, f"{name} is biased"
        assert 0.91 <= np.mean(covered[name]) <= 0.985, f"{name} covers {np.mean(covered[name]):.3f}"
    assert abs(np.mean(naive)) > 10 * np.std(naive) / np.sqrt(EXPERIMENTS), "the log's own mean is another policy's"
    assert np.std(errors["doubly robust"]) < np.std(errors["inverse propensity"])
    assert np.std(errors["self-normalised"]) < np.std(errors["inverse propensity"])


def test_the_policy_that_wrote_the_log_is_estimated_as_what_it_brought() -> None:
    outcome, propensity, _ = Simulated.draw(1).logged(1)
    own = Log(outcome, propensity, propensity)
    for value in (inverse_propensity(own), self_normalised(own)):
        assert value.mean == pytest.approx(outcome.mean())
        assert value.effective_rows == pytest.approx(len(outcome))
        assert value.largest_weight == pytest.approx(1.0)


def test_a_perfect_model_leaves_nothing_to_correct() -> None:
    simulated = replace(Simulated.draw(2), noise=np.zeros(CUSTOMERS))
    log, action = simulated.log(2)
    rows = np.arange(CUSTOMERS)
    value = doubly_robust(log, simulated.truth[rows, action], simulated.truth[rows, simulated.other()])
    assert value.mean == pytest.approx(simulated.value_of_other())


def test_rows_of_one_household_count_as_one_piece() -> None:
    outcome, propensity, _ = Simulated.draw(3).logged(3)
    single = Log(outcome, propensity, propensity)
    twice = Log(*(np.repeat(part, 2) for part in (outcome, propensity, propensity)))
    together = replace(twice, cluster=np.repeat(np.arange(len(outcome)), 2))
    widths = [value.high - value.low for value in map(inverse_propensity, (single, twice, together))]
    assert widths[1] < 0.75 * widths[0], "taken for new rows, copies seem to make sure"
    assert widths[2] == pytest.approx(widths[0])


def test_a_log_with_undone_choices_is_refused_until_they_are_left_out() -> None:
    simulated = Simulated.draw(4)
    limit = np.tile([0, 1, 1], CUSTOMERS)
    sent = np.bincount(simulated.believed.argmax(axis=1)[simulated.believed.max(axis=1) > 0], minlength=OPTIONS)
    full = LimitUse(limit, np.ones(len(limit), dtype=np.int64), np.array([float(sent[0]), float(sent[1:].sum())]))
    outcome, propensity, _ = simulated.logged(4, (replace(full, least=full.most),))
    assert np.isnan(propensity).any()
    with pytest.raises(DecisioningError, match="have no propensity"):
        Log(outcome, propensity, np.ones(CUSTOMERS))
    known = ~np.isnan(propensity)
    assert len(Log(outcome[known], propensity[known], np.ones(int(known.sum()))))


@pytest.mark.parametrize(("propensity", "target"), [(0.0, 0.5), (1.1, 0.5), (0.5, -0.1), (0.5, 1.1)])
def test_a_probability_that_cannot_be_is_refused(propensity: float, target: float) -> None:
    with pytest.raises(DecisioningError, match="cannot both be"):
        Log(np.ones(3), np.array([0.5, 0.5, propensity]), np.array([0.5, 0.5, target]))


def test_shapes_and_missing_forecasts_are_refused() -> None:
    log = Log(np.ones(3), np.full(3, 0.5), np.ones(3))
    with pytest.raises(DecisioningError, match="no forecast for"):
        doubly_robust(log, np.ones(2), np.ones(3))
    with pytest.raises(DecisioningError, match="no forecast_of_target for"):
        doubly_robust(log, np.ones(3), np.array([1.0, np.nan, 1.0]))
    with pytest.raises(DecisioningError, match="no target"):
        Log(np.ones(3), np.full(3, 0.5), np.ones(2))
    with pytest.raises(DecisioningError, match="clusters"):
        Log(np.ones(3), np.full(3, 0.5), np.ones(3), cluster=np.arange(2))


def test_too_little_to_be_sure_is_said() -> None:
    with pytest.raises(DecisioningError, match="1 independent row cannot"):
        inverse_propensity(Log(np.ones(1), np.ones(1), np.ones(1)))
    with pytest.raises(DecisioningError, match="never took an action"):
        self_normalised(Log(np.ones(3), np.ones(3), np.zeros(3)))
