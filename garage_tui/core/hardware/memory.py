"""How much memory there is, and how much is free now, where a run would work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from garage_tui.core.hardware.reading import GpuReading

_MEMINFO = Path("/proc/meminfo")


def free_memory(readings: Sequence[GpuReading], gpus: Sequence[int] = (), swap: bool = False) -> float | None:
    """Return the bytes that are free; None where nobody says.

    Args:
        readings: the GPUs that a run may take; without any it works on the processor, and memory counts.
        gpus: those that were asked for: the fullest of them counts. By default the emptiest of all does.
        swap: of the processor's memory, count what could be swapped out, too: slow, but it goes.
    """
    if not readings:
        return _lines(("MemAvailable", "SwapFree") if swap else ("MemAvailable",))
    left = {one.index: one.memory_total - (one.memory_used or 0) for one in readings if one.memory_total}
    return _of(left, gpus)


def all_memory(readings: Sequence[GpuReading], gpus: Sequence[int] = ()) -> float | None:
    """Return the bytes that there are, free or not; None where nobody says. Of main memory its swap counts, too.

    Arguments are those of `free_memory`: of the GPUs that were asked for, the smallest counts.
    """
    if not readings:
        return _lines(("MemTotal", "SwapTotal"))
    return _of({one.index: one.memory_total for one in readings if one.memory_total}, gpus)


def _of(memory: dict[int, int], gpus: Sequence[int]) -> float | None:
    asked = [memory[index] for index in gpus if index in memory]
    if asked:
        return float(min(asked))
    return float(max(memory.values())) if memory else None


def _lines(names: Sequence[str]) -> float | None:
    """Return the sum of these lines of the kernel's: MemAvailable pushes nothing out of memory (proc(5))."""
    try:
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines())
        return sum(float(lines[name].split()[0]) * 1024 for name in names)
    except (OSError, KeyError, ValueError, IndexError):
        return None
