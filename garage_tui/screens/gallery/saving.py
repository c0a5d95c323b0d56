"""Saves what the Gallery shows: a copy of a picture file, or two that are shown side by side as one picture."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import hidden, one_line

if TYPE_CHECKING:
    from garage_tui.screens.gallery.host import GalleryHost
    from garage_tui.screens.gallery.view import PageRef

_WHERE = "Paths that do not begin with / are relative to your home folder."


async def save(host: GalleryHost) -> None:
    """Ask for a path, then save what was shown when the key was pressed, whatever comes while the dialog is open."""
    from garage_tui.screens.common.output_path import ask_output, write_output  # noqa: PLC0415 (most save nothing)
    from garage_tui.widgets.path_dialog import PathDialog  # noqa: PLC0415

    browser, home = host.browser, Path.home()
    if (shown := browser.shown) is None:
        return
    if browser.is_pair and browser.left is not None:
        title, text = "Save both as one picture", f"Both are saved side by side, as they are shown. {_WHERE}"
        name, write = pair_of(browser.left, shown)
    else:
        whole = "The whole film is saved as an animated PNG. " if browser.frame is not None else ""
        title, text = "Save a copy", f"{whole}{_WHERE}"
        name, write = copy_of(shown)
    try:
        output = await ask_output(host.ask, PathDialog(title, text, home, home / name, new=True))
        if output is None:
            return
        await write_output(output, write)
    except GarageError as error:
        host.notice.wrong(f"not saved: {one_line(str(error), 1000)}")
    else:
        host.notice.done(f"Saved {one_line(str(output.path), 1000)}")


def copy_of(page: PageRef) -> tuple[str, Callable[[BinaryIO], object]]:
    """Return a file name for the copy of a page, and the function that writes it to a file."""
    name = f"{page.album.rsplit('/', 1)[-1]}-{page.page.path.name}".removeprefix("-")

    def write(out: BinaryIO) -> None:
        try:
            file = open_regular(page.page.path)
        except OSError as error:
            raise GarageError(f"{page.page.path} cannot be read: {error.strerror or error}") from error
        with file:
            shutil.copyfileobj(file, out)

    return name, write


def pair_of(left: PageRef, right: PageRef) -> tuple[str, Callable[[BinaryIO], object]]:
    """Return a file name for two pages side by side, and the function that writes them to a file."""
    from garage_tui.core.images import side_by_side  # noqa: PLC0415

    halves = [(side_by_side.PairHalf(album=one.album, page=one.page.name), one.page.path) for one in (left, right)]
    name = side_by_side.file_name((left.album, left.page.path), (right.album, right.page.path))
    return name, lambda out: side_by_side.write(out, *halves)


def copy_path(host: GalleryHost, copy: Callable[[str], None]) -> None:
    """Copy the path of the file that is shown, and show all of it.

    Args:
        copy: puts a text on the clipboard.
    """
    if shown := host.browser.shown:
        path = str(shown.page.path)
        if marks := hidden(path.replace("\n", "\r")):  # in a shell they would do something
            host.notice.wrong(f"not copied: the path contains {' '.join(marks[:5])}")
            return
        copy(path)
        host.notice.done(f"Copied {one_line(path, 4000)}")
