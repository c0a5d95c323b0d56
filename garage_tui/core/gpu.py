"""The NVIDIA GPUs of this box, through NVML. No driver and no GPU is a state, not an error."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """One GPU. Memory in bytes; None where the GPU does not say."""

    index: int
    name: str
    memory_total: int | None
    memory_used: int | None


def usable() -> list[Reading]:
    """Return the GPUs that runs may take: all, or those that $CUDA_VISIBLE_DEVICES names by index."""
    readings = read()
    mask = os.environ.get("CUDA_VISIBLE_DEVICES")
    if mask is None:
        return readings
    named = [part.strip() for part in mask.split(",")]
    return [reading for reading in readings if str(reading.index) in named]


def read() -> list[Reading]:
    """Return one reading for each GPU; an empty list where there is no NVIDIA driver or no GPU."""
    try:
        import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    readings = []
    try:
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            name = pynvml.nvmlDeviceGetName(handle)
            total: int | None = None
            used: int | None = None
            with contextlib.suppress(pynvml.NVMLError):
                memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
                total, used = int(memory.total), int(memory.used)
            readings.append(Reading(index, name if isinstance(name, str) else name.decode(), total, used))
    except pynvml.NVMLError:
        pass
    finally:
        pynvml.nvmlShutdown()
    return readings
