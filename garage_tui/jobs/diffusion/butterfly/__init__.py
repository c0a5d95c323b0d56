"""Butterflies drawn by rule, for diffusion runs without a data set."""
