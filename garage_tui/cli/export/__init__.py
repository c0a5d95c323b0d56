"""`garage export` and `garage hand-over`: a run's model for other programs."""
