"""Forecasts by name: scored against rivals, written as tables, trained behind a gate. The day's own are in `steps`."""
