"""Readings of the box itself: processor, memory, the workspace's disk, and temperature sensors (psutil)."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.hardware.own_processes import OwnProcess, OwnProcessMeter


class Sensor(NamedTuple):
    """A temperature of the box in °C."""

    name: str
    temp_c: float
    high_c: float | None = None
    """The temperature that the sensor itself reports as high."""


class Host(NamedTuple):
    """The box at one moment; sizes in bytes, None where nothing is reported."""

    cores: int
    cpu: float | None = None
    """Share of all cores' time that was used since the previous reading, from 0 to 1; None in the first one."""
    load: float | None = None
    """Mean number of processes that run or wait to run, over a minute."""
    memory_total: int | None = None
    memory_used: int | None = None
    disk_total: int | None = None
    """Bytes of the file system on which the workspace is."""
    disk_used: int | None = None
    sensors: tuple[Sensor, ...] = ()
    each_core: tuple[float, ...] = ()
    """The same as `cpu`, of each core; empty in the first reading."""
    own: tuple[OwnProcess, ...] = ()
    """Our processes, where there is no GPU that they could be on."""

    @property
    def temp_c(self) -> float | None:
        """The processor's temperature: that of its hottest sensor; None without one."""
        temps = [sensor.temp_c for sensor in self.sensors if sensor.name.startswith("cpu")]
        return max(temps, default=None)


_CPU_CHIPS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "soc_thermal", "x86_pkg_temp", "acpitz")
"""Drivers of processors' sensors, the best first: acpitz belongs to the board: a last resort."""
_OTHERS = {"nvme": "disk", "drivetemp": "disk", "iwlwifi": "wifi"}


class HostMeter:
    """Reads the box again and again. One thread at a time may use it.

    Args:
        workspace: its file system is measured.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace, self._own = workspace, OwnProcessMeter()
        self._first = True
        self._no_sensors = False

    def read(self, own: bool = False) -> Host:
        """Return a reading of this moment.

        Args:
            own: measure our processes too.
        """
        import psutil  # 12 ms, only needed here

        each = tuple(percent / 100 for percent in psutil.cpu_percent(None, percpu=True))
        if self._first:
            each, self._first = (), False
        memory = psutil.virtual_memory()
        disk_total = disk_used = None
        with contextlib.suppress(OSError):
            disk = os.statvfs(self._workspace)
            disk_total = disk.f_blocks * disk.f_frsize
            disk_used = disk_total - disk.f_bavail * disk.f_frsize
        load = None
        with contextlib.suppress(OSError):
            load = round(os.getloadavg()[0], 2)
        return Host(
            cores=os.cpu_count() or 1,
            cpu=sum(each) / len(each) if each else None,
            load=load,
            memory_total=int(memory.total),
            memory_used=int(memory.total - memory.available),
            disk_total=disk_total,
            disk_used=disk_used,
            sensors=self._sensors(),
            each_core=each,
            own=self._own.read() if own else (),
        )

    def _sensors(self) -> tuple[Sensor, ...]:
        if self._no_sensors:
            return ()
        import psutil

        try:
            chips = psutil.sensors_temperatures()
        except AttributeError:  # a system for which psutil knows none
            chips = {}
        except (OSError, ValueError):  # a chip that disappears while it is read
            return ()
        self._no_sensors = not chips  # a virtual machine has none, and will not get one
        return tuple(_named(chips))


def _named(chips: Mapping[str, Sequence[object]]) -> list[Sensor]:
    """Return the hottest sensor of each part of the box, the processor first."""
    best = next((chip for chip in _CPU_CHIPS if chip in chips), None)
    found: dict[str, Sensor] = {}
    for chip, values in chips.items():
        name = "cpu" if chip == best else _OTHERS.get(re.sub(r"[_-]?\d.*$", "", chip), one_line(chip, 16))
        if chip in _CPU_CHIPS and chip != best:
            continue
        for value in values:
            temp, high = getattr(value, "current", None), getattr(value, "high", None)
            if temp is None or not 0 < temp < 150:  # what is not connected reads 0, −128 or 255
                continue
            if name not in found or temp > found[name].temp_c:
                found[name] = Sensor(name, round(float(temp), 1), float(high) if high else None)
    return [found[name] for name in sorted(found, key=lambda name: name != "cpu")]
