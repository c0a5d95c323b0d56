"""The screen that covers the app while the terminal is too small; everything below stays open."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static


def size_text(least: tuple[int, int], here: tuple[int, int]) -> str:
    """Return a text with the needed and the current size, in the longest form that fits."""
    need, have = "{}×{}".format(*least), "{}×{}".format(*here)
    forms = (
        f"garage needs {need} at least, this is {have}.\n\nMake it larger: what was open is still open.\nq quits.",
        f"garage needs {need} at least,\nthis is {have}.",
        f"garage needs {need},\nthis is {have}",
        f"needs {need}\nis {have}",
        f"{need}!",
    )
    for form in forms:
        lines = form.splitlines()
        if max(map(len, lines)) <= here[0] and len(lines) <= here[1]:
            return form
    return "×"


class TooSmall(ModalScreen[None]):
    """The screen that says which size is needed; it keeps keys from the screens below.

    Args:
        least: the least columns and rows of the app.
        recheck: called when another screen has covered this one, or has left.
    """

    AUTO_FOCUS = ""
    CSS = """
    TooSmall.-alone { align: center middle; background: $background; }
    TooSmall Static { width: auto; height: auto; text-align: center; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,ctrl+q", "app.quit", "Quit", show=False)]

    def __init__(self, least: Size, recheck: Callable[[], object]) -> None:
        super().__init__(classes="-alone")  # so that it is opaque, unlike other dialogs
        self._least, self._recheck = least, recheck

    def compose(self) -> ComposeResult:
        yield Static(size_text(self._least, self.app.size), markup=False)

    def on_resize(self) -> None:
        self.query_one(Static).update(size_text(self._least, self.app.size))

    def on_screen_suspend(self) -> None:
        self.app.call_later(self._recheck)

    def on_screen_resume(self) -> None:
        self.app.call_later(self._recheck)
