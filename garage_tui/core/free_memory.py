"""How much memory is free now, where a run would work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from garage_tui.core.gpu import Reading

_MEMINFO = Path("/proc/meminfo")


def free_memory(readings: Sequence[Reading], gpus: Sequence[int] = ()) -> float | None:
    """Return the bytes that are free; None where nobody says.

    Args:
        readings: the GPUs that a run may take; without any it works on the processor, and memory counts.
        gpus: those that were asked for: the fullest of them counts. By default the emptiest of all does.
    """
    if not readings:
        return _available()
    left = {one.index: one.memory_total - (one.memory_used or 0) for one in readings if one.memory_total}
    asked = [left[index] for index in gpus if index in left]
    if asked:
        return float(min(asked))
    return float(max(left.values())) if left else None


def _available() -> float | None:
    """Return what the kernel would give to programs without pushing anything out of memory."""
    try:
        lines = _MEMINFO.read_text().splitlines()
        return float(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) * 1024
    except (OSError, StopIteration, ValueError, IndexError):
        return None
