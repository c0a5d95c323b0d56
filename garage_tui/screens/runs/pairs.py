"""Two runs side by side: any two that are marked, and the pair that taught the same facts with and without guards."""

from __future__ import annotations

import asyncio

from textual import work
from textual.widgets import Input

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import plain
from garage_tui.core.base.settings import Workspace, load_settings
from garage_tui.core.exam.compare_runs import two_kinds
from garage_tui.core.monitor.run_watcher import RunSnapshot, look_at
from garage_tui.core.runs import pairs
from garage_tui.core.runs.record import read_run
from garage_tui.screens.common.messages import ComparisonRequested
from garage_tui.screens.runs.actions import RunActions

Pair = tuple[RunSnapshot, RunSnapshot]


class RunPairs(RunActions):
    """Marks, compares, and starts both recipes; opens the comparison of a pair when its second run is done."""

    runs: tuple[RunSnapshot, ...] = ()
    _marked: str | None = None
    _starting = False

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._awaited: set[tuple[str, str]] = set()  # pairs whose comparison opens by itself

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Show all runs."""
        raise NotImplementedError

    def choose(self, run_id: str) -> None:
        """Put the cursor on this run."""
        raise NotImplementedError

    def action_compare(self) -> None:
        """Mark this run; with another one marked, compare the two."""
        seen, first, notice = self.chosen, self._marked, self.notice
        if seen is None:
            return
        self._marked = seen.id if first is None else None
        if first is None:
            notice.note(f"{seen.id} is marked; m on another run compares the two")
        else:
            notice.clear()
            other = next((one for one in self.runs if one.id == first), seen)
            if other.draws != seen.draws:
                notice.wrong(two_kinds(first, seen.id))
            elif first != seen.id:
                self.post_message(ComparisonRequested(first, seen.id))
        self.show_runs(self.runs)

    def action_both(self) -> None:
        """Teach what the chosen run taught with both recipes; of a pair that is there, show both cards."""
        seen = self.chosen
        if seen is None:
            words = "There is no run yet: press n for the form; ctrl+t in it trains the default and the story"
            self.notice.note(words)
        elif others := pairs.partners(seen, self.runs):
            self._show_pair(pairs.in_order(seen, next(filter(_counts, others), others[0])))
        elif not self._starting:
            self._start_both(seen)

    def _show_pair(self, pair: Pair) -> None:
        """Open the comparison, or say what it waits for."""
        lacking = next((seen for seen in pair if not seen.card), None)
        if lacking is None and not any(seen.alive for seen in pair):
            self.post_message(ComparisonRequested(*(seen.id for seen in pair)))
            return
        self._await(pair)
        if lacking and not any(seen.alive for seen in pair):
            mend = "x on it makes one" if lacking.adapter else "p on it has it go on"
            self.notice.note(f"{lacking.id} ({lacking.status}) has no report card yet: {mend}")

    def _await(self, pair: Pair) -> None:
        """Open the comparison when both are done, and say so."""
        first, second = pair
        self._awaited.add((first.id, second.id))
        how = ", ".join(f"{seen.name} {_how_far(seen)}" for seen in pair)
        self.notice.note(f"{how}: their report cards open side by side when both are done")

    @work(group="both")
    async def _start_both(self, seen: RunSnapshot) -> None:
        self._starting, notice = True, self.notice
        notice.note("Starting …")
        try:
            new = await asyncio.to_thread(_start, seen, self._watcher.workspace)
        except (GarageError, OSError) as error:
            notice.wrong(plain(str(error)))
        else:
            # RunSnapshot at once: until the watcher's next look a second press of the key would start them again.
            there = {one.id: one for one in (*new, *self.runs)}
            self.show_runs(tuple(there[id] for id in sorted(there, reverse=True)))
            self.choose(new[0].id)
            beside = "" if len(new) > 1 else f" beside {seen.id}"
            names = " and ".join(one.id for one in new)
            first, second = pairs.in_order(seen if len(new) == 1 else new[1], new[0])
            self._awaited.add((first.id, second.id))
            notice.note(f"started {names}{beside}: the report cards open side by side when both are done")
            self._watcher.wake()
        finally:
            self._starting = False

    def _look_at_pairs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Take note of a pair that works, and open the comparison of one whose second run is done."""
        alive = [seen for seen in runs if seen.alive]
        for guarded in filter(pairs.is_guarded, alive):
            for plain_ in pairs.partners(guarded, alive)[:1]:
                if (guarded.id, plain_.id) not in self._awaited:
                    self._await((guarded, plain_))
        for ids in list(self._awaited):
            pair = [seen for seen in runs if seen.id in ids]
            if len(pair) == len(ids) and all(seen.card and not seen.alive for seen in pair):
                self._awaited.discard(ids)
                self._open_or_offer(pairs.in_order(*pair))

    def _open_or_offer(self, pair: Pair) -> None:
        """Open the comparison where nothing is interrupted by it, else say that it is there."""
        if self.display and self.screen.is_active and not isinstance(self.screen.focused, Input):
            self.post_message(ComparisonRequested(*(seen.id for seen in pair)))
        else:
            names = " and ".join(seen.name for seen in pair)
            self.notice.done(f"{names} are done: b on one of them shows both report cards")


def _start(seen: RunSnapshot, workspace: Workspace) -> list[RunSnapshot]:
    """Start both recipes on what a run taught; of a half that is there, the same would come again."""
    from garage_tui.core.launch import paired_launch as both  # noqa: PLC0415 (60 ms, and most visits start nothing here)

    run = read_run(seen.path)
    there = both.preset_of(run) if _counts(seen) else ""
    folders = both.start_both(workspace, load_settings(workspace), both.paired_launch_of(run), without=there)
    return [look_at(read_run(folder)) for folder in folders]


def _counts(seen: RunSnapshot) -> bool:
    """True for a run that has a card, or comes to one by itself."""
    return seen.alive or seen.card is not None


def _how_far(seen: RunSnapshot) -> str:
    if seen.alive:
        return "waits" if seen.status == "queued" else f"is {seen.status}"
    return "is done" if seen.card else "has failed" if seen.status == "failed" else f"is {seen.status}"
