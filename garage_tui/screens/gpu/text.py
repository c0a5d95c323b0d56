"""The lines of the GPU screen: gauges of a device, the runs on it, and the processes that hold its memory."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from garage_tui.core.base.format import human_bytes
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.hardware.energy import describe_energy
from garage_tui.core.hardware.gpu_reading import GpuReading
from garage_tui.core.hardware.host import Host
from garage_tui.core.hardware.reading_text import ABSENT, memory_text, number, share
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.settings.settings import EnergySettings
from garage_tui.screens.common.run_text import fraction, time_text
from garage_tui.widgets.charts.gauge import gauge

_LABEL, _VALUE, _NOTE = 8, 10, 30
"""Cells of the label and the value before a bar, and of the note after it."""
_MAX_PROCESSES = 4
_MAX_SENSORS = 4
_HOTTEST = 110.0
"""°C at the right end of a bar: above the temperature at which a GPU switches itself off."""
_NEARLY_FULL, _FULL = 0.9, 0.97
"""Shares of a memory or a disk from which on its bar warns, and then alarms."""
_EIGHTHS = " ▁▂▃▄▅▆▇█"
Marks = list[tuple[float, str]]
"""Values that are marked on a bar, each with its colour."""


def gpu_lines(gpu: GpuReading, limits: RunLimits, width: int) -> Iterator[Content]:
    """Yield the gauges of a GPU; a dash stands for what it does not report."""
    if gpu.note:
        yield Content.styled(gpu.note, "$warning" if gpu.lost else "$muted")
    if gpu.lost or gpu.asleep:
        return
    yield _gpu_temperature(gpu, limits, width)
    cap = f"of {gpu.cap_w:.0f} W" if gpu.cap_w else ""
    if gpu.cap_w and gpu.usual_cap_w and round(gpu.cap_w) != round(gpu.usual_cap_w):
        cap += f", normally {gpu.usual_cap_w:.0f}"
    yield _bar("power", f"{number(gpu.power_w)} W", gpu.power_w, gpu.cap_w, width, cap)
    yield _memory("memory", gpu.memory_used, gpu.memory_total, width)
    yield _bar("usage", share(gpu.utilisation), gpu.utilisation, 1.0, width, f"fan {share(gpu.fan)}")
    clocks = f"{number(gpu.clock_mhz)} MHz · memory {number(gpu.memory_clock_mhz)} MHz"
    throttled = f" · throttled by {', '.join(gpu.held_back)}" if gpu.held_back else ""
    yield Content.assemble((f"{'clocks':<{_LABEL}}", "$muted"), clocks, (throttled, "$warning"))


def _gpu_temperature(gpu: GpuReading, limits: RunLimits, width: int) -> Content:
    notes, marks = [], Marks()
    if heat := limits.heat(gpu.slow_c):
        marks.append((heat[0], "warning"))
        notes.append(f"pauses at {heat[0]:.0f}")
    elif gpu.temp_c is not None:
        notes.append("no limit: set max_temp_c")
    if gpu.slow_c:
        marks.append((gpu.slow_c, "error"))
        notes.append(f"slows at {gpu.slow_c:.0f}")
    top = max(_HOTTEST, (gpu.off_c or 0) + 5) if gpu.temp_c is not None else None
    return _bar("temp", f"{number(gpu.temp_c)} °C", gpu.temp_c, top, width, ", ".join(notes), marks)


def process_lines(gpu: GpuReading) -> Iterator[Content]:
    """Yield the processes that hold memory of a GPU, the largest first."""
    for process in gpu.processes[:_MAX_PROCESSES]:
        name = process.name or f"a process that is not visible from here (pid {process.pid})"
        held = memory_text(process.memory)
        yield Content.assemble((f"{held:>9}  ", "$muted"), (name, "$primary" if process.ours else ""))
    if (more := len(gpu.processes) - _MAX_PROCESSES) > 0:
        yield Content.styled(f"{'':>11}and {more} more", "$muted")


def host_lines(host: Host, limits: RunLimits, width: int, gpus: int, each_core: bool = True) -> Iterator[Content]:
    """Yield the gauges of the box itself.

    Args:
        gpus: number of GPUs in it.
        each_core: show a column for each core.
    """
    load = f"{host.cores} cores" + (f", load {host.load:.1f}" if host.load is not None else "")
    if not gpus:
        yield Content.assemble((f"{'gpu':<{_LABEL}}", "$muted"), "No GPU found: runs and the chat use the processor")
    yield _bar("cpu", share(host.cpu), host.cpu, 1.0, width, load)
    if host.each_core and each_core:
        yield _cores(host.each_core, width)
    yield _memory("memory", host.memory_used, host.memory_total, width)
    yield _memory("disk", host.disk_used, host.disk_total, width, binary=False)
    if not host.sensors:
        yield Content.assemble((f"{'temp':<{_LABEL}}", "$muted"), "no temperature sensor found")
    for sensor in host.sensors[:_MAX_SENSORS]:
        notes, marks = [], Marks()
        if sensor.name == "cpu" and (heat := limits.heat(None)):
            marks.append((heat[0], "warning"))
            notes.append(f"pauses at {heat[0]:.0f}")
        if sensor.high_c:
            marks.append((sensor.high_c, "error"))
            notes.append(f"high at {sensor.high_c:.0f}")
        name = "temp" if sensor.name == "cpu" else sensor.name[: _LABEL - 1]
        yield _bar(name, f"{sensor.temp_c:.0f} °C", sensor.temp_c, _HOTTEST, width, ", ".join(notes), marks)


def own_process_lines(host: Host) -> Iterator[Content]:
    """Yield what our processes take of this box, the busiest first."""
    for process in host.own[:_MAX_PROCESSES]:
        cores = f"{process.cores:.1f} cores" if process.cores is not None else ABSENT
        taken = f"{human_bytes(process.memory, binary=True):>9}  {cores:>10}  "
        yield Content.assemble((taken, "$muted"), (process.name, "$primary"))
    if (more := len(host.own) - _MAX_PROCESSES) > 0:
        yield Content.styled(f"{'':>23}and {more} more", "$muted")


def _cores(each: tuple[float, ...], width: int) -> Content:
    """Return a column for each core, or for each few of them where there is no room for all."""
    room = max(8, width - _LABEL - _VALUE)
    few = -(-len(each) // room)
    means = [sum(part) / len(part) for part in (each[at : at + few] for at in range(0, len(each), few))]
    gap = " " if 2 * len(means) <= room else ""
    columns = gap.join(_EIGHTHS[max(0, min(8, round(8 * mean)))] for mean in means)
    return Content.assemble(
        (f"{'cores':<{_LABEL}}", "$muted"), f"{max(each):<{_VALUE}.0%}".replace("%", " %"), (columns, "$primary")
    )


def run_lines(run: RunSnapshot, prices: EnergySettings) -> Iterator[Content]:
    """Yield what a living run does, its limits, and the energy it has used."""
    state, limits = run.state, run.manifest.limits if run.manifest else RunLimits()
    progress = f"{run.name} {fraction(state)}".rstrip()
    if run.status == "paused" or run.waiting_for:
        yield Content.styled(f"‖ {progress}  {run.status}: {one_line(run.reason, 160)}", "$warning")
    else:
        yield Content.assemble(("● ", "$primary"), " · ".join(filter(None, (progress, time_text(run)))))
    used = f"used {describe_energy(state.wh, state.wh_from, prices)}" if state and state.wh is not None else ""
    if text := " · ".join(filter(None, (limits.describe(), used))):
        yield Content.styled(f"  {text}", "$muted")


def _memory(label: str, used: float | None, total: float | None, width: int, *, binary: bool = True) -> Content:
    value = ABSENT if used is None else human_bytes(used, binary=binary)
    note, marks = f"of {human_bytes(total, binary=binary)}" if total else "", Marks()
    if total:
        marks = [(_NEARLY_FULL * total, "warning"), (_FULL * total, "error")]
        if used is not None and used >= _NEARLY_FULL * total:
            note += ", full" if used >= _FULL * total else ", nearly full"
    return _bar(label, value, used, total, width, note, marks)


def _bar(
    label: str,
    value: str,
    amount: float | None,
    top: float | None,
    width: int,
    note: str = "",
    marks: Marks | None = None,
) -> Content:
    bar = gauge(amount, top, max(8, width - _LABEL - _VALUE - _NOTE), marks or ())
    reached = [name for mark, name in sorted(marks or ()) if amount is not None and amount >= mark]
    sign, style = ("!", f"bold ${reached[-1]}") if reached else ("", "")
    return Content.assemble(
        (f"{label:<{_LABEL - 2}}", "$muted"),
        (f"{sign:<2}", style),
        (f"{value:<{_VALUE}}", style),
        bar,
        (f"  {note}", "$muted"),
    )
