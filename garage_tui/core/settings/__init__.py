"""Settings: reading, types and checks, the source of each value, and descriptions."""
