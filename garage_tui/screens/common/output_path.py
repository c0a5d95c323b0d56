"""Where an output goes that the user names in the app: a path is asked for, then whether what is there is replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, BinaryIO

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.output_file import OutputFile, output_file
from garage_tui.core.base.sanitize import one_line

if TYPE_CHECKING:
    from textual.screen import Screen

    from garage_tui.widgets.path_dialog import PathDialog


async def ask_output(ask: Callable[[Screen[Any]], Awaitable[Any]], dialog: PathDialog) -> OutputFile | None:
    """Ask where an output goes; None where the user gives it up, or keeps what is there.

    Args:
        ask: opens a dialog and returns its answer.
        dialog: asks for the path.

    Raises:
        BadInputError: nothing can be written there.
    """
    from garage_tui.widgets.confirm_and_pick import Confirm  # noqa: PLC0415 (most visits save nothing)

    path = await ask(dialog)
    if path is None:
        return None
    output = await asyncio.to_thread(output_file, path)
    if output.descriptor is not None or await asyncio.to_thread(lambda: output.is_terminal):
        raise BadInputError(f"{one_line(str(path), 1000)} is a terminal: name a file")
    if output.replaces:
        yes = "Write there" if output.target != output.path else "Replace it"
        if not await ask(Confirm(f"{yes}?", f"{output.replaces}.", yes, "Keep it")):
            return None
    return output


async def write_output(output: OutputFile, data: bytes | Callable[[BinaryIO], object]) -> None:
    """Write an output that the user was asked about. Raises as `OutputFile.write`."""
    await asyncio.to_thread(output.write, data, force=bool(output.replaces), wait=False)
