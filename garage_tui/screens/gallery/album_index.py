"""Finds the albums on disk: the contact sheets of each run, and folders of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from garage_tui.core.images import albums
from garage_tui.core.images.albums import Album


class AlbumIndex:
    """The albums as they were last found. Reads folders: call it in a thread, one call at a time.

    Args:
        datasets: the folder whose folders of pictures are albums.
    """

    def __init__(self, datasets: Path) -> None:
        self._datasets = datasets
        self._opened: list[Path] = []
        self._runs: dict[Path, tuple[int, Album]] = {}
        self._folders: tuple[Album, ...] = ()

    def add_folder(self, folder: Path) -> None:
        """Add a folder outside of `datasets` to the albums, before the others."""
        if folder not in self._opened:
            self._opened.insert(0, folder)

    def find(
        self, runs: Sequence[tuple[Path, int]], *, folders: bool, changed: Path | None = None
    ) -> tuple[Album, ...]:
        """Return the albums: those of runs in the order given, then the folders.

        Args:
            runs: the folder of each run, and when its sheets last changed; a run is read again only if that differs.
            folders: read the folders of pictures again, too.
            changed: a run to read again even if that does not differ.
        """
        self._runs.pop(changed or Path(), None)
        known = self._runs
        self._runs = {
            path: known[path] if path in known and known[path][0] == mtime else (mtime, albums.run_album(path))
            for path, mtime in runs
        }
        if folders:
            found = albums.dataset_albums(self._datasets)
            paths = {album.path for album in found}
            self._folders = (*(albums.folder_album(path) for path in list(self._opened) if path not in paths), *found)
        return (*(album for _, album in self._runs.values()), *self._folders)
