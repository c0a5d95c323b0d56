"""Filters that every painted line passes: sanitised text, ASCII, no colour."""
