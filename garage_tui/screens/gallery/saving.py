"""Saves what the gallery shows: a copy of a sheet or of a film, or two that stand side by side as one picture."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from textual import work

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.screens.gallery.playback import GalleryFilms
from garage_tui.screens.gallery.renderer import Place

_WHERE = "Where to? A path without a / at its front begins in your home."


class GallerySaving(GalleryFilms):
    """What is saved is what was seen when the key was pressed, whatever comes while the question is open.

    A film stops there, so that one sees what was saved, and reads that it was.
    """

    @work(exclusive=True, group="ask")
    async def action_save(self) -> None:
        """Ask where to, then save what is shown."""
        from garage_tui.widgets.path_dialog import PathDialog  # noqa: PLC0415
        from garage_tui.widgets.prompts import Confirm  # noqa: PLC0415 (most visits save nothing)

        notice, place, home = self.notice, self.shown_place, Path.home()
        if place is None:
            return
        self.pause()
        if self.frame is None and self.left is not None:  # a film is shown alone, whatever stood beside the sheet
            title, words = "Save both as one picture", f"They are saved side by side, as they are shown. {_WHERE}"
            name, save = _both(self.left, place)
        else:
            film = "All of the film is saved, as an animated PNG. " if self.frame is not None else ""
            title, words = "Save a copy", f"{film}{_WHERE}"
            name, save = _one(place)
        path = await self.app.push_screen_wait(PathDialog(title, words, home, home / name, new=True))
        if path is None:
            return
        if await asyncio.to_thread(path.exists):
            question = Confirm("Replace it?", f"There is a {one_line(str(path))} already.", "Replace it", "Leave it")
            if not await self.app.push_screen_wait(question):
                return
        try:
            await asyncio.to_thread(save, path)
        except (OSError, shutil.SameFileError, GarageError) as error:
            notice.wrong(f"it was not saved: {one_line(str(error))}")
        else:
            notice.done(f"Saved {one_line(str(path), 1000)}")


def _one(place: Place) -> tuple[str, Callable[[Path], object]]:
    """Return a name for the copy of a file, and what makes it."""
    name = f"{place.album.rsplit('/', 1)[-1]}-{place.page.path.name}".removeprefix("-")
    return name, lambda path: shutil.copyfile(place.page.path, path)


def _both(left: Place, right: Place) -> tuple[str, Callable[[Path], object]]:
    """Return a name for a picture of two, and what makes it."""
    from garage_tui.core.images import side_by_side as beside  # noqa: PLC0415

    halves = [(beside.PairHalf(album=one.album, page=one.page.name), one.page.path) for one in (left, right)]
    name = beside.name((left.album, left.page.path), (right.album, right.page.path))
    return name, lambda path: beside.write(path, *halves)
