"""What a playbook may say about watching metrics, with defaults."""

from dataclasses import dataclass

from forecasting.settings import insist_on_ranges


@dataclass(frozen=True)
class AnomalySettings:
    """How seldom alarms may be false, and how much history they need.

    Attributes:
        false_alarms_per_day: Aimed share of calm days with an alarm, over all window lengths together.
        least_history_days: Days of a series before its first possible alarm.
        remembered_days: So many days of past surprises say what is usual.
        drift_p: Columns drift only below this adjusted p.
        drift_psi: And above this stability index beyond chance.

    Raises:
        ForecastingError: A value outside its range.
    """

    false_alarms_per_day: float = 0.004
    least_history_days: int = 56
    remembered_days: int = 365
    drift_p: float = 0.01
    drift_psi: float = 0.1

    def __post_init__(self) -> None:
        insist_on_ranges(
            self,
            {
                "false_alarms_per_day": (0.0001, 0.05),
                "least_history_days": (35, 3_650),
                "remembered_days": (35, 3_650),
                "drift_p": (1e-12, 0.5),
                "drift_psi": (0.0, 10.0),
            },
            where="anomaly settings",
        )
