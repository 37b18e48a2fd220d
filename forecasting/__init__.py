"""What will happen: tables in, forecasts with intervals out. A pure core without clock, network or hidden randomness."""
