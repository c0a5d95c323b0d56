"""Grading and report cards."""
