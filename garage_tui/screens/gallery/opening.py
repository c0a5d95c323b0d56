"""Opens a folder of pictures that the user names."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from garage_tui.core.base.sanitize import one_line

if TYPE_CHECKING:
    from garage_tui.screens.gallery.host import GalleryHost


async def open_folder(host: GalleryHost) -> None:
    """Ask for a folder of pictures, or for one of its pictures, and show it."""
    from garage_tui.widgets.path_dialog import PathDialog  # noqa: PLC0415 (most visits open nothing)

    text = "Name a picture or a folder of pictures. Paths that do not begin with / are relative to the workspace."
    path = await host.ask(PathDialog("Open pictures", text, host.workspace.root, folder=True))
    if path is None:
        return
    folder = path if await asyncio.to_thread(path.is_dir) else path.parent
    host.albums.add_folder(folder)
    host.choose(folder, None if folder == path else path)
    await host.find_albums(folders=True)
    if not host.browser.pages:
        host.notice.wrong(f"there are no pictures in {one_line(str(folder))}")
