"""The state of the app that its screens may read: the runs, the hardware readings and what the terminal can show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from textual.widget import Widget

if TYPE_CHECKING:
    from garage_tui.core.hardware.hardware_snapshot import HardwareSnapshot
    from garage_tui.core.monitor.run_watcher import RunSnapshot
    from garage_tui.core.terminal.capabilities import Terminal


class AppState(Protocol):
    """The reactive attributes of the app that screens watch and read."""

    runs: tuple[RunSnapshot, ...]
    """All runs as they were last seen, the newest first."""
    hardware: HardwareSnapshot | None
    """The sensors of this box as they were last read; None before the first reading."""
    terminal: Terminal
    """The capabilities of the terminal."""


def app_state(widget: Widget) -> AppState:
    """Return the state of the app that a widget is in."""
    return cast("AppState", widget.app)
