"""The list of the Runs screen: what it shows, in which order, which run is chosen, and the names of runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.screens.runs.run_filter import ORDERS, Order, arrange

if TYPE_CHECKING:
    from garage_tui.core.runs.label import Label
    from garage_tui.screens.runs.host import RunsHost


NO_RUNS = (
    "No runs yet.\n\n"
    "Press n to start one: it teaches the facts of datasets/ to a language model, or learns to draw.\n\n"
    "A run continues when you leave the app; this list shows it again."
)
_NOTHING_FOUND = "No run contains “{text}”. Esc shows all runs again."


class Listing:
    """Filters and orders the list of runs, remembers which one is chosen, and names runs."""

    def __init__(self, host: RunsHost) -> None:
        self._host = host
        self.text = ""
        """The words that the shown runs contain; empty shows all."""
        self._order: Order = "newest"
        self.shown: tuple[RunSnapshot, ...] = ()
        """The runs of the list, from the top."""
        self.chosen_id: str | None = None
        self.to_choose: str | None = None
        """The id of a run that will be chosen once it is there."""

    @property
    def chosen(self) -> RunSnapshot | None:
        """The chosen run; None where the list is empty."""
        return next((run for run in self.shown if run.id == self.chosen_id), None)

    def take_cursor(self, row: int, count: int) -> None:
        """Choose the run at a row of the list.

        Args:
            count: the number of rows that the list has; if that is not what is shown, nothing changes.
        """
        if self.chosen_id is not None and 0 <= row < count == len(self.shown):
            self.chosen_id = self.shown[row].id

    def update(self, runs: tuple[RunSnapshot, ...]) -> int | None:
        """Choose what the list shows of all runs; return the row of the chosen one, or None if it is not shown."""
        self.shown = arrange(runs, self.text, self._order)
        if self.to_choose in {run.id for run in runs}:
            self.chosen_id, self.to_choose = self.to_choose, None
            if self.chosen is None:  # the filter hides it
                self.text = ""
                self.shown = arrange(runs, "", self._order)
                self._host.close_filter()
        if self.chosen_id is None and runs:
            alive = sorted((run for run in runs if run.alive), key=lambda run: run.status == "queued")
            self.chosen_id = (alive or runs)[0].id
        return next((row for row, run in enumerate(self.shown) if run.id == self.chosen_id), None)

    @property
    def empty_text(self) -> str:
        """The text that an empty list shows."""
        return _NOTHING_FOUND.format(text=one_line(self.text, 40)) if self._host.runs else NO_RUNS

    @property
    def title(self) -> str:
        """How many runs are shown, and in which order, where that is not all, the newest first."""
        count = f"{len(self.shown)} of {len(self._host.runs)} shown" if self.text.strip() else ""
        return " · ".join(filter(None, (count, "" if self._order == "newest" else ORDERS[self._order])))

    def filter(self, text: str) -> None:
        """Show only runs that contain these words."""
        if text != self.text:
            self.text = text
            self._host.show_runs(self._host.runs)

    def end_filter(self) -> bool:
        """Show all runs again; return False if all are shown already."""
        was_filtered = bool(self.text.strip())
        self.filter("")
        self._host.close_filter()
        return was_filtered

    def next_order(self) -> None:
        """Show the runs in the next order, and say which."""
        orders = list(ORDERS)
        self._order = orders[(orders.index(self._order) + 1) % len(orders)]
        self._host.show_runs(self._host.runs)
        self._host.notice.note(f"order: {ORDERS[self._order]}")

    def name(self) -> None:
        """Ask for a name and a note of the chosen run."""
        if run := self._host.chosen:
            self._host.run_worker(self._name(run), group="label", exclusive=True)

    async def _name(self, run: RunSnapshot) -> None:
        from garage_tui.core.runs.catalog import reserved_names  # noqa: PLC0415
        from garage_tui.screens.runs.label_dialog import LabelDialog  # noqa: PLC0415 (most visits name no run)

        host = self._host
        reserved = await asyncio.to_thread(reserved_names, host.watcher.workspace)
        if (label := await host.ask(LabelDialog(run.id, run.label, reserved))) is None:
            return
        try:
            label = await asyncio.to_thread(self._write, run, label)
        except (GarageError, OSError) as error:
            host.notice.wrong(reason_of(error))
            return
        host.notice.done(f"{run.id} is called {label.name} now" if label.name else f"{run.id} has no name now")
        host.watcher.wake()

    def _write(self, run: RunSnapshot, label: Label) -> Label:
        from garage_tui.core.runs.catalog import set_label  # noqa: PLC0415
        from garage_tui.core.runs.record import read_run  # noqa: PLC0415

        return set_label(self._host.watcher.workspace, read_run(run.path), label)
