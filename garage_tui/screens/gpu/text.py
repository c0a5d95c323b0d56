"""What the GPU screen says in lines: gauges of a device, what guards it, and who is on it."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import EnergySettings
from garage_tui.core.hardware.energy import in_words
from garage_tui.core.hardware.host import Host
from garage_tui.core.hardware.reading import GpuReading
from garage_tui.core.hardware.readout import ABSENT, GB, GIB, gib, number, share
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.screens.common.run_text import fraction, time_text
from garage_tui.widgets.gauge import gauge

_LABEL, _VALUE, _AFTER = 8, 10, 30
"""Cells of the words before a bar and after it."""
_MOST_PROCESSES = 4
_HOTTEST = 110.0
"""°C at the right end of a bar: above what switches a GPU off."""


def gpu_lines(gpu: GpuReading, limits: RunLimits, width: int) -> Iterator[Content]:
    """Yield the gauges of a GPU; what it does not tell is a dash."""
    if gpu.note:
        yield Content.styled(gpu.note, "$warning" if gpu.lost else "$muted")
    if gpu.lost or gpu.asleep:
        return
    heat, marks, words = limits.heat(gpu.slow_c), [], []
    if heat:
        marks.append((heat[0], "warning"))
        words.append(f"pauses at {heat[0]:.0f}")
    elif gpu.temp_c is not None:
        words.append("no limit: set max_temp_c")
    if gpu.slow_c:
        marks.append((gpu.slow_c, "error"))
        words.append(f"slows at {gpu.slow_c:.0f}")
    top = max(_HOTTEST, (gpu.off_c or 0) + 5) if gpu.temp_c is not None else None
    yield _bar("heat", f"{number(gpu.temp_c)} °C", gpu.temp_c, top, width, ", ".join(words), marks)
    cap = f"of {gpu.cap_w:.0f} W" if gpu.cap_w else ""
    if gpu.cap_w and gpu.usual_cap_w and round(gpu.cap_w) != round(gpu.usual_cap_w):
        cap += f", usually {gpu.usual_cap_w:.0f}"
    yield _bar("power", f"{number(gpu.power_w)} W", gpu.power_w, gpu.cap_w, width, cap)
    yield _memory("memory", gpu.memory_used, gpu.memory_total, width)
    yield _bar("busy", share(gpu.utilisation), gpu.utilisation, 1.0, width, f"fan {share(gpu.fan)}")
    clocks = f"{number(gpu.clock_mhz)} MHz · memory {number(gpu.memory_clock_mhz)} MHz"
    held = f" · held back by {', '.join(gpu.held_back)}" if gpu.held_back else ""
    yield Content.assemble((f"{'clocks':<{_LABEL}}", "$muted"), clocks, (held, "$warning"))


def process_lines(gpu: GpuReading) -> Iterator[Content]:
    """Yield who holds memory of a GPU, the most first."""
    for process in gpu.processes[:_MOST_PROCESSES]:
        name = process.name or f"a process that cannot be seen from here (pid {process.pid})"
        yield Content.assemble((f"{gib(process.memory):>9}  ", "$muted"), (name, "$primary" if process.ours else ""))
    if (more := len(gpu.processes) - _MOST_PROCESSES) > 0:
        yield Content.styled(f"{'':>11}and {more} more", "$muted")


def host_lines(host: Host, limits: RunLimits, width: int, gpus: int) -> Iterator[Content]:
    """Yield the gauges of the box; `gpus` is how many there are beside it."""
    load = f"{host.cores} cores" + (f", load {host.load:.1f}" if host.load is not None else "")
    if not gpus:
        yield Content.assemble((f"{'gpu':<{_LABEL}}", "$muted"), "none is seen: runs and the chat use the processor")
    yield _bar("cpu", share(host.cpu), host.cpu, 1.0, width, load)
    yield _memory("memory", host.memory_used, host.memory_total, width)
    yield _memory("disk", host.disk_used, host.disk_total, width, GB, "GB")
    if not host.sensors:
        yield Content.assemble((f"{'heat':<{_LABEL}}", "$muted"), "no sensor tells a temperature here")
    for sensor in host.sensors[:4]:
        marks, words = [], []
        if sensor.name == "cpu" and (heat := limits.heat(None)):
            marks.append((heat[0], "warning"))
            words.append(f"pauses at {heat[0]:.0f}")
        if sensor.high_c:
            marks.append((sensor.high_c, "error"))
            words.append(f"high at {sensor.high_c:.0f}")
        name = "heat" if sensor.name == "cpu" else sensor.name[: _LABEL - 1]
        yield _bar(name, f"{sensor.temp_c:.0f} °C", sensor.temp_c, _HOTTEST, width, ", ".join(words), marks)


def run_lines(seen: RunSnapshot, prices: EnergySettings) -> Iterator[Content]:
    """Yield what a living run does here, what it waits for, and what it has used."""
    state, limits = seen.state, seen.manifest.limits if seen.manifest else RunLimits()
    done = f"{seen.name} {fraction(state)}".rstrip()
    if seen.status == "paused" or seen.waits:
        yield Content.styled(f"‖ {done}  {seen.status}: {one_line(seen.reason, 160)}", "$warning")
    else:
        yield Content.assemble(("● ", "$primary"), " · ".join(filter(None, (done, time_text(seen)))))
    used = f"used {in_words(state.wh, state.wh_from, prices)}" if state and state.wh is not None else ""
    if words := " · ".join(filter(None, (limits.describe(), used))):
        yield Content.styled(f"  {words}", "$muted")


def _memory(
    label: str, used: float | None, total: float | None, width: int, unit: float = GIB, name: str = "GiB"
) -> Content:
    value = ABSENT if used is None else f"{used / unit:.1f} {name}"
    return _bar(label, value, used, total, width, f"of {total / unit:.1f} {name}" if total else "")


def _bar(
    label: str,
    value: str,
    share_of: float | None,
    top: float | None,
    width: int,
    after: str = "",
    marks: list[tuple[float, str]] | None = None,
) -> Content:
    room = max(8, width - _LABEL - _VALUE - _AFTER)
    bar = gauge(share_of, top, room, marks or ())
    return Content.assemble((f"{label:<{_LABEL}}", "$muted"), f"{value:<{_VALUE}}", bar, (f"  {after}", "$muted"))
