"""The commands about facts files, and `garage remember`."""
