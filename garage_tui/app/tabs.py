"""The tabs of the app: its screens with their keys, and the smallest terminal in which each of them can be used."""

from __future__ import annotations

from textual.geometry import Size

from garage_tui.widgets.header import Tab

TABS = (
    Tab("facts", "F2", "Facts"),
    Tab("runs", "F3", "Runs"),
    Tab("chat", "F4", "Chat"),
    Tab("gallery", "F5", "Gallery"),
    Tab("gpu", "F6", "GPU"),
    Tab("school", "F7", "School", rare=True),
    Tab("documents", "F10", "Documents", rare=True),
)
NAMES = [tab.id for tab in TABS]
_LEAST = Size(60, 20)
"""Smallest size, in columns and rows, at which everything important can be seen and reached."""
_LEAST_PANE = Size(40, 6)
"""The same for the screens of runs and GPUs, which also fit into small panes of a dashboard."""


def least_size(name: str) -> Size:
    """Return the smallest columns and rows for a screen."""
    return _LEAST_PANE if name in ("runs", "gpu") else _LEAST
