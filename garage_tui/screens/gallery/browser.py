"""The state of the Gallery: which album and page are shown, what stands to the left of it, how far it is zoomed in."""

from __future__ import annotations

from pathlib import Path

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.images.albums import Album, AlbumPage
from garage_tui.screens.gallery.view import PageRef, Surface, View

_EARLY_EPOCH = 4
"""The epoch at which a diffusion model still draws mush: the one to compare the newest with."""


class Browser:
    """Goes through albums and their pages, and says what to render; knows no widget.

    Methods that return a bool return whether the page may be another one now.
    """

    def __init__(self) -> None:
        self.albums: tuple[Album, ...] = ()
        self.current: PageRef | None = None
        """The chosen page."""
        self.left: PageRef | None = None
        """The page that is shown to the left of it."""
        self.marked: PageRef | None = None
        """The page that `toggle_left` shows to the left of any other."""
        self.animation: PageRef | None = None
        """The animation whose frame is shown instead of the page; means nothing while `frame` is None."""
        self.frame: int | None = None
        self._album_path: Path | None = None
        self._pending: tuple[Path, Path | None] | None = None  # an album, and a page of it, that are not found yet
        self._has_moved = False  # until the user goes elsewhere, the newest run with sheets is in front
        self._zoom: int | None = None
        self._part = 0
        self._version = 0

    @property
    def album(self) -> Album | None:
        """The chosen album."""
        return next((album for album in self.albums if album.path == self._album_path), None)

    @property
    def album_path(self) -> Path | None:
        """The path of the chosen album, which may be gone."""
        return self._album_path

    @property
    def pages(self) -> tuple[AlbumPage, ...]:
        """The pages of the chosen album."""
        return self.album.pages if self.album else ()

    @property
    def index(self) -> int:
        """The number of the page in its album, from 0."""
        paths = [page.path for page in self.pages]
        return paths.index(self.current.page.path) if self.current and self.current.page.path in paths else 0

    @property
    def shown(self) -> PageRef | None:
        """The page or the animation that is shown."""
        return self.current if self.frame is None else self.animation

    @property
    def is_pair(self) -> bool:
        """Whether two pages are shown side by side; an animation is shown alone."""
        return self.left is not None and self.frame is None

    def view(self, surface: Surface) -> View | None:
        """Return what to render; None where there is nothing to show."""
        if (shown := self.shown) is None:
            return None
        left = self.left if self.frame is None else None
        return View(shown, surface, left, self._zoom, self._part, self.frame, self._version)

    def titles(self) -> tuple[str, str]:
        """Return the name of what is shown, and its number in the album."""
        shown = self.shown
        name = " · ".join(filter(None, (self.album.name if self.album else "", shown.page.name if shown else "")))
        is_marked = shown is not None and self.is_marked(shown)
        number = f"{self.index + 1} of {len(self.pages)}" if shown and self.frame is None else ""
        return f"{'◆ ' if is_marked else ''}{name}", number

    def update(self, found: tuple[Album, ...], *, is_playing: bool = False) -> bool:
        """Take over the albums that were found.

        If the newest sheet of a run is shown, its next one is as soon as it is there.

        Args:
            found: all albums, the newest first.
            is_playing: whether a film is played, which a new sheet must not cut short.
        """
        before, page = self.album, self.current.page if self.current else None
        follows = bool(before and page and page in before.epochs[-1:]) and self.frame is None and not is_playing
        self.albums = found
        self._version += 1
        pending = next((album for album in found if self._pending and album.path == self._pending[0]), None)
        if self._pending and pending:
            path, self._pending = self._pending[1], None
            self._album_path = pending.path
            return self.go(next((one for one in pending.pages if one.path == path), None))
        if self.album is None or not self._has_moved:
            first = next((album for album in found if album.pages), found[0] if found else None)
            if first is None or first.path != self._album_path:
                self._album_path, page = first.path if first else None, None
        album = self.album
        if album is None or page is None or all(one.path != page.path for one in album.pages):
            return self.go(None)
        if follows and album.epochs[-1] != page:
            return self.go(album.epochs[-1])
        return False

    def choose(self, album: Path, page: Path | None = None) -> bool:
        """Go to an album, and to a page of it, now or as soon as they are found."""
        self._has_moved = True
        found = next((one for one in self.albums if one.path == album), None)
        if not found or (page is not None and all(one.path != page for one in found.pages)):
            self._pending = album, page
            return False
        self._album_path = album
        return self.go(next((one for one in found.pages if one.path == page), None))

    def go(self, page: AlbumPage | None) -> bool:
        """Go to a page of the album; None means the newest sheet of a run, or the first picture of a folder."""
        album = self.album
        if album and not page and album.pages:
            page = (album.epochs or album.pages)[-1] if album.is_run else album.pages[0]
        self.frame, self._part = None, 0
        self.current = PageRef(page, album.name) if page and album else None
        return True

    def move_page(self, pages: int) -> bool:
        """Go forward by so many pages, or back; not beyond the first or the last."""
        self._has_moved = True
        if not (self.current and self.pages):
            return False
        return self.go(self.pages[max(0, min(len(self.pages) - 1, self.index + pages))])

    def go_to_end(self, index: int) -> bool:
        """Go to the first page (0) or to the last one (-1)."""
        if not self.pages:
            return False
        self._has_moved = True
        return self.go(self.pages[index])

    def move_album(self, albums: int) -> bool:
        """Go forward by so many albums, or back; not beyond the first or the last."""
        paths = [album.path for album in self.albums]
        if self._album_path not in paths:
            return False
        return self.choose(paths[max(0, min(len(paths) - 1, paths.index(self._album_path) + albums))])

    def is_marked(self, page: PageRef) -> bool:
        """Return whether this is the marked page."""
        return self.marked is not None and self.marked.page.path == page.page.path

    def toggle_mark(self) -> bool:
        """Mark the page, or remove its mark; return whether it is marked now."""
        if self.current is None:
            return False
        self.marked = None if self.is_marked(self.current) else self.current
        return self.marked is not None

    def toggle_left(self) -> bool:
        """Show the marked page, else an early sheet, to the left; where one is shown there, remove it.

        Raises:
            BadInputError: there is no other page.
        """
        album, current = self.album, self.current
        if self.left is not None or album is None or current is None:
            self.left = None
            return False
        if self.marked and not self.is_marked(current):
            self.left = self.marked
            return False
        pages = album.epochs if album.is_run else album.pages
        early = next((page for page in pages if page.epoch == _EARLY_EPOCH), pages[0] if pages else None)
        last = pages[-1] if album.is_run and pages else current.page
        if early is None or early == last:
            raise BadInputError(
                "there is no other sheet to put beside it yet: go to another one, or mark one with m first"
            )
        self.left, self._has_moved = PageRef(early, album.name), True
        return self.go(last)

    def show_animation(self, animation: PageRef) -> None:
        """Show an animation from its first frame, instead of the page."""
        self.animation, self.frame, self._part = animation, 0, 0

    def move_part(self, by: int, parts: int) -> None:
        """Go forward by so many parts of the sheet, or back, in a circle.

        Args:
            parts: how many the sheet has.
        """
        self._part = (self._part + by) % parts

    def zoom_in(self, zoom: int, zooms: int) -> None:
        """Show half as much of the sheet, twice as large; after a single picture all of it again.

        Args:
            zoom: the level that is shown now.
            zooms: how many levels there are.
        """
        self._part, self._zoom = 0, (zoom + 1) % zooms

    def reset_zoom(self) -> None:
        """Show as much of a sheet as can be made out."""
        self._zoom = None
