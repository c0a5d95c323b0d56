"""The preview of what a diffusion run would learn from, made by a separate process."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence

from garage_tui.core.base import child_process as child
from garage_tui.core.base.sanitize import decoded, one_line
from garage_tui.core.diffusion import preview
from garage_tui.core.diffusion.preview import Preview


async def make_preview(command: Sequence[str]) -> AsyncGenerator[str | Preview, None]:
    """Yield sentences on the progress, and last the preview. Leaving the loop, or cancelling it, ends the process.

    Args:
        command: as `preview.command` returns it.

    Raises:
        GarageError: the process cannot be started, or failed; BadInputError if the pictures cannot be used.
    """
    process = await child.start(command, "the pictures cannot be read")
    assert process.stdout and process.stderr
    stdout = asyncio.create_task(process.stdout.read())
    try:
        while part := await process.stderr.read(4096):  # in pieces: a progress bar of the Hub's has no line's end
            lines = [one_line(line, 200) for line in re.split(r"[\r\n]", decoded(part))]
            if newest := next(filter(None, reversed(lines)), ""):
                yield newest
        code = await process.wait()
        yield preview.answer(await stdout, code)
    finally:
        stdout.cancel()
        await child.end(process)
