"""Child processes that end with their caller."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import decoded, one_line

_GRACE_SECONDS = 3.0
"""Seconds that a process may take to exit."""


async def start(command: Sequence[str], cannot: str) -> asyncio.subprocess.Process:
    """Start a process in a session of its own, with pipes for its output.

    Args:
        cannot: the beginning of the error message.

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
    """End a process with its session; do nothing if it has ended already."""
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
    """Read a stream to its end, so that its writer never blocks; return its last line, sanitised."""
    tail = b""
    while part := await stream.read(4096):
        tail = (tail + part)[-4096:]
    lines = [one_line(line, 1000) for line in decoded(tail).splitlines()]
    return next((line for line in reversed(lines) if line), "")


def how_it_ended(code: int) -> str:
    """Return as text how a process ended that gave no reason."""
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"its process was killed by {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}" if code else "its process ended without a message"
