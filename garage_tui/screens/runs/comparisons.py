"""Comparisons of two runs: any two that are marked, and the pair that taught the same facts with and without guards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.sanitize import plain
from garage_tui.core.exam.compare_runs import kinds_differ_text
from garage_tui.core.monitor.run_watcher import RunSnapshot, snapshot_of
from garage_tui.core.runs import paired_runs
from garage_tui.core.runs.folder import name_of
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import Workspace, load_settings
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
_THEIR_CARDS = "their report cards open side by side"


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
                notice.note(f"{run.id} is marked: m on another one compares them")
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
        if run.draws:
            notice.wrong(f"{run.id} learns to draw: default and story are recipes for facts. Choose a run on facts.")
            return
        match self._tracker.pair_of(run, self._host.runs):
            case ComparisonReady(first, second):
                self._host.post_message(ComparisonRequested(first, second))
            case PairPending() as pair:
                self._say_pending(pair)
            case CardMissing(missing):
                notice.note(f"{missing.id} ({missing.status}) has no report card yet: {_remedy(missing)}")
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
        missing = next((run for run in (pair.first, pair.second) if not has_or_gets_card(run)), None)
        if missing is None:
            when = f": {_THEIR_CARDS} when both are done"
        else:
            when = f" and has no report card: {_remedy(missing)}; {_THEIR_CARDS} when both have one"
            how = ", ".join(f"{run.name} {_how_far(run)}" for run in (pair.first, pair.second) if run is not missing)
            how += f", {missing.name} {_how_far(missing)}"
        self._host.notice.note(how + when)

    async def _start_both(self, run: RunSnapshot) -> None:
        """Ask with what it costs, then start what is missing of the pair."""
        host, notice = self._host, self._host.notice
        try:
            if (plan := await self._ask(run)) is None:
                return
            notice.note("Starting …")
            new = await asyncio.to_thread(plan.start)
        except (GarageError, OSError) as error:
            notice.wrong(reason_of(error))
        else:
            # Shown at once: until the watcher's next snapshot a second press of the key would start them again.
            known = {one.id: one for one in (*new, *host.runs)}
            host.show_runs(tuple(known[id] for id in sorted(known, reverse=True)))
            host.choose(new[0].id)
            partner = "" if plan.half is None else f" to compare with {plan.half.id}"
            names = " and ".join(one.id for one in new)
            self._tracker.expect(new[0], new[1] if plan.half is None else plan.half)
            notice.note(f"started {names}{partner}: {_WHEN_DONE}")
            host.watcher.wake()
        finally:
            self._starting = False

    async def _ask(self, run: RunSnapshot) -> _Plan | None:
        """Return what is to be started; None where the user does not want that.

        Raises:
            GarageError: nothing can be started.
        """
        from garage_tui.widgets.confirm_and_pick import Confirm  # noqa: PLC0415 (most visits start nothing here)

        host = self._host
        host.notice.note("Counting tokens …")
        others = [one for one in host.runs if has_or_gets_card(one)]
        plan = await asyncio.to_thread(_plan, run, others, host.watcher.workspace)
        host.notice.clear()
        title = "Train default and story?" if plan.half is None else "Train the other half of the pair?"
        how = "They train one after the other" if plan.half is None else "The app compares it with the run that exists"
        text = f"{plan.text}\n\n{how}; {_WHEN_DONE}."
        return plan if await host.ask(Confirm(title, plain(text), "Train", "Cancel")) else None


class _Plan(NamedTuple):
    """What is to be started."""

    text: str
    """What it costs."""
    half: RunSnapshot | None
    """The run that is one half already."""
    start: Callable[[], list[RunSnapshot]]
    """Starts what is missing; returns the new runs."""


def _plan(run: RunSnapshot, others: list[RunSnapshot], workspace: Workspace) -> _Plan:
    """Return what is missing of a pair; a half that exists would turn out identical and is left out."""
    from garage_tui.core.facts.training_file import read_training_file  # noqa: PLC0415
    from garage_tui.core.launch import paired_launch  # noqa: PLC0415 (60 ms, and most visits start nothing here)
    from garage_tui.core.models.base_models import find  # noqa: PLC0415

    both = paired_launch.paired_launch_of(read_run(run.path))
    candidates = ([run] if has_or_gets_card(run) else []) + [one for one in others if one.id != run.id]
    halves = {one.id: one for one in candidates}
    found = None
    for one in candidates:
        if (one.id == run.id or paired_runs.taught_alike(run, one)) and (
            preset := paired_launch.preset_of(read_run(one.path))
        ):
            found = (one.id, preset)
            break
    base, taught = find(both.base), read_training_file(both.file)

    def start() -> list[RunSnapshot]:
        folders = paired_launch.start_both(
            workspace, load_settings(workspace), both, without=found[1] if found else "", taught=taught, base=base
        )
        return [snapshot_of(read_run(folder)) for folder in folders]

    text = paired_launch.plan_text(workspace, both, base, taught.rows, found)
    return _Plan(text, halves[found[0]] if found else None, start)


def _remedy(run: RunSnapshot) -> str:
    """Return the keys that give a run that has ended a report card."""
    ways = ["press p on it to resume it"] if run.resumable else []
    ways += [f"{'' if ways else 'press '}x {'' if ways else 'on it '}to make one"] if run.adapter else []
    return ", or ".join(ways) or "press y on it to train it again"


def _how_far(run: RunSnapshot) -> str:
    if run.alive:
        return f"is {run.status}"
    return "is done" if run.card else "has failed" if run.status == "failed" else f"is {run.status}"
