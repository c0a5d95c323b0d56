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
    _answer: tuple[T | None] | None = None
    """The result that it closes with; None while it has none."""

    @property
    def notice(self) -> Notice:
        """The line in which this dialog says what just happened."""
        return self.query_one(Notice)

    @property
    def is_answered(self) -> bool:
        """True once the dialog has a result, even if it cannot close yet because another screen is on top."""
        return self._answer is not None

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close the dialog with a result, and cancel its workers; if it has been closed already, nothing happens.

        Textual closes whatever screen is on top. While that is another one (its help, the cover of a small terminal),
        the result waits, and the dialog closes as soon as it is on top again.
        """
        if self._answer is None:
            self._answer = (result,)
            if self.is_active:
                return self._close(result)
        return AwaitComplete()

    def _close(self, result: T | None) -> AwaitComplete:
        # Textual removes the widgets before the dialog: a worker that ended in between would not find them.
        self.workers.cancel_node(self)
        return super().dismiss(result)

    def on_screen_resume(self) -> None:
        """Close with the result that came while another screen was on top."""
        if self._answer is not None and self.is_active:
            self._close(*self._answer)

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
