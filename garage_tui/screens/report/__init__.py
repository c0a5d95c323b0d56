"""Report cards, and two runs compared."""
