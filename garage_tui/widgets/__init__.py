"""Widgets of the app, and the base classes of its screens and dialogs. A widget shows the values that it is given."""
