"""What will happen: tables in, forecasts with intervals out. Pure: no clock, no network, no hidden randomness."""
