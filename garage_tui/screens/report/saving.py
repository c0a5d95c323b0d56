"""Saving of a report card as Markdown, in a file that the owner names."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line, plain

if TYPE_CHECKING:
    from garage_tui.widgets.dialog import Dialog


async def save(dialog: Dialog[Any], run_id: str, document: str) -> None:
    """Ask for a path and write the document there; an existing file is replaced only where that is agreed."""
    from garage_tui.core.exam.report_markdown import write_markdown  # noqa: PLC0415 (most cards are not saved)
    from garage_tui.widgets.confirm_and_pick import Confirm  # noqa: PLC0415
    from garage_tui.widgets.path_dialog import PathDialog  # noqa: PLC0415

    app, notice, home = dialog.app, dialog.notice, Path.home()
    text = "The report card is saved as Markdown. Paths that do not begin with / are relative to your home folder."
    new = home / f"{plain(run_id)}-report.md"
    path = await app.push_screen_wait(PathDialog("Save the report card", text, home, new, new=True))
    if path is None:
        return
    exists = await asyncio.to_thread(path.exists)
    if exists:
        question = Confirm("Replace it?", f"{one_line(str(path))} already exists.", "Replace it", "Keep it")
        if not await app.push_screen_wait(question):
            return
    try:
        await asyncio.to_thread(write_markdown, path, document, replace=exists)
    except GarageError as error:
        notice.wrong(plain(f"not saved: {error}"))
    else:
        notice.done(f"Saved {one_line(str(path), 1000)}")
