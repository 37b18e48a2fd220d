"""What a simulated software company looks like, as one frozen value."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from benchmarks.worlds.world import Calendar, Chance

SHORTEST_WORLD_DAYS = 120


@dataclass(frozen=True)
class CompanySettings:
    """Size, time and seed of a world.

    Attributes:
        contacts: Customer records; about one in seventy is a second record of a person who already has one.
        seed: The same settings with the same seed give the same world.
        until: End of the simulation, aware; midnight of 2025-10-06 in Berlin unless told otherwise.
        days: How many days before it are simulated, 120 at least.
        unfamiliar_share: Share of accounts that behave in a form that our models do not have.
        contacts_per_account: Mean number of records per account.
        strangers_share: Visitors who never say who they are, per contact.

    Raises:
        ValueError: A value that makes no world.
    """

    contacts: int = 2_000
    seed: int = 2025
    until: datetime = datetime(2025, 10, 5, 22, tzinfo=UTC)
    days: int = 365
    unfamiliar_share: float = 0.5
    contacts_per_account: float = 5.0
    strangers_share: float = 0.25

    def __post_init__(self) -> None:
        if self.contacts < 1:
            raise ValueError(f"contacts is {self.contacts}: a world has one contact at least")
        if self.days < SHORTEST_WORLD_DAYS:
            raise ValueError(f"days is {self.days}: a rhythm needs {SHORTEST_WORLD_DAYS} days at least to show")
        if self.until.tzinfo is None:
            raise ValueError("until has no time zone: give an aware datetime")
        if not 0 <= self.unfamiliar_share <= 1:
            raise ValueError(f"unfamiliar_share is {self.unfamiliar_share}: it is a share, 0 to 1")

    @property
    def since(self) -> datetime:
        """First moment that is simulated."""
        return self.until - timedelta(days=self.days)


@dataclass(frozen=True)
class Plan:
    """What every part of a simulation goes by: the settings, and what follows from them.

    Attributes:
        settings: Size, time and seed.
    """

    settings: CompanySettings

    @property
    def days(self) -> int:
        """How many days are simulated."""
        return self.settings.days

    @cached_property
    def chance(self) -> Chance:
        """Randomness by purpose."""
        return Chance(self.settings.seed)

    @cached_property
    def calendar(self) -> Calendar:
        """Days to moments."""
        return Calendar(self.settings.since, self.settings.days)
