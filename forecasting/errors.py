"""The error of this room: tables or settings that no forecast can be made from."""

from lake.errors import WarrantError


class ForecastingError(WarrantError):
    """A table lacks what a forecast needs, or a stated prior makes no sense."""

    exit_code = 3


class TooLittleDataError(ForecastingError):
    """A model or a backtest has too little to learn from; what it lacks stands in the error, and a fallback may take over."""
