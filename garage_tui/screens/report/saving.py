"""Saving of a report card as Markdown, in a file that the owner names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line, plain

if TYPE_CHECKING:
    from garage_tui.widgets.dialog import Dialog


async def save(dialog: Dialog[Any], run_id: str, document: str) -> None:
    """Ask for a path and write the document there; an existing file is replaced only where that is agreed."""
    from garage_tui.screens.common.output_path import ask_output, write_output  # noqa: PLC0415 (most save nothing)
    from garage_tui.widgets.path_dialog import PathDialog  # noqa: PLC0415

    notice, home = dialog.notice, Path.home()
    text = "The report card is saved as Markdown. Paths that do not begin with / are relative to your home folder."
    new = home / f"{plain(run_id)}-report.md"
    try:
        output = await ask_output(
            dialog.app.push_screen_wait, PathDialog("Save the report card", text, home, new, new=True)
        )
        if output is None:
            return
        await write_output(output, document.encode())
    except GarageError as error:
        notice.wrong(plain(f"not saved: {error}"))
    else:
        notice.done(f"Saved {one_line(str(output.path), 1000)}")
