"""How much memory this server holds, with all its processes."""

from __future__ import annotations

import os

import psutil

from garage_tui.core import gpu


def held(slot: str) -> int | None:
    """Return the bytes that this process and its descendants hold on a GPU, or in main memory (`cpu`).

    None where the driver does not say.
    """
    mine = {os.getpid()} | {child.pid for child in psutil.Process().children(recursive=True)}
    if slot == "cpu":
        return sum(_resident(pid) for pid in mine)
    sizes = [
        process.memory
        for reading in gpu.read()
        if str(reading.index) == slot
        for process in reading.processes
        if process.pid in mine
    ]
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None


def _resident(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
