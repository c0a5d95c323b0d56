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
        if self._mouse:
            self._disable_mouse_support()
            self._mouse = False
        else:
            self._mouse = True
            self._enable_mouse_support()
            if self._mouse_pixels:
                self._enable_mouse_pixels()
        return self._mouse

    def _enable_mouse_support(self) -> None:
        if self._mouse:
            self.write("".join(f"\x1b[?{mode}h" for mode in _ASKED))
            self.flush()

    def _disable_mouse_support(self) -> None:
        if self._mouse:
            self.write("".join(f"\x1b[?{mode}l" for mode in _ALL))
            self.flush()
