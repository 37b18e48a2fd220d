"""The error of this room: tables or settings that no forecast can be made from."""

from lake.errors import WarrantError


class ForecastingError(WarrantError):
    """A table lacks what a forecast needs, or a stated prior makes no sense."""

    exit_code = 3


class TooLittleDataError(ForecastingError):
    """Too little to learn from: the error says what lacks, and a stated fallback may take over."""
