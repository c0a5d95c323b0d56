"""The base class of all dialogs."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from garage_tui.core.base.package_path import PACKAGE
from garage_tui.widgets.notice import Notice

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A box over a dimmed screen; `T` is the type of its result."""

    HELP: ClassVar[str] = ""
    """What the dialog is for, in one or two sentences; further paragraphs say more."""
    HELP_PAGE: ClassVar[str] = ""
    """The page of docs/ that says more, as `guide/report.md`; empty if there is none."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "app.help", "Help", key_display="F1", tooltip="Help for what is in front"),
    ]
    _warned_of: object = None

    @property
    def notice(self) -> Notice:
        """The line in which this dialog says what just happened."""
        return self.query_one(Notice)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close the dialog with a result, and cancel its workers.

        Textual removes the widgets before the dialog: a worker that ended in between would not find them.
        """
        self.workers.cancel_node(self)
        return super().dismiss(result)

    def may_close(self, begun: object, now: object, warning: str) -> bool:
        """Return whether the dialog may close: no field has changed, or the user has seen the warning already.

        Args:
            begun: the values of its fields when it opened.
            now: their values now.
            warning: the text shown before the changes are thrown away.
        """
        if now in (begun, self._warned_of):
            return True
        self._warned_of = now
        self.notice.wrong(f"{warning}, Esc again discards it")
        return False

    CSS_PATH = str(PACKAGE / "widgets" / "dialogs.tcss")
