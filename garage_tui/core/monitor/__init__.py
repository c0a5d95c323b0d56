"""Watching runs while they work: one snapshot of all, one followed closely."""
