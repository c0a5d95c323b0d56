"""The notice that shows where the file of the page is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.base.sanitize import one_line

if TYPE_CHECKING:
    from garage_tui.screens.gallery.host import GalleryHost


class PathLine:
    """Shows the path of the page in the notice, as much of its end as fits into a line."""

    def __init__(self, host: GalleryHost) -> None:
        self._host = host
        self._text = ""

    def show(self, width: int) -> None:
        """Show the path.

        Args:
            width: cells that the path may take.
        """
        current = self._host.browser.current
        if current is None:
            self._host.notice.clear()
            return
        path, width = from_home(current.page.path), max(20, width)
        self._text = path if len(path) <= width else f"…{path[1 - width :]}"
        self._host.notice.hint(self._text)

    def fit(self, width: int) -> None:
        """Show it again in another width, if the notice still shows it."""
        if self._text and self._host.notice.text == self._text:
            self.show(width)


def from_home(path: Path) -> str:
    """Return a path as people write it: one in their home folder begins with `~`."""
    home = Path.home()
    return one_line(f"~/{path.relative_to(home)}" if path.is_relative_to(home) and path != home else str(path), 4000)
