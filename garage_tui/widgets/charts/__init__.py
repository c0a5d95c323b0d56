"""Charts and gauges: curves, columns over time, bars and sparklines."""
