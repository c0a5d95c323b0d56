"""One reading of one GPU: temperature, power, memory, clocks and the processes on it."""

from __future__ import annotations

from typing import NamedTuple


class GpuProcess(NamedTuple):
    """A process that holds memory of a GPU."""

    pid: int
    memory: int | None = None
    """Bytes of GPU memory; None where the driver does not say (WSL, MIG)."""
    name: str = ""
    """The run that it belongs to, else the name of its program."""
    ours: bool = False
    """True for a process of a run, or of the chat's server."""


class GpuReading(NamedTuple):
    """One GPU at one moment. Memory in bytes, temperatures in °C, power in W; None where the GPU does not say."""

    index: int  # type: ignore[assignment]  # a tuple's method of that name is of no use here
    name: str
    memory_total: int | None = None
    memory_used: int | None = None
    uuid: str = ""
    bus: str = ""
    """PCI address as sysfs writes it: `0000:01:00.0`."""
    temp_c: float | None = None
    slow_c: float | None = None
    """The temperature at which the GPU throttles."""
    off_c: float | None = None
    """The temperature at which the GPU shuts down."""
    power_w: float | None = None
    cap_w: float | None = None
    """The power cap that holds now."""
    usual_cap_w: float | None = None
    """The default power cap of the GPU."""
    energy_j: float | None = None
    """Joules since the driver was loaded, by the GPU's own counter."""
    utilisation: float | None = None
    """Share of the last moment in which a kernel ran, from 0 to 1."""
    fan: float | None = None
    """Share of its full speed, from 0 to 1."""
    clock_mhz: int | None = None
    memory_clock_mhz: int | None = None
    held_back: tuple[str, ...] = ()
    """Why its clocks are lower than they could be, in words; empty where nothing holds it back."""
    processes: tuple[GpuProcess, ...] = ()
    persistent: bool | None = None
    """True where the driver stays loaded when nobody uses it (persistence mode)."""
    asleep: bool = False
    """True where it is suspended and was left alone."""
    note: str = ""
    """A notable fact about the GPU in a sentence: MIG is on, it has fallen off the bus …"""
    lost: bool = False
    """True where it does not answer; `note` says why."""
