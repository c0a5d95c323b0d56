"""How much memory is free now, where a run would work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from garage_tui.core.gpu import Reading

_MEMINFO = Path("/proc/meminfo")


def free_memory(readings: Sequence[Reading], gpus: Sequence[int] = (), swap: bool = False) -> float | None:
    """Return the bytes that are free; None where nobody says.

    Args:
        readings: the GPUs that a run may take; without any it works on the processor, and memory counts.
        gpus: those that were asked for: the fullest of them counts. By default the emptiest of all does.
        swap: of the processor's memory, count what could be swapped out, too: slow, but it goes.
    """
    if not readings:
        return _free(("MemAvailable", "SwapFree") if swap else ("MemAvailable",))
    left = {one.index: one.memory_total - (one.memory_used or 0) for one in readings if one.memory_total}
    asked = [left[index] for index in gpus if index in left]
    if asked:
        return float(min(asked))
    return float(max(left.values())) if left else None


def _free(names: Sequence[str]) -> float | None:
    """Return the sum of these lines of the kernel's: MemAvailable pushes nothing out of memory (proc(5))."""
    try:
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines())
        return sum(float(lines[name].split()[0]) * 1024 for name in names)
    except (OSError, KeyError, ValueError, IndexError):
        return None
