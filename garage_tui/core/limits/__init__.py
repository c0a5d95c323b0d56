"""The limits of a run: time windows, solar surplus, heat, power cap."""
