"""Comparisons of two runs: any two that are marked, and the pair that taught the same facts with and without guards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import plain
from garage_tui.core.base.settings import Workspace, load_settings
from garage_tui.core.exam.compare_runs import kinds_differ_text
from garage_tui.core.monitor.run_watcher import RunSnapshot, snapshot_of
from garage_tui.core.runs.folder import name_of
from garage_tui.core.runs.record import read_run
from garage_tui.screens.common.messages import ComparisonRequested
from garage_tui.screens.runs.pair_tracker import (
    CardMissing,
    ComparisonReady,
    KindsDiffer,
    Marked,
    PairPending,
    PairTracker,
    has_or_gets_card,
)

if TYPE_CHECKING:
    from garage_tui.screens.runs.host import RunsHost

_WHEN_DONE = "the report cards open side by side when both are done"


class Comparisons:
    """Marks runs, compares them, starts both recipes, and opens the comparison of a pair when it is complete."""

    def __init__(self, host: RunsHost) -> None:
        self._host = host
        self._tracker = PairTracker()
        self._starting = False

    @property
    def marked(self) -> str | None:
        """The id of the marked run."""
        return self._tracker.marked

    def mark(self) -> None:
        """Mark the chosen run; with another one marked, compare the two."""
        run, notice = self._host.chosen, self._host.notice
        if run is None:
            return
        match self._tracker.mark(run, self._host.runs):
            case Marked():
                notice.note(f"{run.id} is marked: press m on another run to compare the two")
            case KindsDiffer(first, second):
                notice.wrong(kinds_differ_text(first, second))
            case ComparisonReady(first, second):
                notice.clear()
                self._host.post_message(ComparisonRequested(first, second))
            case None:
                notice.clear()
        self._host.show_runs(self._host.runs)

    def unmark(self) -> bool:
        """Remove the mark; return False if there is none."""
        if not self._tracker.unmark():
            return False
        self._host.notice.clear()
        self._host.show_runs(self._host.runs)
        return True

    def both(self) -> None:
        """Train the chosen run's facts with both recipes; where both runs exist, show both report cards."""
        run, notice = self._host.chosen, self._host.notice
        if run is None:
            notice.note("There is no run yet: press n for the form, then ctrl+t to train the presets default and story")
            return
        match self._tracker.pair_of(run, self._host.runs):
            case ComparisonReady(first, second):
                self._host.post_message(ComparisonRequested(first, second))
            case PairPending() as pair:
                self._say_pending(pair)
            case CardMissing(missing):
                remedy = "press x on it to make one" if missing.adapter else "press p on it to resume it"
                notice.note(f"{missing.id} ({missing.status}) has no report card yet: {remedy}")
            case None if not self._starting:
                self._starting = True
                self._host.run_worker(self._start_both(run), group="both")

    def update(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Say so when a pair begins to work, and open or offer the comparison of one that is complete."""
        for event in self._tracker.update(runs):
            if isinstance(event, PairPending):
                self._say_pending(event)
            elif self._host.may_open_dialog:
                self._host.post_message(ComparisonRequested(event.first, event.second))
            else:
                names = f"{name_of(event.first)} and {name_of(event.second)}"
                self._host.notice.done(f"{names} are done: press b on one of them to see both report cards")

    def _say_pending(self, pair: PairPending) -> None:
        how = ", ".join(f"{run.name} {_how_far(run)}" for run in (pair.first, pair.second))
        self._host.notice.note(f"{how}: their report cards open side by side when both are done")

    async def _start_both(self, run: RunSnapshot) -> None:
        host, notice = self._host, self._host.notice
        notice.hint("Starting …")
        try:
            new = await asyncio.to_thread(_start, run, host.watcher.workspace)
        except (GarageError, OSError) as error:
            notice.wrong(plain(str(error)))
        else:
            # Shown at once: until the watcher's next snapshot a second press of the key would start them again.
            known = {one.id: one for one in (*new, *host.runs)}
            host.show_runs(tuple(known[id] for id in sorted(known, reverse=True)))
            host.choose(new[0].id)
            partner = "" if len(new) > 1 else f" to compare with {run.id}"
            names = " and ".join(one.id for one in new)
            self._tracker.expect(new[0], run if len(new) == 1 else new[1])
            notice.note(f"started {names}{partner}: {_WHEN_DONE}")
            host.watcher.wake()
        finally:
            self._starting = False


def _start(run: RunSnapshot, workspace: Workspace) -> list[RunSnapshot]:
    """Start both recipes on what a run taught; a half that already exists would turn out identical and is left out."""
    from garage_tui.core.launch import paired_launch  # noqa: PLC0415 (60 ms, and most visits start nothing here)

    record = read_run(run.path)
    existing = paired_launch.preset_of(record) if has_or_gets_card(run) else ""
    folders = paired_launch.start_both(
        workspace, load_settings(workspace), paired_launch.paired_launch_of(record), without=existing
    )
    return [snapshot_of(read_run(folder)) for folder in folders]


def _how_far(run: RunSnapshot) -> str:
    if run.alive:
        return f"is {run.status}"
    return "is done" if run.card else "has failed" if run.status == "failed" else f"is {run.status}"
