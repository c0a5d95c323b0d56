"""What a run writes while somebody listens: its events and its log, as frozen pictures for the screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from garage_tui.core.base.log_reader import LogChunk, LogTail
from garage_tui.core.base.numbers import is_number
from garage_tui.core.base.tail import FileFollower
from garage_tui.core.monitor.downsample import downsample
from garage_tui.core.runs import diffusion_files as drawn
from garage_tui.core.runs.catalog import disk_bytes
from garage_tui.core.runs.diffusion_files import NewSheet
from garage_tui.core.runs.probe_events import Probe, probe_of
from garage_tui.core.runs.record import EVENTS, LOG

MOST_POINTS = 400
"""Points of a curve that are handed to the screen."""
_MOST_KEPT = 20 * MOST_POINTS
"""Points of a curve that are kept; of more, neighbours become one, so that a month of steps takes no more memory."""
_CHUNKS_A_LOOK = 8
_DISK_EVERY = 40  # looks

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Known:
    """What is known of a run beyond its state."""

    probe: Probe | None = None
    """The newest probe; None before the first."""
    sheet: NewSheet | None = None
    """The newest sheet; None before the first."""
    sheets: int = 0
    """How many it has drawn by itself."""
    disk: int | None = None
    """Bytes of the run folder."""
    parameters: int | None = None
    """Of the net of a diffusion run, once one is saved."""


@dataclass(frozen=True)
class RunProgress:
    """What the followed run wrote since the last look."""

    run_id: str
    fresh: bool
    """True for the first word of a run: what was shown before belongs to another."""
    log: LogChunk | None
    """The newest lines of its log; None where there are none."""
    curve: Curve | None
    """(step, loss) from the beginning, thinned out; None where neither it nor a probe or a sheet is new."""
    rates: Curve = ()
    """(step, learning rate), as `curve`."""
    recall: Curve = ()
    """(step, share from 0 to 1) of each probe, as `curve`."""
    leak: Curve = ()
    """As `recall`."""
    held_out: Curve = ()
    """(step, loss on what was held out) of each sheet, as `curve`."""
    known: Known = Known()


class RunFollower:
    """Events and log of one run."""

    def __init__(self, run_id: str, folder: Path) -> None:
        self.run_id = run_id
        self._events = FileFollower(folder / EVENTS)
        self._log = LogTail(folder / LOG)
        self._folder = folder
        self._curve: list[tuple[float, float]] = []
        self._rates: list[tuple[float, float]] = []
        self._probes: dict[int, Probe] = {}
        self._sheets: dict[int, NewSheet] = {}
        self._known = Known()
        self._looks = 0

    def listen(self, fresh: bool) -> RunProgress | None:
        """Return what is new; None where nothing is."""
        log = self._log.read()
        grown = self._take_events() or fresh
        if self._looks % _DISK_EVERY == 0 or fresh:
            parameters = self._known.parameters or drawn.parameters(self._folder)
            self._known = replace(self._known, disk=disk_bytes(self._folder), parameters=parameters)
        self._looks += 1
        if log is None and not grown:
            return None
        told = RunProgress(self.run_id, fresh, log, None, known=self._known)
        return self._with_curves(told) if grown else told

    def _take_events(self) -> bool:
        """Take up the next events; True where a step, a probe or a sheet is among them."""
        known = self._known
        new = False
        for _ in range(_CHUNKS_A_LOOK):
            for event in self._events.events():
                step, loss = event.get("step"), event.get("loss")
                if event.get("event") == "step" and is_number(step) and is_number(loss):
                    self._curve.append((float(step), float(loss)))
                    new = True
                    if is_number(rate := event.get("lr")):
                        self._rates.append((float(step), float(rate)))
                elif probe := probe_of(event):  # a resumed run may tell one again: the last word counts
                    self._probes[probe.step] = probe
                    self._known = replace(self._known, probe=probe)
                elif sheet := drawn.new_sheet(event):  # so here
                    self._sheets[sheet.step] = sheet
                    self._known = replace(self._known, sheet=sheet, sheets=len(self._sheets))
            for curve in (self._curve, self._rates):
                if len(curve) > _MOST_KEPT:
                    curve[:] = downsample(curve, _MOST_KEPT // 2)
            if not self._events.behind:
                break
        return new or self._known is not known

    def _with_curves(self, told: RunProgress) -> RunProgress:
        probes = [self._probes[step] for step in sorted(self._probes)]
        sheets = [self._sheets[step] for step in sorted(self._sheets)]
        curves = (
            self._curve,
            self._rates,
            [(float(one.step), one.recall) for one in probes],
            [(float(one.step), one.leak) for one in probes],
            [(float(one.step), one.held_out) for one in sheets],
        )
        curve, rates, recall, leak, held_out = (tuple(downsample(points, MOST_POINTS)) for points in curves)
        return replace(told, curve=curve, rates=rates, recall=recall, leak=leak, held_out=held_out)
