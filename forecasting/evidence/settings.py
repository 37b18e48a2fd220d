"""What the tests of evidence depend on apart from the data."""

from dataclasses import dataclass

from forecasting.errors import ForecastingError


@dataclass(frozen=True)
class EvidenceSettings:
    """Thresholds of the tests.

    Attributes:
        significance: A test fails, and an effect is found, below this p-value.
        minimum_clusters: Each arm needs so many households; below, an interval means little and a mean would tell what
            single people do.
        tolerated_share: A pre-period or placebo test passes only when its interval is no wider to either side than
            this share of what untreated units bring: a test that could not have failed proves nothing.
        overlap_limit: A treated unit has nobody to be compared with when its estimated chance of treatment is above.
        overlap_share: At least this share of the treated must have somebody.
        most_apart: The treated and the untreated may lie so many standard deviations apart in their estimated chance of
            treatment, on the scale of log-odds.
        most_earlier: How many earlier windows are looked at, at most.
        sought_share: The effect that a test of the future should find, as a share of what untreated units bring.
        power: With which probability it should find it.
        longest_test_weeks: No test is proposed that takes longer.

    Raises:
        ForecastingError: A value outside its range.
    """

    significance: float = 0.05
    minimum_clusters: int = 30
    tolerated_share: float = 0.10
    overlap_limit: float = 0.90
    overlap_share: float = 0.90
    most_apart: float = 0.5
    most_earlier: int = 5
    sought_share: float = 0.05
    power: float = 0.80
    longest_test_weeks: int = 26

    def __post_init__(self) -> None:
        for name in ("significance", "tolerated_share", "overlap_limit", "overlap_share", "sought_share", "power"):
            _insist(name, getattr(self, name), is_right=0 < getattr(self, name) < 1, wanted="a number between 0 and 1")
        _insist("most_apart", self.most_apart, is_right=self.most_apart > 0, wanted="a number above 0")
        for name, least in (("minimum_clusters", 2), ("most_earlier", 1), ("longest_test_weeks", 1)):
            _insist(name, getattr(self, name), is_right=getattr(self, name) >= least, wanted=f"{least} or more")


def _insist(name: str, value: float, *, is_right: bool, wanted: str) -> None:
    if not is_right:
        raise ForecastingError(f"{name} is {value}.", where="evidence settings", remedy=f"Use {wanted}.")
