"""Two runs side by side: any two that are marked, and the pair that taught the same facts with and without guards."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.message import Message
from textual.widgets import Input

from garage_tui.core import pairs
from garage_tui.core.errors import GarageError
from garage_tui.core.text import plain
from garage_tui.screens.run_actions import RunActions
from garage_tui.screens.watcher import Seen
from garage_tui.widgets.notice import Notice

if TYPE_CHECKING:
    from garage_tui.core.runs import Run

Pair = tuple[Seen, Seen]


class RunPairs(RunActions):
    """Marks, compares, and starts both recipes; opens the comparison of a pair when its second run is done."""

    class CompareWanted(Message):
        """The owner wants to see two runs side by side."""

        def __init__(self, first: str, second: str) -> None:
            super().__init__()
            self.first, self.second = first, second

    runs: tuple[Seen, ...] = ()
    _marked: str | None = None

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._awaited: set[tuple[str, str]] = set()  # pairs of which one works: their comparison opens by itself

    def show_runs(self, runs: tuple[Seen, ...]) -> None:
        """Show all runs."""
        raise NotImplementedError

    def choose(self, run_id: str) -> None:
        """Put the cursor on this run."""
        raise NotImplementedError

    def action_compare(self) -> None:
        """Mark this run; with another one marked, compare the two."""
        seen, first, notice = self.chosen, self._marked, self.query_one(Notice)
        if seen is None:
            return
        self._marked = seen.id if first is None else None
        if first is None:
            notice.note(f"{seen.id} is marked; m on another run compares the two")
        else:
            notice.clear()
            if first != seen.id:
                self.post_message(self.CompareWanted(first, seen.id))
        self.show_runs(self.runs)

    @work(exclusive=True, group="run")
    async def action_both(self) -> None:
        """Teach what the chosen run taught with both recipes; of a pair that is there, show both cards."""
        seen, notice = self.chosen, self.query_one(Notice)
        if seen is None:
            notice.note("There is no run yet: n opens the form, and ^t in it trains the default and the story")
        elif others := pairs.partners(seen, self.runs):
            self._show_pair(pairs.in_order(seen, next(filter(_counts, others), others[0])))
        else:
            await self._start_both(seen)

    def _show_pair(self, pair: Pair) -> None:
        """Open the comparison, or say what it waits for."""
        if any(seen.alive for seen in pair):
            self._await(pair)
        elif not all(seen.card for seen in pair):
            lacking = next(seen for seen in pair if not seen.card)
            mend = "x on it makes one" if lacking.adapter else f"it is {lacking.status}, p on it has it go on"
            self.query_one(Notice).note(f"{lacking.id} has no report card yet: {mend}; then b compares the two")
        else:
            self.post_message(self.CompareWanted(*(seen.id for seen in pair)))

    def _await(self, pair: Pair) -> None:
        first, second = pair
        self._awaited.add((first.id, second.id))
        how = " and ".join(f"{seen.name} ({_how_far(seen)})" for seen in pair)
        self.query_one(Notice).note(f"{how}: their report cards open side by side when both are done")

    async def _start_both(self, seen: Seen) -> None:
        from garage_tui.core import both  # noqa: PLC0415 (60 ms, and most visits start nothing here)
        from garage_tui.core.runs import read_run  # noqa: PLC0415
        from garage_tui.core.settings import load_settings  # noqa: PLC0415

        workspace, notice = self._watcher.workspace, self.query_one(Notice)
        notice.note("Starting …")

        def start() -> list[Path]:
            run: Run = read_run(seen.path)
            # Of a half that is there, the same would come again.
            there = both.half_of(run) if _counts(seen) else ""
            return both.start_both(workspace, load_settings(workspace), both.like(run), without=there)

        try:
            folders = await asyncio.to_thread(start)
        except (GarageError, OSError) as error:
            notice.wrong(plain(str(error)))
            return
        names = " and ".join(folder.name for folder in folders)
        beside = "" if len(folders) > 1 else f" beside {seen.id}"
        notice.note(f"started {names}{beside}: the report cards open side by side when both are done")
        self.choose(folders[0].name)
        self._watcher.wake()

    def _look_at_pairs(self, runs: tuple[Seen, ...]) -> None:
        """Take note of a pair that works, and open the comparison of one whose second run is done."""
        alive = [seen for seen in runs if seen.alive]
        for guarded in filter(pairs.is_guarded, alive):
            for plain_ in pairs.partners(guarded, alive)[:1]:
                if (guarded.id, plain_.id) not in self._awaited:
                    self._await((guarded, plain_))
        known = {seen.id: seen for seen in runs}
        for ids in list(self._awaited):
            pair = [known[one] for one in ids if one in known]
            if any(seen.alive for seen in pair):
                continue
            self._awaited.discard(ids)
            if len(pair) == 2 and all(seen.card for seen in pair):
                self._open_or_offer(ids)

    def _open_or_offer(self, ids: tuple[str, str]) -> None:
        """Open the comparison where nothing is interrupted by it, else say that it is there."""
        if self.display and self.screen.is_active and not isinstance(self.screen.focused, Input):
            self.post_message(self.CompareWanted(*ids))
        else:
            self.query_one(Notice).done(f"{' and '.join(ids)} are done: b on one of them shows both report cards")


def _counts(seen: Seen) -> bool:
    """True for a run that has a card, or comes to one by itself."""
    return seen.alive or seen.card is not None


def _how_far(seen: Seen) -> str:
    if not seen.alive:
        return "done" if seen.card else seen.status
    return "waits" if seen.status == "queued" else f"is {seen.status}"
