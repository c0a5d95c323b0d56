"""What the gauges say, in words: whole lines for a shell, and ever shorter ones for a strip of the screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.base.format import duration
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.runs.folder import live_runs

if TYPE_CHECKING:
    from garage_tui.core.hardware.host import Host
    from garage_tui.core.hardware.reading import GpuReading
    from garage_tui.core.hardware.snapshot import HardwareSnapshot

GB, GIB = 1e9, 2**30
"""Disks are counted in the one, memory (as its makers do) in the other."""
ABSENT = "–"


def lines(look: HardwareSnapshot) -> Iterator[str]:
    """Yield everything that is known, for people."""
    for gpu in look.gpus:
        yield f"GPU {gpu.index}  {gpu.name}"
        if gpu.note:
            yield f"  {gpu.note}"
        if not (gpu.lost or gpu.asleep):
            yield "  " + " · ".join(gpu_parts(gpu))
            if gpu.held_back:
                yield f"  held back by: {', '.join(gpu.held_back)}"
        for process in gpu.processes:
            yield f"  {gib(process.memory):>9}  {process.name or 'a process of somebody else'} (pid {process.pid})"
    if look.trouble:
        yield look.trouble
    yield "Box    " + " · ".join(host_parts(look.host))


def gpu_parts(gpu: GpuReading) -> list[str]:
    """Return the figures of a GPU; an absent one is a dash."""
    limits = [f"slows at {gpu.slow_c:.0f}" if gpu.slow_c else "", f"off at {gpu.off_c:.0f}" if gpu.off_c else ""]
    heat = f"{number(gpu.temp_c)} °C" + (f" ({', '.join(filter(None, limits))})" if any(limits) else "")
    power = f"{number(gpu.power_w)}{f' of {gpu.cap_w:.0f}' if gpu.cap_w else ''} W"
    parts = [heat, power, memory(gpu.memory_used, gpu.memory_total), f"{share(gpu.utilisation)} busy"]
    parts.append(f"fan {share(gpu.fan)}")
    parts.append(f"{number(gpu.clock_mhz)} MHz, memory {number(gpu.memory_clock_mhz)} MHz")
    return parts


def host_parts(host: Host) -> list[str]:
    """Return the figures of the box."""
    busy = f" {share(host.cpu)} busy" if host.cpu is not None else ""
    cores = f"{host.cores} cores{busy}" + (f", load {host.load:.1f}" if host.load is not None else "")
    parts = [
        cores,
        f"{memory(host.memory_used, host.memory_total)} memory",
        f"{disk(host.disk_used, host.disk_total)} disk",
    ]
    return [*parts, *(f"{sensor.name} {sensor.temp_c:.0f} °C" for sensor in host.sensors)]


def short(look: HardwareSnapshot) -> tuple[str, ...]:
    """Return the most important figures in ever fewer cells; the last form is a few cells wide."""
    awake = [gpu for gpu in look.gpus if not (gpu.asleep or gpu.lost)]
    if not awake:
        return _short_host(look)
    hot = max((gpu.temp_c for gpu in awake if gpu.temp_c is not None), default=None)
    watts, cap = _sum([gpu.power_w for gpu in awake]), _sum([gpu.cap_w for gpu in awake])
    used, total = _sum([gpu.memory_used for gpu in awake]), _sum([gpu.memory_total for gpu in awake])
    busy = max((gpu.utilisation for gpu in awake if gpu.utilisation is not None), default=None)
    many = f"{len(awake)} GPUs " if len(awake) > 1 else ""
    gone = " · 1 GPU lost" if len(awake) < len(look.gpus) and any(gpu.lost for gpu in look.gpus) else ""
    of = f"/{cap:.0f}" if cap else ""
    heat, power = f"{number(hot)} °C", f"{number(watts)}{of} W"
    parts = [heat] if hot is not None else []
    parts += [power] if watts is not None else []
    full = [*parts, memory(used, total), *([share(busy)] if busy is not None else [])]
    tight = [f"{number(hot)}°" if hot is not None else "", f"{number(watts)}W" if watts is not None else ""]
    tight.append(f"{used / GIB:.0f}G" if used is not None else "")
    return (
        many + "  ".join(full) + gone,
        many + " ".join([*parts, memory(used, total)]) + gone,
        " ".join(filter(None, tight)),
        tight[0] or tight[1] or tight[2],
    )


def _short_host(look: HardwareSnapshot) -> tuple[str, ...]:
    host = look.host
    state = "GPU asleep" if any(gpu.asleep for gpu in look.gpus) else ""
    state = "GPU does not answer" if look.trouble or any(gpu.lost for gpu in look.gpus) else state
    heat = f"{host.temp_c:.0f} °C" if host.temp_c is not None else ""
    cpu = f"cpu {share(host.cpu)}" if host.cpu is not None else f"load {number(host.load, 1)}"
    used = host.memory_used
    return (
        "  ".join(filter(None, (state, heat, cpu, memory(used, host.memory_total)))),
        " ".join(filter(None, (state, heat, cpu, "" if used is None else gib(used)))),
        state or " ".join(filter(None, (heat.replace(" °C", "°"), cpu))),
        heat.replace(" °C", "°") or cpu.removeprefix("cpu "),
    )


def status_line(look: HardwareSnapshot, checkpoints: Path) -> str:
    """Return one line for a status bar: the figures, and the run that is running."""
    parts = [short(look)[1]]
    if run := next((run for run in live_runs(checkpoints) if run.status != "queued"), None):
        words = [run.name]
        if run.step:
            words.append(f"{run.step}/{run.total_steps}")
        if run.status == "paused":
            words.append(f"paused{f': {run.reason}' if run.waits else ''}")
        elif 0 < run.total_steps <= run.step:
            words.append("finishing")
        elif run.seconds_left is not None:
            words.append(f"{duration(run.seconds_left)} left")
        parts.append(" ".join(words))
    return one_line(" · ".join(parts), 300)


def number(value: float | None, digits: int = 0) -> str:
    return ABSENT if value is None else f"{value:.{digits}f}"


def share(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.0%}".replace("%", " %")


def gib(value: float | None) -> str:
    return ABSENT if value is None else f"{value / GIB:.1f} GiB"


def memory(used: float | None, total: float | None) -> str:
    """Return `18.2/24.0 GiB`."""
    words = ABSENT if used is None else f"{used / GIB:.1f}"
    return f"{words}/{total / GIB:.1f} GiB" if total else f"{words} GiB"


def disk(used: float | None, total: float | None) -> str:
    """Return `195/271 GB`."""
    return f"{number(used / GB if used is not None else None)}/{number(total / GB if total is not None else None)} GB"


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
