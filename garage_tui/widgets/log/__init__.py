"""The views of a log, and the search in it."""
