"""The forms that start runs."""
