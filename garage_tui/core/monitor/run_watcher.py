"""Looks at the run folders, in a thread of its own, and brings back frozen pictures of what it saw."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.base.settings import Workspace
from garage_tui.core.exam.report import REPORT
from garage_tui.core.exam.report_text import Headline, headline
from garage_tui.core.monitor.run_follower import RunFollower, RunProgress
from garage_tui.core.runs.catalog import run_names
from garage_tui.core.runs.diffusion_files import SAMPLES
from garage_tui.core.runs.record import STATE, Manifest, Run, RunState, name_of, read_run
from garage_tui.core.scheduling import queue

BUSY, IDLE = 0.25, 1.0
"""Seconds between two looks while a run is alive, and while none is."""
_NONE = (0, 0)  # when a file was changed that is not there


@dataclass(frozen=True)
class RunSnapshot:
    """A run as it was at one moment; its words are clean."""

    id: str
    path: Path
    alive: bool
    status: str
    """In one word: `running`, `finished`, `interrupted`, `broken` …"""
    reason: str
    state: RunState | None
    manifest: Manifest | None
    adapter: bool
    """True where there is a tuned model to talk to."""
    resumable: bool = False
    held: bool = False
    """True while it waits for its hours or for the sun."""
    seconds: int | None = field(default=None, compare=False)
    """How long it has worked, without waits and pauses; that time passes is nothing new to see."""
    place: int | None = None
    """Its place in the queue of this box, from 0; None where it does not wait."""
    card: Headline | None = None
    """The verdict of its report card, where it has one."""
    drawn: int = 0
    """When the folder of its sheets was last changed, in nanoseconds; 0 where a run draws nothing."""

    @property
    def waits(self) -> str:
        """What it waits for by itself: `heat`, `hours` or `sun`; nothing where it does not."""
        return self.state.waits if self.alive and self.state else ""

    @property
    def name(self) -> str:
        """The id without its date."""
        return name_of(self.id)

    @property
    def draws(self) -> bool:
        """True for a run that learns to draw."""
        return self.manifest is not None and self.manifest.kind == "diffusion"


class RunWatcher:
    """The eyes of the app. `look` and `listen` belong to one thread; the other methods may be called from any."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._root = str(workspace.checkpoints)
        self._known: dict[str, tuple[tuple[int, int], RunSnapshot]] = {}
        self._cards: dict[str, tuple[tuple[int, int], RunSnapshot | None, RunSnapshot]] = {}
        self._wanted: str | None = None
        self._voice: RunFollower | None = None
        self._wake = threading.Event()

    def follow(self, run_id: str | None) -> None:
        """Listen to this run's events and log from now on, or to none."""
        if run_id != self._wanted:
            self._wanted = run_id
            self._wake.set()

    def wake(self) -> None:
        """Look again at once."""
        self._wake.set()

    def wait(self, busy: bool) -> None:
        """Sleep until the next look is due."""
        self._wake.wait(BUSY if busy else IDLE)
        self._wake.clear()

    def look(self) -> tuple[RunSnapshot, ...]:
        """Return all runs, the newest first. Folders of runs that have ended are read again only when they change."""
        try:
            names = run_names(self.workspace)
        except OSError:
            names = []
        seen = [self._dressed(name) for name in names]
        self._known = {name: self._known[name] for name in names if name in self._known}
        self._cards = {name: self._cards[name] for name in names if name in self._cards}
        if any(run.status == "queued" for run in seen):
            places = {path: place for place, path in enumerate(queue.order())}
            seen = [replace(run, place=places.get(run.path)) if run.status == "queued" else run for run in seen]
        return tuple(seen)

    def _seen(self, name: str) -> RunSnapshot:
        stamp = self._stamp(name, STATE)
        known = self._known.get(name)
        if known and known[0] == stamp and not known[1].alive and known[1].status != "broken":
            return known[1]
        seen = look_at(read_run(self.workspace.checkpoints / name))
        self._known[name] = (stamp, seen)
        return seen

    def _dressed(self, name: str) -> RunSnapshot:
        return self._with_sheets(name, self._with_card(name, self._seen(name)))

    def _with_card(self, name: str, seen: RunSnapshot) -> RunSnapshot:
        """Return the run with the verdict of its card, which is read when it has changed: an exam may come later."""
        stamp = self._stamp(name, REPORT)
        if stamp == _NONE:
            self._cards.pop(name, None)
            return seen
        known, bare, dressed = self._cards.get(name, (_NONE, None, seen))
        if bare is not seen or known != stamp:
            dressed = replace(seen, card=dressed.card if known == stamp else headline(seen.path))
            self._cards[name] = (stamp, seen, dressed)
        return dressed

    def _with_sheets(self, name: str, seen: RunSnapshot) -> RunSnapshot:
        """Return the run with the time of its newest sheet: each new one changes their folder."""
        drawn = self._stamp(name, SAMPLES)[0] if seen.draws else 0
        return seen if drawn == seen.drawn else replace(seen, drawn=drawn)

    def _stamp(self, name: str, file: str) -> tuple[int, int]:
        try:
            stat = os.stat(f"{self._root}/{name}/{file}")  # noqa: PTH116 (a Path for each of 1,000 costs four times as much)
        except OSError:
            return _NONE
        return stat.st_mtime_ns, stat.st_ino

    def listen(self) -> RunProgress | None:
        """Return what the followed run wrote since it was last heard; None where it wrote nothing."""
        wanted = self._wanted
        if wanted is None:  # what was heard is kept, for the same run may be asked for again
            return None
        fresh = self._voice is None or self._voice.run_id != wanted
        if self._voice is None or fresh:
            self._voice = RunFollower(wanted, self.workspace.checkpoints / wanted)
        return self._voice.listen(fresh)


def look_at(run: Run) -> RunSnapshot:
    """Return a run as a frozen picture, with all outside text cleaned."""
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
    )
