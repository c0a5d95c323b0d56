"""A snapshot of this box: readings of its GPUs and of itself at one moment."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

from garage_tui.core.hardware.gpu_reading import GpuReading
from garage_tui.core.hardware.host import Host, HostMeter
from garage_tui.core.hardware.nvml import Nvml


class HardwareSnapshot(NamedTuple):
    """All readings of one moment."""

    t: float
    """Unix time."""
    host: Host
    gpus: tuple[GpuReading, ...] = ()
    trouble: str = ""
    """Why no GPU can be read although there is one; empty if all is well."""


class HardwareMeter:
    """Reads the sensors of GPUs and box, and keeps the driver open between readings. One thread at a time may use it.

    Args:
        workspace: its disk is measured.
        wake: read suspended GPUs too, which wakes them.
        brief: read the box itself only if there is no GPU to read: that saves a quarter of a status line's time.
    """

    def __init__(self, workspace: Path, wake: bool = False, brief: bool = False) -> None:
        self._nvml, self._brief = Nvml(wake), brief
        self._host = HostMeter(workspace)

    @property
    def may_sleep(self) -> bool:
        """True if a GPU would be suspended if nobody read it."""
        return self._nvml.may_sleep

    def read(self) -> HardwareSnapshot:
        """Return a snapshot of this moment."""
        readings = self._nvml.read()
        awake = any(not (gpu.asleep or gpu.lost) for gpu in readings.gpus)
        host = (
            Host(os.cpu_count() or 1) if self._brief and awake else self._host.read(own=not self._brief and not awake)
        )
        return HardwareSnapshot(time.time(), host, readings.gpus, readings.trouble)

    def close(self) -> None:
        """Close the driver."""
        self._nvml.close()
