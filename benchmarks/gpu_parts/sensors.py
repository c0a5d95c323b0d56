"""The GPU's sensors under load, and the heat guard of a run on a real sensor.

In a dry run the GPU is that of `tests/support/nvml`: the real pynvml against a library that answers from a file.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from garage_tui.core.base.tail import FileFollower
from garage_tui.core.diffusion.recipe import make_recipe
from garage_tui.core.hardware.gpu_reading import GpuReading
from garage_tui.core.hardware.nvml import Nvml
from garage_tui.core.launch import start
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.runs.folder import EVENTS
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import Settings, Workspace
from gpu_parts.rows import Options, Report
from gpu_parts.started_run import stopped_at_the_end

LOAD_SECONDS, EVERY = 12.0, 0.25
PAUSES_ABOVE, COOLS_TO = 6, 3
"""°C above the temperature at rest at which the run pauses, and to which it has to cool."""
_GPU = 0
_AT_REST, _HOT = 41, 71
"""°C of the GPU of a dry run."""


def measure_sensors(options: Options, report: Report) -> None:
    """Report what NVML says at rest and under a load of matrix products."""
    with _box(options.dry) as loaded:
        nvml = Nvml(wake=True)
        try:
            at_rest = _reading(nvml)
            began = time.monotonic()
            seconds = 1.5 if options.dry else LOAD_SECONDS
            with loaded():
                readings = []
                while time.monotonic() - began < seconds:
                    readings.append((time.monotonic(), _reading(nvml)))
                    time.sleep(EVERY)
        finally:
            nvml.close()
    last = readings[-1][1]
    report(
        "temperature",
        f"{_number(at_rest.temp_c)} → {_number(last.temp_c)} °C",
        f"slows down at {_number(last.slow_c)} °C; {last.name}",
    )
    power = [one.power_w for _, one in readings if one.power_w is not None]
    most = f"{max(power):.0f} W" if power else "unknown"
    report("power", f"{_number(at_rest.power_w)} → {most}", f"cap {_number(last.cap_w)} W")
    if last.energy_j is not None and readings[0][1].energy_j is not None:
        counted = last.energy_j - readings[0][1].energy_j
        spans = [later[0] - earlier[0] for earlier, later in pairwise(readings)]
        summed = sum(span * (one.power_w or 0.0) for span, (_, one) in zip(spans, readings[1:], strict=False))
        report("energy", f"{counted:.0f} J", f"its own counter; power over time gives {summed:.0f} J")
    else:
        report("energy", "not counted", "this GPU has no counter: runs integrate the power")
    use = max(one.utilisation or 0.0 for _, one in readings)
    report(
        "utilisation, clock", f"{use:.0%}, {last.clock_mhz} MHz", f"held back by: {', '.join(last.held_back) or '-'}"
    )
    unknown = [name for name, value in last._asdict().items() if value is None]
    report("metrics that it does not have", str(len(unknown)), ", ".join(unknown))


def measure_heat_guard(options: Options, report: Report) -> None:
    """Report a run that pauses when the GPU is heated, and goes on when it has cooled."""
    with _box(options.dry) as loaded:
        nvml = Nvml(wake=True)
        at_rest = _reading(nvml).temp_c
        nvml.close()
        if at_rest is None:
            raise RuntimeError("this GPU has no temperature sensor")
        limits = RunLimits(max_temp_c=at_rest + PAUSES_ABOVE, resume_temp_c=at_rest + COOLS_TO)
        recipe = make_recipe("quick", size=16, epochs=2000, samples=1, sample_steps=2)
        folder = start.start_diffusion(Workspace.find(tempfile.mkdtemp()), Settings(), recipe, limits=limits)
        with stopped_at_the_end(folder):
            _wait(folder, lambda: _steps(folder) > 2, "the run took no step")
            with loaded():
                _wait(folder, lambda: _status(folder) == "paused", f"did not pause at {limits.max_temp_c} °C")
            state = read_run(folder).state
            report("pauses", f"at {limits.max_temp_c:g} °C", state.reason if state else "")
            began, steps = time.monotonic(), _steps(folder)
            _wait(folder, lambda: _status(folder) == "running", f"did not cool to {limits.resume_temp_c} °C")
            took = time.monotonic() - began
            report("resumes", f"after {took:.0f} s", f"below {limits.resume_temp_c:g} °C")
            _wait(folder, lambda: _steps(folder) > steps, "took no step after the pause")
            report("steps before and after", f"{steps}, {_steps(folder)}", "the run goes on where it was")


def _reading(nvml: Nvml) -> GpuReading:
    found = nvml.read()
    if not found.gpus:
        raise RuntimeError(found.trouble or "no NVIDIA driver, or no GPU")
    return found.gpus[_GPU]


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f}"


@contextlib.contextmanager
def _box(dry: bool) -> Iterator[Callable[[], contextlib.AbstractContextManager[None]]]:
    """Give a context in which the GPU works; in a dry run it is a make-believe one."""
    if not dry:
        yield _products
        return
    from tests.support.nvml.box import RTX_3090, FakeBox, build

    folder = Path(tempfile.mkdtemp())
    box = FakeBox(folder, build(folder), {**RTX_3090, "temp": _AT_REST, "power": 32_000, "util": 0})

    @contextlib.contextmanager
    def loaded() -> Iterator[None]:
        box.set(_GPU, temp=_HOT, power=310_000, util=97)
        try:
            yield
        finally:
            box.set(_GPU, temp=_AT_REST, power=32_000, util=0)

    os.environ.update(box.environment())
    os.environ.pop("CUDA_VISIBLE_DEVICES", None)  # it hid a GPU from torch, and would hide the make-believe one too
    with box.load():
        yield loaded


@contextlib.contextmanager
def _products() -> Iterator[None]:
    """Keep the GPU busy with matrix products from another thread."""
    import torch

    over = threading.Event()
    factor = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)

    def work() -> None:
        while not over.is_set():
            for _ in range(20):
                factor @ factor
            torch.cuda.synchronize()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _status(folder: Path) -> str:
    return read_run(folder).status


def _steps(folder: Path) -> int:
    return sum(event.get("event") == "step" for event in FileFollower(folder / EVENTS).events(final=True))


def _wait(folder: Path, reached: Callable[[], bool], failure: str) -> None:
    """Wait without end for the time limit of this part; a run that ended will reach nothing."""
    while not reached():
        seen = read_run(folder)
        if not seen.alive and not reached():
            raise RuntimeError(f"{failure}: {seen.status} {seen.reason}")
        time.sleep(0.1)
