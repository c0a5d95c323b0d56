"""Free and total memory of the GPU or the processor that a run would use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from garage_tui.core.hardware.gpu_reading import GpuReading

_MEMINFO = Path("/proc/meminfo")
_VARIES = 1.05
"""Factor by which the memory of equal runs varies."""
_OF_OTHERS = 2e9
"""Bytes that the driver, a desktop and other programs may hold on a GPU, or in main memory."""


def free_memory(readings: Sequence[GpuReading], gpus: Sequence[int] = (), swap: bool = False) -> float | None:
    """Return the bytes that are free now; None if that is unknown.

    Args:
        readings: the GPUs that a run may use; without any, main memory counts.
        gpus: indices of the requested GPUs: the fullest of them counts. By default the emptiest of all counts.
        swap: count free swap as main memory too: slow, but it works.
    """
    if not readings:
        return _lines(("MemAvailable", "SwapFree") if swap else ("MemAvailable",))
    left = {one.index: one.memory_total - (one.memory_used or 0) for one in readings if one.memory_total}
    return _of(left, gpus)


def all_memory(readings: Sequence[GpuReading], gpus: Sequence[int] = ()) -> float | None:
    """Return the total bytes, free or not, swap included; None if that is unknown.

    Arguments are those of `free_memory`; of the requested GPUs the smallest counts.
    """
    if not readings:
        return _lines(("MemTotal", "SwapTotal"))
    return _of({one.index: one.memory_total for one in readings if one.memory_total}, gpus)


def memory_again(used: float, beside: float, total: float | None) -> float:
    """Return the bytes that a run needs which has been measured before: a little more, but not more than can be there.

    The run had what it used, so that much fits where it was measured, whatever else holds memory there.

    Args:
        used: its peak.
        beside: bytes that the measurement does not contain (a CUDA context).
        total: all bytes there; None if unknown.
    """
    usual = _VARIES * used + beside
    return usual if total is None else min(usual, max(used, total - _OF_OTHERS))


def _of(memory: dict[int, int], gpus: Sequence[int]) -> float | None:
    requested = [memory[index] for index in gpus if index in memory]
    if requested:
        return float(min(requested))
    return float(max(memory.values())) if memory else None


def _lines(names: Sequence[str]) -> float | None:
    """Return the sum of these lines of /proc/meminfo in bytes (proc(5)); None if one is missing."""
    try:
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines())
        return sum(float(lines[name].split()[0]) * 1024 for name in names)
    except (OSError, KeyError, ValueError, IndexError):
        return None
