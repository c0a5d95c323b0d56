"""Widgets show a value and know nothing else."""
