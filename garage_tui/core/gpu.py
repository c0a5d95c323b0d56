"""The NVIDIA GPUs of this box, through NVML. No driver and no GPU is a state, not an error."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """One GPU. Memory in bytes; None where the GPU does not say."""

    index: int
    name: str
    memory_total: int | None
    memory_used: int | None


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
