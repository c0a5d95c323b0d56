"""Commands that go through albums and sheets: the next album, a mark, two sheets side by side, parts and zoom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from garage_tui.core.base.errors import BadInputError

if TYPE_CHECKING:
    from garage_tui.screens.gallery.host import GalleryHost


class BrowseCommands:
    """Changes what the browser shows, and has the Gallery show it."""

    def __init__(self, host: GalleryHost) -> None:
        self._host = host

    def move_album(self, albums: int) -> None:
        """Go forward by so many albums, or back."""
        if self._host.browser.move_album(albums):
            self._host.show_page()
            self._host.show_list()

    def mark(self) -> None:
        """Mark the page, or remove its mark."""
        if self._host.browser.current is None:
            return
        is_marked = self._host.browser.toggle_mark()
        self._host.show_caption()
        if is_marked:
            self._host.notice.note("◆ marked: go to any other sheet and press b to see both")
        else:
            self._host.show_path()

    def toggle_left(self) -> None:
        """Put the marked page, or an early sheet, to the left; remove it where one is there."""
        try:
            has_moved = self._host.browser.toggle_left()
        except BadInputError as error:
            self._host.notice.wrong(str(error))
            return
        if has_moved:
            self._host.show_page()
        else:
            self._host.show()

    def move_part(self, parts: int) -> None:
        """Go forward by so many parts of the sheet, or back."""
        if (rendered := self._host.stage.rendered) and rendered.parts > 1:
            self._host.browser.move_part(parts, rendered.parts)
            self._host.show()

    def zoom_in(self) -> None:
        """Show half as much of the sheet, twice as large; after a single picture all of it again."""
        if (rendered := self._host.stage.rendered) and rendered.zooms > 1:
            self._host.browser.zoom_in(rendered.zoom, rendered.zooms)
            self._host.show()

    def leave(self) -> bool:
        """Leave the animation, else the pair, that is shown; return whether there was one."""
        browser = self._host.browser
        if browser.frame is not None:
            browser.go(browser.current.page if browser.current else None)
            self._host.show_page()
        elif browser.left is not None:
            self.toggle_left()
        else:
            return False
        return True
