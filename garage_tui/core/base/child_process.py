"""A process that somebody waits for, and that ends with them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line

_GRACE_SECONDS = 3.0
"""How long a process may take to leave."""


async def start(command: Sequence[str], cannot: str) -> asyncio.subprocess.Process:
    """Start a process that leads a session of its own, with pipes for what it says.

    Args:
        cannot: what is not done where it does not start, as the beginning of a sentence.

    Raises:
        GarageError: it cannot be started.
    """
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=environment(),
        )
    except OSError as error:
        raise GarageError(f"{cannot}: {error.strerror or error}") from error


async def end(process: asyncio.subprocess.Process) -> None:
    """End a process that leads a session of its own, with all that it has started; one that has ended is let be."""
    if process.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await process.wait()
                return


async def last_line(stream: asyncio.StreamReader) -> str:
    """Return the last line of a stream, cleaned, and read it to its end: nobody shall have to wait to be read."""
    tail = b""
    while part := await stream.read(4096):
        tail = (tail + part)[-4096:]
    lines = [one_line(line, 1000) for line in tail.decode(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")


def how_it_ended(code: int) -> str:
    """Return in words how a process ended without saying why."""
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"its process was killed by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}" if code else "its process ended without a word"
