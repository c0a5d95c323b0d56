"""The Protocol through which the parts of the Gallery use it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.timer import Timer
    from textual.worker import Worker

    from garage_tui.core.settings.settings import Workspace
    from garage_tui.screens.gallery.album_index import AlbumIndex
    from garage_tui.screens.gallery.browser import Browser
    from garage_tui.screens.gallery.picture_stage import PictureStage
    from garage_tui.widgets.notice import Notice

T = TypeVar("T")


class GalleryHost(Protocol):
    """The Gallery, as its parts see it."""

    workspace: Workspace
    browser: Browser
    albums: AlbumIndex
    stage: PictureStage

    @property
    def notice(self) -> Notice: ...
    def show(self) -> None:
        """Show what the browser says is to be shown."""
        ...

    def show_page(self) -> None:
        """Show the page that the browser went to, and its path."""
        ...

    def show_path(self) -> None:
        """Show where the file of the page is."""
        ...

    def show_list(self) -> None:
        """Show the albums, with the chosen one under the cursor."""
        ...

    def show_caption(self) -> None:
        """Update caption, titles and key bar."""
        ...

    def choose(self, album: Path, page: Path | None = None) -> None:
        """Go to an album, and to a page of it, now or as soon as they are found."""
        ...

    async def find_albums(self, *, folders: bool = False, changed: Path | None = None) -> None:
        """Look for new pictures on disk."""
        ...

    async def ask(self, dialog: Screen[T]) -> T | None:
        """Open a dialog and return its answer; must be awaited in a worker."""
        ...

    def run_worker(
        self, work: Coroutine[Any, Any, None], *, group: str = "default", exclusive: bool = False
    ) -> Worker[None]: ...
    def set_interval(self, interval: float, callback: Callable[[], None]) -> Timer: ...
    @property
    def is_in_front(self) -> bool:
        """Whether no dialog covers the Gallery."""
        ...
