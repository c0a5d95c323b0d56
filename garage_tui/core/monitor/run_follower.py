"""The follower of one run: reads its new events as curves and measurements, and its log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from garage_tui.core.base.log_reader import LogChunk, LogTail
from garage_tui.core.base.number_checks import is_number
from garage_tui.core.base.tail import FileFollower
from garage_tui.core.monitor.downsample import downsample
from garage_tui.core.runs import diffusion_files
from garage_tui.core.runs.catalog import disk_bytes
from garage_tui.core.runs.diffusion_files import SheetEvent
from garage_tui.core.runs.folder import EVENTS, LOG
from garage_tui.core.runs.probe_events import Probe, parse_probe

MAX_POINTS = 400
"""Most points of a curve that are handed to the screen."""
_MAX_KEPT = 20 * MAX_POINTS
"""Most points of a curve that are kept; beyond, neighbours are merged, so that memory stays bounded."""
_CHUNKS_PER_POLL = 8
_POLLS_PER_DISK_USAGE = 40

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class RunMeasurements:
    """The measurements of a run beyond its state."""

    probe: Probe | None = None
    """The newest probe; None before the first."""
    sheet: SheetEvent | None = None
    """The newest contact sheet; None before the first."""
    sheets: int = 0
    """Number of contact sheets that the run has drawn."""
    disk: int | None = None
    """Bytes of the run folder."""
    parameters: int | None = None
    """Number of parameters of a diffusion run's net; None before any weights are saved."""


@dataclass(frozen=True)
class RunProgress:
    """The output of the followed run since the last poll."""

    run_id: str
    fresh: bool
    """True for the first progress of a run: what was shown before belongs to another one."""
    log: LogChunk | None
    """The newest lines of its log; None where there are none."""
    curve: Curve | None
    """(step, loss) from the beginning, downsampled; None where no step, probe or sheet is new."""
    rates: Curve = ()
    """(step, learning rate), as `curve`."""
    recall: Curve = ()
    """(step, share from 0 to 1) of each probe, as `curve`."""
    leak: Curve = ()
    """As `recall`."""
    held_out: Curve = ()
    """(step, held-out loss) of each contact sheet, as `curve`."""
    measurements: RunMeasurements = RunMeasurements()


class RunFollower:
    """Reads the events and the log of one run as they grow."""

    def __init__(self, run_id: str, folder: Path) -> None:
        self.run_id = run_id
        self._events = FileFollower(folder / EVENTS)
        self._log = LogTail(folder / LOG)
        self._folder = folder
        self._curve: list[tuple[float, float]] = []
        self._rates: list[tuple[float, float]] = []
        self._probes: dict[int, Probe] = {}
        self._sheets: dict[int, SheetEvent] = {}
        self._measurements = RunMeasurements()
        self._polls = 0

    def progress(self, fresh: bool) -> RunProgress | None:
        """Return what is new; None where nothing is.

        Args:
            fresh: whether this is the first call since this run is followed.
        """
        log = self._log.read()
        has_new_points = self._read_events() or fresh
        if self._polls % _POLLS_PER_DISK_USAGE == 0 or fresh:
            parameters = self._measurements.parameters or diffusion_files.parameters(self._folder)
            self._measurements = replace(self._measurements, disk=disk_bytes(self._folder), parameters=parameters)
        self._polls += 1
        if log is None and not has_new_points:
            return None
        progress = RunProgress(self.run_id, fresh, log, None, measurements=self._measurements)
        return self._with_curves(progress) if has_new_points else progress

    def _read_events(self) -> bool:
        """Read the next events; True where a step, a probe or a contact sheet is among them."""
        before = self._measurements
        has_new_steps = False
        for _ in range(_CHUNKS_PER_POLL):
            for event in self._events.events():
                step, loss = event.get("step"), event.get("loss")
                if event.get("event") == "step" and is_number(step) and is_number(loss):
                    self._curve.append((float(step), float(loss)))
                    has_new_steps = True
                    if is_number(rate := event.get("lr")):
                        self._rates.append((float(step), float(rate)))
                # A resumed run may repeat a step's probe or sheet: the last one counts.
                elif probe := parse_probe(event):
                    self._probes[probe.step] = probe
                    self._measurements = replace(self._measurements, probe=probe)
                elif sheet := diffusion_files.parse_sheet(event):
                    self._sheets[sheet.step] = sheet
                    self._measurements = replace(self._measurements, sheet=sheet, sheets=len(self._sheets))
            for curve in (self._curve, self._rates):
                if len(curve) > _MAX_KEPT:
                    curve[:] = downsample(curve, _MAX_KEPT // 2)
            if not self._events.behind:
                break
        return has_new_steps or self._measurements is not before

    def _with_curves(self, progress: RunProgress) -> RunProgress:
        probes = [self._probes[step] for step in sorted(self._probes)]
        sheets = [self._sheets[step] for step in sorted(self._sheets)]
        curves = (
            self._curve,
            self._rates,
            [(float(probe.step), probe.recall) for probe in probes],
            [(float(probe.step), probe.leak) for probe in probes],
            [(float(sheet.step), sheet.held_out) for sheet in sheets],
        )
        curve, rates, recall, leak, held_out = (tuple(downsample(points, MAX_POINTS)) for points in curves)
        return replace(progress, curve=curve, rates=rates, recall=recall, leak=leak, held_out=held_out)
