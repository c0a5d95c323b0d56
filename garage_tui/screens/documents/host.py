"""What the parts of the Documents screen may ask of the screen."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from textual.screen import Screen

if TYPE_CHECKING:
    from textual.worker import Worker

    from garage_tui.core.settings.settings import Settings, Workspace
    from garage_tui.widgets.notice import Notice

T = TypeVar("T")


class DocumentsHost(Protocol):
    """The Documents screen, as its parts see it."""

    workspace: Workspace
    settings: Settings

    @property
    def notice(self) -> Notice: ...

    def show_document(self) -> None:
        """Show the open document as it is in memory."""
        ...

    def refresh_soon(self) -> None:
        """Read again what has changed on disk, now."""
        ...

    async def ask(self, dialog: Screen[T]) -> T | None:
        """Open a dialog and return its answer; to be awaited in a worker."""
        ...

    def run_worker(
        self, work: Coroutine[Any, Any, None], name: str | None = "", group: str = "default", *, exclusive: bool = False
    ) -> Worker[None]: ...
