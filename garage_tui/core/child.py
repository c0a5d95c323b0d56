"""A process that somebody waits for, and that ends with them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

_GRACE_SECONDS = 3.0
"""How long a process may take to leave."""


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
