"""Which pictures there are, and going from one to the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from textual.content import Content

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import Workspace
from garage_tui.core.images import albums
from garage_tui.core.images.albums import Album, AlbumPage
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.screens.gallery.renderer import Place
from garage_tui.screens.gallery.stage import GalleryShown
from garage_tui.widgets.table import Table

_EARLY = 4
"""The epoch at which a model that learns to draw makes mush."""


class GalleryPages(GalleryShown):
    """The albums and their pages; folders are looked at in threads."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace = workspace
        self.albums: tuple[Album, ...] = ()
        self.runs: tuple[RunSnapshot, ...] = ()
        self.opened: list[Path] = []
        """Folders that were named by their paths."""
        self._path: Path | None = None  # of the chosen album
        self._wished: tuple[Path, Path | None] | None = None  # an album that is not there yet, and a page of it
        self._moved = False  # until somebody goes elsewhere, the newest run with sheets is in front
        self._path_said = ""
        self._known: dict[Path, tuple[int, Album]] = {}
        self._folders: tuple[Album, ...] = ()
        self._looking = asyncio.Lock()

    async def look(self, *, folders: bool = False, new: Path | None = None) -> None:
        """Look which sheets there are.

        Args:
            folders: look which folders of pictures there are, too.
            new: a run that has a new one, before the watcher saw it.
        """
        async with self._looking:
            self._known.pop(new or Path(), None)
            runs = [(seen.path, seen.drawn) for seen in self.runs if seen.draws]
            self._known, self._folders = await asyncio.to_thread(self._find, runs, list(self.opened), folders)
            self.version += 1
            self._take((*(album for _, album in self._known.values()), *self._folders))

    def _find(
        self, runs: Sequence[tuple[Path, int]], opened: Sequence[Path], folders: bool
    ) -> tuple[dict[Path, tuple[int, Album]], tuple[Album, ...]]:
        known = {}
        for path, drawn in runs:
            old = self._known.get(path)
            known[path] = old if old and old[0] == drawn else (drawn, albums.of_run(path))
        if not folders:
            return known, self._folders
        own = albums.in_datasets(self.workspace.datasets)
        there = {album.path for album in own}
        return known, (*(albums.of_folder(path) for path in opened if path not in there), *own)

    def _take(self, found: tuple[Album, ...]) -> None:
        """Take over what was found; who looks at the newest sheet of a run goes on to the next that comes."""
        before, page = self.album, self.place.page if self.place else None
        follows = bool(before and page and page in before.epochs[-1:]) and self.frame is None and not self.is_played
        self.albums = found
        self.set_class(not found, "-empty")
        wished = next((album for album in found if self._wished and album.path == self._wished[0]), None)
        if self._wished and wished:
            path, self._wished = self._wished[1], None
            self._path = wished.path
            self.go(next((one for one in wished.pages if one.path == path), None))
            return
        if self.album is None or not self._moved:
            first = next((album for album in found if album.pages), found[0] if found else None)
            if first is None or first.path != self._path:
                self._path, page = first.path if first else None, None
        album = self.album
        if album is None or page is None or all(one.path != page.path for one in album.pages):
            self.go(None)
        elif follows and album.epochs[-1] != page:
            self.go(album.epochs[-1])
        self.show_list()
        self.show()

    @property
    def is_played(self) -> bool:
        """Whether a film is played, which nothing new may cut short."""
        return False

    @property
    def album(self) -> Album | None:
        """The chosen album."""
        return next((album for album in self.albums if album.path == self._path), None)

    @property
    def pages(self) -> tuple[AlbumPage, ...]:
        return self.album.pages if self.album else ()

    @property
    def at(self) -> int:
        """Which page of the album is shown, from 0."""
        paths = [page.path for page in self.pages]
        return paths.index(self.place.page.path) if self.place and self.place.page.path in paths else 0

    @property
    def seen(self) -> RunSnapshot | None:
        """The run whose sheets are chosen."""
        return next((seen for seen in self.runs if seen.path == self._path), None)

    @property
    def nothing(self) -> str:
        seen = self.seen
        if seen is None:
            return "There is no picture in it any more."
        return "Its first sheet comes after the first epoch." if seen.alive else "This run has drawn no sheet."

    def choose(self, album: Path, page: Path | None = None) -> None:
        """Show an album, and a page of it; they may appear with a later look."""
        self._moved = True
        found = next((one for one in self.albums if one.path == album), None)
        there = found and (page is None or any(one.path == page for one in found.pages))
        if not found or not there:
            self._wished = album, page
            return
        self._path = album
        self.go(next((one for one in found.pages if one.path == page), None))
        self.show_list()

    def go(self, page: AlbumPage | None) -> None:
        """Show a page of the album; without one the newest sheet, or the first picture of a folder."""
        album = self.album
        if album and not page and album.pages:
            page = (album.epochs or album.pages)[-1] if album.of_run else album.pages[0]
        self.frame, self._first = None, 0
        self.place = Place(page, album.name) if page and album else None
        self.say_path()
        self.show()

    def say_path(self) -> None:
        """Say where the file is, as far as it fits into a line."""
        notice = self.notice
        if self.place is None:
            notice.clear()
            return
        path, width = _from_home(self.place.page.path), max(20, self.app.size.width - 4)
        self._path_said = path if len(path) <= width else f"…{path[1 - width :]}"
        notice.note(self._path_said)

    def fit_path(self) -> None:
        """Say it anew where that is what is said: there is more room now, or less."""
        if self._path_said and self.notice.text == self._path_said:
            self.say_path()

    def titles(self) -> tuple[str, str]:
        place, filming = self.shown_place, self.frame is not None
        words = [self.album.name if self.album else "", place.page.name if place else ""]
        is_marked = self.marked and place and self.marked.page.path == place.page.path
        number = f"{self.at + 1} of {len(self.pages)}" if place and not filming else ""
        return ("◆ " if is_marked else "") + " · ".join(filter(None, words)), number

    def show_list(self) -> None:
        """Show the albums in the list."""
        paths = [album.path for album in self.albums]
        place = paths.index(self._path) if self._path in paths else None
        self.query_one(Table).show_rows(len(self.albums), self._cells, place)

    def _cells(self, row: int) -> Sequence[Content]:
        raise NotImplementedError

    def on_table_moved(self, event: Table.Moved) -> None:
        if event.row != event.table.cursor:  # it was said before another album was chosen
            return
        row = event.table.cursor  # where it is now: a key may have come before this message
        if row < len(self.albums) and self.albums[row].path != self._path:
            self.choose(self.albums[row].path)

    def action_page(self, pages: int) -> None:
        """Go on, or back, by so many pages."""
        self._moved = True
        if self.place and self.pages:
            self.go(self.pages[max(0, min(len(self.pages) - 1, self.at + pages))])

    def action_end(self, at: int) -> None:
        """Go to the first or to the last page."""
        if self.pages:
            self._moved = True
            self.go(self.pages[at])

    def action_album(self, places: int) -> None:
        """Go to another run or folder."""
        paths = [album.path for album in self.albums]
        if self._path in paths:
            self.choose(paths[max(0, min(len(paths) - 1, paths.index(self._path) + places))])

    def action_mark(self) -> None:
        """Mark what is shown: `b` then puts it to the left of whatever is shown."""
        if self.place is None:
            return
        again = self.marked is not None and self.marked.page.path == self.place.page.path
        self.marked = None if again else self.place
        self.show_words()
        if again:
            self.say_path()
        else:
            self.notice.note("◆ marked; go to another sheet, of this run or of another, then b: side by side")

    def action_beside(self) -> None:
        """Put what is marked, or an early sheet, to the left; once more takes it away."""
        album, notice = self.album, self.notice
        if self.left is not None or album is None or self.place is None:
            self.left = None
            self.show()
            return
        if self.marked and self.marked.page.path != self.place.page.path:
            self.left = self.marked
            self.show()
            return
        pages = album.epochs if album.of_run else album.pages
        early = next((page for page in pages if page.epoch == _EARLY), pages[0] if pages else None)
        last = pages[-1] if album.of_run and pages else self.place.page
        if early is None or early == last:
            notice.wrong("there is nothing to put beside it yet: go to another one, or mark one with m first")
            return
        self.left, self._moved = Place(early, album.name), True
        self.go(last)


def _from_home(path: Path) -> str:
    """Return a path for people, ~ for the home folder."""
    home = Path.home()
    return one_line(f"~/{path.relative_to(home)}" if path.is_relative_to(home) and path != home else str(path), 4000)
