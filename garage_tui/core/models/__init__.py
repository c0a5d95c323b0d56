"""Base models: which there are, where they lie, whose weights are safe to load."""
