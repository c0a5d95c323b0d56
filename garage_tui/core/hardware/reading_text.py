"""Hardware readings as text: whole lines for a shell, and ever shorter ones for the app's header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.base.format import duration, human_bytes
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.runs.folder import live_runs

if TYPE_CHECKING:
    from garage_tui.core.hardware.gpu_reading import GpuReading
    from garage_tui.core.hardware.hardware_snapshot import HardwareSnapshot
    from garage_tui.core.hardware.host import Host

ABSENT = "–"
"""The sign for an unknown value."""
_GIB, _GB = 2**30, 1e9


def lines(snapshot: HardwareSnapshot) -> Iterator[str]:
    """Yield all readings, line by line."""
    for gpu in snapshot.gpus:
        yield f"GPU {gpu.index}  {gpu.name}"
        if gpu.note:
            yield f"  {gpu.note}"
        if not (gpu.lost or gpu.asleep):
            yield "  " + " · ".join(gpu_parts(gpu))
            if gpu.held_back:
                yield f"  throttled by: {', '.join(gpu.held_back)}"
        for process in gpu.processes:
            name = process.name or "a process of another user"
            yield f"  {memory_text(process.memory):>9}  {name} (pid {process.pid})"
    if snapshot.trouble:
        yield snapshot.trouble
    yield "Box    " + " · ".join(host_parts(snapshot.host))


def gpu_parts(gpu: GpuReading) -> list[str]:
    """Return the readings of a GPU; a dash stands for what it does not report."""
    limits = [f"slows at {gpu.slow_c:.0f}" if gpu.slow_c else "", f"off at {gpu.off_c:.0f}" if gpu.off_c else ""]
    temperature = f"{number(gpu.temp_c)} °C" + (f" ({', '.join(filter(None, limits))})" if any(limits) else "")
    power = f"{number(gpu.power_w)}{f' of {gpu.cap_w:.0f}' if gpu.cap_w else ''} W"
    parts = [temperature, power, memory_of_total(gpu.memory_used, gpu.memory_total), f"{share(gpu.utilisation)} busy"]
    parts.append(f"fan {share(gpu.fan)}")
    parts.append(f"{number(gpu.clock_mhz)} MHz, memory {number(gpu.memory_clock_mhz)} MHz")
    return parts


def host_parts(host: Host) -> list[str]:
    """Return the readings of the box itself."""
    busy = f" {share(host.cpu)} busy" if host.cpu is not None else ""
    cores = f"{host.cores} cores{busy}" + (f", load {host.load:.1f}" if host.load is not None else "")
    parts = [
        cores,
        f"{memory_of_total(host.memory_used, host.memory_total)} memory",
        f"{disk(host.disk_used, host.disk_total)} disk",
    ]
    return [*parts, *(f"{sensor.name} {sensor.temp_c:.0f} °C" for sensor in host.sensors)]


def short(snapshot: HardwareSnapshot) -> tuple[str, ...]:
    """Return the most important readings in ever fewer cells; the last text is a few cells wide."""
    awake = [gpu for gpu in snapshot.gpus if not (gpu.asleep or gpu.lost)]
    if not awake:
        return _short_host(snapshot)
    hot = max((gpu.temp_c for gpu in awake if gpu.temp_c is not None), default=None)
    watts, cap = _sum([gpu.power_w for gpu in awake]), _sum([gpu.cap_w for gpu in awake])
    used, total = _sum([gpu.memory_used for gpu in awake]), _sum([gpu.memory_total for gpu in awake])
    busy = max((gpu.utilisation for gpu in awake if gpu.utilisation is not None), default=None)
    many = f"{len(awake)} GPUs " if len(awake) > 1 else ""
    gone = " · 1 GPU lost" if len(awake) < len(snapshot.gpus) and any(gpu.lost for gpu in snapshot.gpus) else ""
    of = f"/{cap:.0f}" if cap else ""
    heat, power = f"{number(hot)} °C", f"{number(watts)}{of} W"
    parts = [heat] if hot is not None else []
    parts += [power] if watts is not None else []
    full = [*parts, memory_of_total(used, total), *([share(busy)] if busy is not None else [])]
    tight = [f"{number(hot)}°" if hot is not None else "", f"{number(watts)}W" if watts is not None else ""]
    tight.append(f"{used / _GIB:.0f}G" if used is not None else "")
    return (
        many + "  ".join(full) + gone,
        many + " ".join([*parts, memory_of_total(used, total)]) + gone,
        " ".join(filter(None, tight)),
        tight[0] or tight[1] or tight[2],
    )


def _short_host(snapshot: HardwareSnapshot) -> tuple[str, ...]:
    host = snapshot.host
    state = "GPU asleep" if any(gpu.asleep for gpu in snapshot.gpus) else ""
    state = "GPU does not answer" if snapshot.trouble or any(gpu.lost for gpu in snapshot.gpus) else state
    heat = f"{host.temp_c:.0f} °C" if host.temp_c is not None else ""
    cpu = f"cpu {share(host.cpu)}" if host.cpu is not None else f"load {number(host.load, 1)}"
    used = host.memory_used
    return (
        "  ".join(filter(None, (state, heat, cpu, memory_of_total(used, host.memory_total)))),
        " ".join(filter(None, (state, heat, cpu, "" if used is None else memory_text(used)))),
        state or " ".join(filter(None, (heat.replace(" °C", "°"), cpu))),
        heat.replace(" °C", "°") or cpu.removeprefix("cpu "),
    )


def status_line(snapshot: HardwareSnapshot, checkpoints: Path) -> str:
    """Return one line for a status bar: the main readings, and the run that is running."""
    parts = [short(snapshot)[1]]
    if run := next((run for run in live_runs(checkpoints) if run.status != "queued"), None):
        texts = [run.name]
        if run.step:
            texts.append(f"{run.step}/{run.total_steps}")
        if run.status == "paused":
            texts.append(f"paused{f': {run.reason}' if run.waiting_for else ''}")
        elif 0 < run.total_steps <= run.step:
            texts.append("finishing")
        elif run.seconds_left is not None:
            texts.append(f"{duration(run.seconds_left)} left")
        parts.append(" ".join(texts))
    return one_line(" · ".join(parts), 300)


def number(value: float | None, digits: int = 0) -> str:
    """Return a number; a dash for None."""
    return ABSENT if value is None else f"{value:.{digits}f}"


def share(value: float | None) -> str:
    """Return a share of 1 in per cent: `58 %`."""
    return ABSENT if value is None else f"{value:.0%}".replace("%", " %")


def memory_text(value: float | None) -> str:
    """Return a size of memory: `18.2 GiB`, `512 MiB`."""
    return ABSENT if value is None else human_bytes(value, binary=True)


def memory_of_total(used: float | None, total: float | None) -> str:
    """Return `18.2/24.0 GiB`."""
    text = ABSENT if used is None else f"{used / _GIB:.1f}"
    return f"{text}/{total / _GIB:.1f} GiB" if total else f"{text} GiB"


def disk(used: float | None, total: float | None) -> str:
    """Return `195/271 GB`."""
    return f"{number(used / _GB if used is not None else None)}/{number(total / _GB if total is not None else None)} GB"


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
