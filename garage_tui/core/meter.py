"""All that can be read of a box at one moment: its GPUs and itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.gpu import Reading
from garage_tui.core.host import Host, HostMeter
from garage_tui.core.nvml import Nvml


@dataclass(frozen=True)
class Look:
    """One moment of the box."""

    t: float
    """Unix time."""
    host: Host
    gpus: tuple[Reading, ...] = ()
    trouble: str = ""
    """Why no GPU answers although there is one."""


class Meter:
    """Looks at GPUs and box; keeps the driver open. One thread at a time may use it."""

    def __init__(self, workspace: Path, wake: bool = False) -> None:
        self._nvml = Nvml(wake)
        self._host = HostMeter(workspace)

    @property
    def may_sleep(self) -> bool:
        """True where a GPU would go to sleep if nobody looked at it."""
        return self._nvml.may_sleep

    def look(self) -> Look:
        """Return what the box says now."""
        found = self._nvml.look()
        return Look(time.time(), self._host.look(), found.gpus, found.trouble)

    def close(self) -> None:
        """Let go of the driver."""
        self._nvml.close()
