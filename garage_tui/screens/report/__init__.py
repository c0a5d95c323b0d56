"""The report card dialogs, and the comparison of two runs."""
