"""What all dialogs have in common: their looks, in a file of their own."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from garage_tui.core.base.package_path import PACKAGE
from garage_tui.widgets.notice import Notice

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A box over a dimmed screen; the result type is the answer's."""

    HELP: ClassVar[str] = ""
    """What it is for, in a sentence or two; then paragraphs on what else is good to know."""
    HELP_PAGE: ClassVar[str] = ""
    """The page of docs/ that says more, as `guide/report.md`; empty where there is none."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "app.help", "Help", key_display="F1", tooltip="Help for what is in front"),
    ]
    _warned_of: object = None

    @property
    def notice(self) -> Notice:
        """The line in which this dialog says what just happened."""
        return self.query_one(Notice)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close it with a result; what it still waited for has nobody to be told to.

        Its widgets go before it does: a worker that came back in between would look for one in vain.
        """
        self.workers.cancel_node(self)
        return super().dismiss(result)

    def may_close(self, begun: object, now: object, words: str) -> bool:
        """Return whether it may be closed without asking: nothing was written in it, or this was said before.

        Args:
            begun: what its fields said at first.
            now: what they say now.
            words: what is said before something that was written is thrown away.
        """
        if now in (begun, self._warned_of):
            return True
        self._warned_of = now
        self.notice.wrong(f"{words}, Esc once more throws it away")
        return False

    CSS_PATH = str(PACKAGE / "widgets" / "dialogs.tcss")
