"""The list of the Gallery: runs that draw, and folders of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.content import Content

from garage_tui.core.images.albums import Album
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.screens.common.run_text import badge
from garage_tui.widgets.table import Column, Table


class AlbumList(Table):
    """Albums with the state of their runs and the number of their pages."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(Column("", 1), Column("Run or folder", share=1, middle=True), Column("", 5, right=True), id=id)
        self.can_focus = False  # its keys are those of the pane
        self.border_title = "Gallery"
        self._albums: tuple[Album, ...] = ()
        self._runs: tuple[RunSnapshot, ...] = ()

    def show_albums(self, albums: tuple[Album, ...], chosen: Path | None, runs: tuple[RunSnapshot, ...]) -> None:
        """Show albums.

        Args:
            chosen: path of the one under the cursor.
            runs: all runs, whose states and names are shown.
        """
        self._albums, self._runs = albums, runs
        paths = [album.path for album in albums]
        self.show_rows(len(albums), self._album_cells, paths.index(chosen) if chosen in paths else None)

    def _album_cells(self, row: int) -> Sequence[Content]:
        album = self._albums[row]
        run = next((run for run in self._runs if run.path == album.path), None)
        sign = badge(run)[:1] if run else Content("▪").stylize("$muted")
        name = run.name if run and sum(one.name == run.name for one in self._runs) == 1 else album.name
        return sign, Content(name), Content.styled(str(len(album.pages)), "$muted")
