"""Snapshots of all runs while they work, and the progress of the one that is followed."""
