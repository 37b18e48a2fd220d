"""What is known about an effect, and how it is known: estimates, the tests they had to pass, and the grade."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from forecasting.values import EvidenceGrade

Answer = Literal["passed", "failed", "unknown"]
Verdict = Literal["lift", "loss", "none_found", "cannot_tell", "nothing_to_compare"]


@dataclass(frozen=True)
class Estimate:
    """A difference between two groups, with a 95 % interval that is clustered by household.

    Attributes:
        value: Treated less untreated, in the outcome's unit per unit (household, customer).
        low: Lower end of the interval.
        high: Upper end of the interval.
        p_value: Of no difference, two-sided.
        treated_mean: Mean of the treated.
        untreated_mean: Mean of the untreated.
    """

    value: float
    low: float
    high: float
    p_value: float
    treated_mean: float
    untreated_mean: float

    @property
    def half_width(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class EvidenceTest:
    """One test that a comparison has to pass.

    Attributes:
        name: balance, independence, overlap, pre_period or placebo.
        answer: `unknown` where the data cannot tell; it does not pass.
        sentence: What was found, in plain words.
        p_value: Of the test where it has one.
    """

    name: str
    answer: Answer
    sentence: str
    p_value: float | None = None


@dataclass(frozen=True)
class Graded:
    """How an effect is known, and why not better.

    Attributes:
        grade: `randomised`, `adjusted` or `assumed`.
        reasons: Sentences; of a lower grade they say what was missing.
        tests: All tests that were made.
    """

    grade: EvidenceGrade
    reasons: tuple[str, ...]
    tests: tuple[EvidenceTest, ...] = ()


@dataclass(frozen=True, eq=False)
class Imbalance:
    """How far arms differ in what was known before.

    Attributes:
        covariate: Names, shape (k,).
        arm: The arm that is compared with all others, shape (k,).
        standardised_difference: Weighted difference of means in standard deviations, shape (k,).
    """

    covariate: npt.NDArray[np.object_]
    arm: npt.NDArray[np.object_]
    standardised_difference: npt.NDArray[np.float64]


@dataclass(frozen=True)
class TestSize:
    """The randomised test that would find an effect.

    Attributes:
        share: The effect looked for, as a share of what an untreated unit brings.
        weeks: For how long the treated are treated and everybody is counted.
        effect: The effect in the outcome's unit per unit over these weeks.
        units_per_arm: How many units each of two equal arms needs.
        units: Both arms together.
        is_possible: Whether so many units exist.
        detectable: The smallest effect that all existing units would show in that time, as a share.
    """

    __test__ = False  # pytest takes names that start with Test for tests

    share: float
    weeks: int
    effect: float
    units_per_arm: int
    units: int
    is_possible: bool
    detectable: float


@dataclass(frozen=True)
class Lift:
    """One comparison of treated and untreated units, judged.

    Attributes:
        arm: The arm that was compared.
        control: With which arm.
        treated: Units in the arm.
        untreated: Units in the control arm.
        naive: Difference of the outcome in the window, nothing adjusted.
        pre_period: The same difference in the window of the same length just before.
        did: Difference of the changes from the window before to the window itself.
        placebos: The same difference of changes, moved back by one window each, latest first.
        effect: The estimate that the grade speaks of; None where it is only assumed.
        graded: The grade, its reasons and tests.
        verdict: What may be said.
    """

    arm: str
    control: str
    treated: int
    untreated: int
    naive: Estimate | None
    pre_period: Estimate | None
    did: Estimate | None
    placebos: tuple[Estimate, ...]
    effect: Estimate | None
    graded: Graded
    verdict: Verdict
