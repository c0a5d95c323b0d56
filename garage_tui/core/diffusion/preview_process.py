"""A look at what a diffusion run would learn from, by a process of its own while somebody waits for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence

from garage_tui.core.base import child_process as child
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.diffusion import preview
from garage_tui.core.diffusion.preview import Preview


async def look(command: Sequence[str]) -> AsyncGenerator[str | Preview, None]:
    """Look, and yield in sentences how far it is, and last what was found.

    Whoever leaves the loop, or is cancelled in it, has ended the process.

    Args:
        command: as `preview.command` returns it.

    Raises:
        GarageError: it cannot be started, or failed; BadInputError where what was asked for cannot be had.
    """
    process = await child.start(command, "the pictures cannot be looked at")
    assert process.stdout and process.stderr
    answer = asyncio.create_task(process.stdout.read())
    try:
        while part := await process.stderr.read(4096):  # in pieces: a progress bar of the Hub's has no line's end
            said = [one_line(line, 200) for line in re.split(r"[\r\n]", part.decode(errors="replace"))]
            if newest := next(filter(None, reversed(said)), ""):
                yield newest
        code = await process.wait()
        yield preview.answer(await answer, code)
    finally:
        answer.cancel()
        await child.end(process)
