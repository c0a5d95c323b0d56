"""Turns mouse reports of the terminal on and off; while they are off, the terminal itself selects and copies text."""

from __future__ import annotations

from garage_tui.driver.driver import LineDriver

_REPORTS = (1000, 1002, 1006)
"""Modes: clicks and wheel, movement while a button is held, coordinates as numbers (xterm's Control Sequences).

Textual asks for every movement (1003): over SSH each would cost a message up and a line or two of output down."""
_ALL_REPORTS = (1000, 1002, 1003, 1015, 1006, 1016)


class MouseDriver(LineDriver):
    """The driver of the app: its mouse reports can be switched."""

    def switch_mouse(self) -> bool:
        """Turn mouse reports off, or on again; return whether they are on now."""
        if self.mouse_is_on:
            self.release_mouse()
            self.mouse_is_on = False
        else:
            self.mouse_is_on = True
            self.request_mouse()
            self.request_mouse_pixels()
        return self.mouse_is_on

    def request_mouse(self) -> None:
        if self.mouse_is_on:
            self.write("".join(f"\x1b[?{mode}h" for mode in _REPORTS))
            self.flush()

    def release_mouse(self) -> None:
        if self.mouse_is_on:
            self.write("".join(f"\x1b[?{mode}l" for mode in _ALL_REPORTS))
            self.flush()
