"""What a playbook may say about timing, with defaults."""

from dataclasses import dataclass

from forecasting.settings import insist_on_ranges


@dataclass(frozen=True)
class TimingSettings:
    """How engagement is counted and how long a send window is.

    Attributes:
        segment_columns: The first of these columns that the customers have names their segment.
        window_hours: Length of the send window around the best hour.
        history_days: Older engagement is not read.
        half_life_days: After so many days an engaged hour counts half.
        prompted_minutes: Engagement so soon after a touch happened when we chose, not when the customer did.
        prompted_weight: What such engagement counts, 0 to 1.
        machine_seconds: Opens and clicks so soon after sending are those of mail scanners, and not counted.
        learning_customers: The shape of habits is learnt from at most so many customers, drawn by the seed.

    Raises:
        ForecastingError: A value outside its range.
    """

    segment_columns: tuple[str, ...] = ("segment", "role", "region")
    window_hours: int = 3
    history_days: int = 365
    half_life_days: float = 180.0
    prompted_minutes: float = 60.0
    prompted_weight: float = 0.25
    machine_seconds: float = 10.0
    learning_customers: int = 10_000

    def __post_init__(self) -> None:
        insist_on_ranges(
            self,
            {
                "window_hours": (1, 24),
                "history_days": (7, 3_650),
                "half_life_days": (1, 100_000),
                "prompted_minutes": (0, 10_080),
                "prompted_weight": (0, 1),
                "machine_seconds": (0, 3_600),
                "learning_customers": (10, 10_000_000),
            },
            where="timing settings",
        )
