"""The mouse: asked for by the driver, or left to the terminal, which then selects and copies text as anywhere else."""

from __future__ import annotations

from garage_tui.driver.driver import LineDriver

_ASKED = (1000, 1002, 1006)
"""Clicks and the wheel, movements while a button is held, and coordinates as numbers (xterm's Control Sequences).

Textual asks for every movement (1003): over SSH each would be a message up and a line or two painted down."""
_ALL = (1000, 1002, 1003, 1015, 1006, 1016)


class MouseDriver(LineDriver):
    """Our driver, whose mouse can be switched."""

    def switch_mouse(self) -> bool:
        """Have the terminal keep the mouse, or report it again; return whether it is reported now."""
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
            self.write("".join(f"\x1b[?{mode}h" for mode in _ASKED))
            self.flush()

    def release_mouse(self) -> None:
        if self.mouse_is_on:
            self.write("".join(f"\x1b[?{mode}l" for mode in _ALL))
            self.flush()
