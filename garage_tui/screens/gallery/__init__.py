"""The Gallery."""
