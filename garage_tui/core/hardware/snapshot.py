"""All that can be read of a box at one moment: its GPUs and itself."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

from garage_tui.core.hardware.host import Host, HostMeter
from garage_tui.core.hardware.nvml import Nvml
from garage_tui.core.hardware.reading import GpuReading


class HardwareSnapshot(NamedTuple):
    """One moment of the box."""

    t: float
    """Unix time."""
    host: Host
    gpus: tuple[GpuReading, ...] = ()
    trouble: str = ""
    """Why no GPU answers although there is one."""


class HardwareMeter:
    """Looks at GPUs and box; keeps the driver open. One thread at a time may use it.

    Args:
        workspace: its disk is measured.
        wake: GPUs that sleep are looked at too.
        brief: the box itself is only looked at where there is no GPU to look at: a quarter of a status line's time.
    """

    def __init__(self, workspace: Path, wake: bool = False, brief: bool = False) -> None:
        self._nvml, self._brief = Nvml(wake), brief
        self._host = HostMeter(workspace)

    @property
    def may_sleep(self) -> bool:
        """True where a GPU would go to sleep if nobody looked at it."""
        return self._nvml.may_sleep

    def look(self) -> HardwareSnapshot:
        """Return what the box says now."""
        found = self._nvml.look()
        awake = any(not (gpu.asleep or gpu.lost) for gpu in found.gpus)
        host = Host(os.cpu_count() or 1) if self._brief and awake else self._host.look()
        return HardwareSnapshot(time.time(), host, found.gpus, found.trouble)

    def close(self) -> None:
        """Let go of the driver."""
        self._nvml.close()
