"""What the parts of the Facts screen may ask of the screen."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from textual.screen import Screen

if TYPE_CHECKING:
    from textual.message import Message
    from textual.worker import Worker

    from garage_tui.core.facts.line import Line
    from garage_tui.core.facts.session import FactsSession
    from garage_tui.core.settings.settings import Settings, Workspace
    from garage_tui.screens.facts.fact_table import FactTable
    from garage_tui.widgets.notice import Notice

T = TypeVar("T")


class FactsHost(Protocol):
    """The Facts screen, as its parts see it."""

    workspace: Workspace
    settings: Settings
    session: FactsSession

    @property
    def table(self) -> FactTable: ...
    @property
    def notice(self) -> Notice: ...
    @property
    def position(self) -> int | None:
        """Position in the file of the row under the cursor; None where there is no row."""
        ...

    @property
    def line(self) -> Line | None:
        """The line under the cursor."""
        ...

    @property
    def is_writing(self) -> bool:
        """Whether a row is being written."""
        ...

    @property
    def is_in_front(self) -> bool:
        """Whether no dialog lies over the screen."""
        ...

    def show(self, position: int | None = None) -> None:
        """Show the file as it is in memory, with the cursor on a line of it."""
        ...

    def show_successor(self, earlier: list[Line]) -> None:
        """Show a version that somebody else has written, too, with the cursor on the row where it was in ours.

        Args:
            earlier: the lines of our version, which is the one that is shown now.
        """
        ...

    def paint(self, positions: list[int], position: int | None) -> None:
        """Show these lines of the file, with the cursor on one of them."""
        ...

    def show_all(self) -> None:
        """Show all rows of a file that was just opened, from the first."""
        ...

    def show_counts(self) -> None:
        """Show again what the file holds and whether it is saved; the rows are as they were."""
        ...

    async def ask(self, dialog: Screen[T]) -> T | None:
        """Open a dialog and return its answer; to be awaited in a worker."""
        ...

    def post_message(self, message: Message) -> bool:
        """Ask the app for another screen."""
        ...

    def suspend(self) -> AbstractContextManager[None]:
        """Lend the terminal to another program."""
        ...

    def run_worker(
        self,
        work: Callable[[], Coroutine[Any, Any, None]],
        name: str | None = "",
        group: str = "default",
        *,
        exclusive: bool = False,
    ) -> Worker[None]: ...
