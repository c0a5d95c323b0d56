"""Whether other programs keep this box busy, so that a run would take longer than estimated."""

from __future__ import annotations

import contextlib
import os

from garage_tui.core.hardware.gpu_reading import GpuReading

BUSY = "The box is busy now: this may take longer."
_CORES_SHARE, _GPU_SHARE = 0.75, 0.5
"""Share of the cores that have work, and of a GPU's time, from which on a box is busy."""


def busy_text(readings: list[GpuReading]) -> str:
    """Return a sentence if the box is busy, else an empty text.

    Args:
        readings: of the GPUs that runs may use; without any the processor counts.
    """
    if readings:
        return BUSY if all((reading.utilisation or 0) > _GPU_SHARE for reading in readings) else ""
    with contextlib.suppress(OSError):
        return BUSY if os.getloadavg()[0] > _CORES_SHARE * (os.cpu_count() or 1) else ""
    return ""
