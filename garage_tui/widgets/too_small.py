"""What the app says in a terminal that is too small for it; what was open waits below."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static


def size_text(least: tuple[int, int], here: tuple[int, int]) -> str:
    """Return which size is needed and which there is, in as many words as there is room for."""
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
    """Says which size is needed, and keeps keys from what cannot be seen.

    Args:
        least: columns and rows that are needed.
        look_again: called when something has come above it, or has gone from there.
    """

    AUTO_FOCUS = ""
    CSS = """
    TooSmall.-alone { align: center middle; background: $background; }
    TooSmall Static { width: auto; height: auto; text-align: center; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,ctrl+q", "app.quit", "Quit", show=False)]

    def __init__(self, least: Size, look_again: Callable[[], object]) -> None:
        super().__init__(classes="-alone")  # so that it is opaque, unlike other dialogs
        self._least, self._look_again = least, look_again

    def compose(self) -> ComposeResult:
        yield Static(size_text(self._least, self.app.size), markup=False)

    def on_resize(self) -> None:
        self.query_one(Static).update(size_text(self._least, self.app.size))

    def on_screen_suspend(self) -> None:
        self.app.call_later(self._look_again)

    def on_screen_resume(self) -> None:
        self.app.call_later(self._look_again)
