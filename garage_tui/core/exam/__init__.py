"""Grading of answers, report cards, comparisons of two runs."""
