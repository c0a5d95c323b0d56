"""Frozen snapshots of all run folders, for an app that polls them from a thread of its own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.exam.headline import Headline, headline
from garage_tui.core.exam.report import REPORT
from garage_tui.core.monitor.run_follower import RunFollower, RunProgress
from garage_tui.core.runs.catalog import run_names
from garage_tui.core.runs.diffusion_files import SAMPLES
from garage_tui.core.runs.folder import STATE, name_of
from garage_tui.core.runs.label import LABEL, DamagedLabelError, Label, read_label
from garage_tui.core.runs.record import Manifest, Run, RunState, read_run
from garage_tui.core.runs.service import SERVICE, Service, ServiceChange, read_service
from garage_tui.core.scheduling import queue
from garage_tui.core.settings.settings import Workspace

BUSY, IDLE = 0.25, 1.0
"""Seconds between two polls while a run is alive, and while none is."""
_NO_STAMP = (0, 0)
_ALL_FILES_EVERY = 10
"""Polls of which one looks at every file. The others leave out a run whose folder is as it was: we replace files, which
changes their folder, but a person may write into one in place."""
_SETTLED_NS = 2_000_000_000
"""Age of a folder's last change from which a later one surely has another time; clocks of disks are coarse."""

Stamp = tuple[int, int]
"""Modification time in nanoseconds and inode of a file: a new pair means a new content."""


@dataclass(frozen=True)
class RunSnapshot:
    """A run as it was at one moment; its texts are sanitised."""

    id: str
    path: Path
    alive: bool
    status: str
    """The status in one word: `running`, `finished`, `interrupted`, `broken` …"""
    reason: str
    state: RunState | None
    manifest: Manifest | None
    adapter: bool
    """True where it has a tuned model to chat with."""
    resumable: bool = False
    held: bool = False
    """True while it waits for its hours, the sun, a GPU or memory."""
    seconds: int | None = field(default=None, compare=False)
    """Seconds of work, without waits and pauses; not compared, because passing time alone is no change."""
    phase_seconds: int | None = None
    """Seconds since its phase began, where that is shown: they are compared, so that the time that is shown goes on."""
    queue_position: int | None = None
    """Its position in the queue of this box, from 0; None where it is not queued."""
    card: Headline | None = None
    """The verdict of its report card, where it has one."""
    sheets_mtime_ns: int = 0
    """Modification time of the folder of its contact sheets, in nanoseconds; 0 if the run draws nothing."""
    label: Label = field(default=Label())
    """The name and the note that its owner gave it."""
    label_error: str = ""
    """Why its label cannot be read; empty if it can."""
    service: ServiceChange | None = None
    """The change that put it in service; None where it is not in service."""

    @property
    def waiting_for(self) -> str:
        """What it waits for by itself: `heat`, `hours`, `sun`, `card` (a free GPU), `memory`, or at a `place`; empty if
        nothing."""
        return self.state.waits if self.alive and self.state else ""

    @property
    def place(self) -> str:
        """The place where it works or has worked; empty for this box."""
        return one_line(self.manifest.place, 40) if self.manifest else ""

    @property
    def name(self) -> str:
        """The name that its owner gave it; without one, the id without its date."""
        return self.label.name or name_of(self.id)

    @property
    def preset(self) -> str:
        """The preset that it began with; empty where its record names none."""
        return one_line(str(self.manifest.recipe.get("preset") or ""), 40) if self.manifest else ""

    @property
    def draws(self) -> bool:
        """True for a diffusion run."""
        return self.manifest is not None and self.manifest.kind == "diffusion"


class _FieldsOfFile:
    """Fields of a snapshot that a file of their own holds; it is read when it has changed: an exam may come later.

    Args:
        file: its name in the run folder.
        read: returns the fields for the path of a run folder.
    """

    def __init__(self, file: str, read: Callable[[Path], dict[str, Any]]) -> None:
        self.file, self._read = file, read
        self._known: dict[str, tuple[Stamp, RunSnapshot, dict[str, Any], RunSnapshot]] = {}

    def add(self, name: str, stamp: Stamp, run: RunSnapshot) -> RunSnapshot:
        """Return a run with its fields; the same object as long as neither the run nor the file changes."""
        if stamp == _NO_STAMP:
            self._known.pop(name, None)
            return run
        known_stamp, known_run, fields, complete = self._known.get(name, (_NO_STAMP, run, {}, run))
        if known_stamp != stamp or known_run is not run:
            fields = fields if known_stamp == stamp else self._read(run.path)
            complete = replace(run, **fields)
            self._known[name] = (stamp, run, fields, complete)
        return complete

    def forget_others(self, names: list[str]) -> None:
        """Forget all runs but these."""
        self._known = {name: self._known[name] for name in names if name in self._known}


def _read_card(folder: Path) -> dict[str, Any]:
    return {"card": headline(folder)}


def _read_label(folder: Path) -> dict[str, Any]:
    try:
        return {"label": read_label(folder)}
    except DamagedLabelError as damaged:
        return {"label_error": one_line(str(damaged), 300)}


class RunWatcher:
    """Polls the run folders of a workspace.

    `snapshots` and `progress` belong to one thread; the other methods may be called from any.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._root = str(workspace.checkpoints)
        self._known: dict[str, tuple[Stamp, RunSnapshot]] = {}
        self._settled: dict[str, tuple[Stamp, RunSnapshot]] = {}
        """Runs that have ended, as they were when their folder had this stamp."""
        self._polls = 0
        self._card, self._label = _FieldsOfFile(REPORT, _read_card), _FieldsOfFile(LABEL, _read_label)
        self._service: tuple[Stamp, Service] = (_NO_STAMP, Service())
        self._followed: str | None = None
        self._follower: RunFollower | None = None
        self._wake = threading.Event()

    @property
    def service(self) -> Service:
        """The record of what is in service, as it was last read."""
        return self._service[1]

    def follow(self, run_id: str | None) -> None:
        """Read this run's events and log from now on; None follows no run."""
        if run_id != self._followed:
            self._followed = run_id
            self._wake.set()

    def wake(self) -> None:
        """End the current `wait`."""
        self._wake.set()

    def wait(self, busy: bool) -> None:
        """Sleep until the next poll is due."""
        self._wake.wait(BUSY if busy else IDLE)
        self._wake.clear()

    def snapshots(self) -> tuple[RunSnapshot, ...]:
        """Return all runs, the newest first. Folders of runs that have ended are read again only when they change."""
        try:
            names = run_names(self.workspace)
        except OSError:
            names = []
        if self._polls % _ALL_FILES_EVERY == 0:
            self._settled.clear()
        self._polls += 1
        runs = [self._snapshot(name) for name in names]
        self._known = {name: self._known[name] for name in names if name in self._known}
        self._card.forget_others(names)
        self._label.forget_others(names)
        if any(run.status == "queued" for run in runs):
            positions = {path: position for position, path in enumerate(queue.order())}
            runs = [
                replace(run, queue_position=positions.get(run.path)) if run.status == "queued" else run for run in runs
            ]
        self._read_service()
        if change := self.service.current:
            runs = [replace(run, service=change) if run.id == change.run else run for run in runs]
        return tuple(runs)

    def progress(self) -> RunProgress | None:
        """Return what the followed run wrote since the last call; None where it wrote nothing."""
        followed = self._followed
        if followed is None:  # its follower is kept, because the same run may be followed again
            return None
        fresh = self._follower is None or self._follower.run_id != followed
        if self._follower is None or fresh:
            self._follower = RunFollower(followed, self.workspace.checkpoints / followed)
        return self._follower.progress(fresh)

    def _read_service(self) -> None:
        """Read the record of what is in service if it has changed."""
        stamp = self._stamp("", SERVICE)
        if stamp != self._service[0]:
            self._service = stamp, read_service(self.workspace)

    def _snapshot(self, name: str) -> RunSnapshot:
        folder = self._stamp(name, "")
        known = self._settled.get(name)
        if known and known[0] == folder:
            return known[1]
        run = self._card.add(name, self._stamp(name, self._card.file), self._read(name))
        run = self._label.add(name, self._stamp(name, self._label.file), self._with_sheets(name, run))
        # A drawing run never counts as settled: its sheets have a folder of their own.
        has_ended = not (run.alive or run.draws or run.status == "broken")
        if has_ended and time.time_ns() - folder[0] > _SETTLED_NS:
            self._settled[name] = (folder, run)
        return run

    def _read(self, name: str) -> RunSnapshot:
        stamp = self._stamp(name, STATE)
        known = self._known.get(name)
        if known and known[0] == stamp and not known[1].alive and known[1].status != "broken":
            return known[1]
        run = snapshot_of(read_run(self.workspace.checkpoints / name))
        self._known[name] = (stamp, run)
        return run

    def _with_sheets(self, name: str, run: RunSnapshot) -> RunSnapshot:
        """Return the run with the time of its newest contact sheet: each new one changes their folder."""
        mtime = self._stamp(name, SAMPLES)[0] if run.draws else 0
        return run if mtime == run.sheets_mtime_ns else replace(run, sheets_mtime_ns=mtime)

    def _stamp(self, name: str, file: str) -> Stamp:
        try:
            stat = os.stat(f"{self._root}/{name}/{file}")  # noqa: PTH116 (a Path for each of 1,000 costs four times as much)
        except OSError:
            return _NO_STAMP
        return stat.st_mtime_ns, stat.st_ino


def snapshot_of(run: Run) -> RunSnapshot:
    """Return a run as a snapshot, with all text from outside sanitised."""
    return RunSnapshot(
        id=plain(run.id),
        path=run.path,
        alive=run.alive,
        status=run.status,
        reason=one_line(run.reason, 600),
        state=run.state,
        manifest=run.manifest,
        adapter=run.adapter is not None,
        resumable=run.resumable,
        held=run.held,
        seconds=None if run.seconds is None else round(run.seconds),
        phase_seconds=_phase_seconds(run),
    )


def _phase_seconds(run: Run) -> int | None:
    """Return the seconds since a phase began that takes the place of steps; None where there is none."""
    state = run.state
    if not run.alive or state is None or not state.shows_phase:
        return None
    elapsed = state.now.elapsed()
    return None if elapsed is None else int(elapsed)
