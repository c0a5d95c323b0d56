"""The Runs screen: the list of all runs, and the details and the log of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from garage_tui.core.monitor.run_follower import RunProgress
from garage_tui.core.monitor.run_watcher import RunSnapshot, RunWatcher
from garage_tui.core.runs.folder import LOG
from garage_tui.core.settings.settings import EnergySettings
from garage_tui.screens.common.messages import (
    ChatRequested,
    DiffusionReportRequested,
    DuplicateRequested,
    GalleryRequested,
    ReportRequested,
)
from garage_tui.screens.runs import run_list
from garage_tui.screens.runs.availability import is_available, why_not
from garage_tui.screens.runs.commands import RunCommands
from garage_tui.screens.runs.comparisons import Comparisons
from garage_tui.screens.runs.details import RunDetails
from garage_tui.screens.runs.export import ExportJob
from garage_tui.screens.runs.keys import BINDINGS, HELP, HELP_GROUPS
from garage_tui.screens.runs.listing import NO_RUNS, Listing
from garage_tui.screens.runs.promotion import Promotion
from garage_tui.screens.runs.run_log import RunLog
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.filter_input import FilterInput
from garage_tui.widgets.log.log_file_view import LogFileView
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.table import Table

T = TypeVar("T")


class RunsPane(Pane):
    """The list of runs, and the details of the one under the cursor."""

    HELP_PAGE = "guide/runs.md"
    HELP = HELP
    FIRST_FOCUS = "#runs-table"
    HELP_GROUPS = HELP_GROUPS
    BINDINGS = BINDINGS

    runs: tuple[RunSnapshot, ...] = ()

    def __init__(self, watcher: RunWatcher, prices: EnergySettings | None = None) -> None:
        super().__init__(id="runs")
        self.watcher, self._prices = watcher, prices or EnergySettings()
        self._interrupted = 0
        self.commands = RunCommands(self)
        self.exports = ExportJob(self)
        self.comparisons = Comparisons(self)
        self.listing = Listing(self)
        self.promotion = Promotion(self)

    def compose(self) -> ComposeResult:
        yield Table(*run_list.columns(()), id="runs-table")
        yield Static(Content(NO_RUNS), id="runs-empty", classes="empty")
        yield RunDetails(self._prices)
        yield RunLog(id="runs-log")
        yield Static(classes="notice-line")
        yield Notice(ends=True)

    def on_mount(self) -> None:
        self.query_one(Table).border_title = "Runs"
        self.watch(self.app, "runs", self.show_runs)

    def reveal(self) -> None:
        super().reveal()
        self.watcher.follow(self.listing.chosen_id)

    def conceal(self) -> None:
        super().conceal()
        self.watcher.follow(None)

    @property
    def chosen(self) -> RunSnapshot | None:
        """The run under the cursor; None where there is no run."""
        self._take_cursor()
        return self.listing.chosen

    @property
    def interrupted(self) -> list[RunSnapshot]:
        """The runs that were interrupted and can be resumed."""
        return [run for run in self.runs if run.status == "interrupted" and run.resumable]

    @property
    def may_open_dialog(self) -> bool:
        """True while a dialog may open by itself: this screen is in front, and nobody types in it."""
        return self.display and self.screen.is_active and not isinstance(self.screen.focused, Input)

    async def ask(self, dialog: Dialog[T]) -> T | None:
        """Open a dialog and return its answer; must be awaited in a worker."""
        return await self.app.push_screen_wait(dialog)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("filter", "order"):
            return bool(self.runs)
        return is_available(
            action,
            self.chosen,
            interrupted=bool(self.interrupted),
            exporting=self.exports.run_id,
            can_go_back=self.watcher.service.can_go_back,
        )

    def why_unavailable(self, action: str) -> str:
        return why_not(action, self.chosen, exporting=self.exports.run_id)

    def choose(self, run_id: str) -> None:
        """Put the cursor on this run; it may appear with a later snapshot."""
        self.listing.to_choose = run_id
        self.show_runs(self.runs)

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Show all runs as they are now."""
        self._take_cursor()
        self.runs = runs
        row = self.listing.update(runs)
        shown = self.listing.shown
        self.set_class(not shown, "-empty")
        self.query_one("#runs-empty", Static).update(Content(self.listing.empty_text))
        table = self.query_one(Table)
        table.border_subtitle = self.listing.title
        table.columns = run_list.columns(shown)
        table.show_rows(len(shown), self._cells, row)
        self._show_chosen()
        self.commands.update(runs)
        self.comparisons.update(runs)
        count = len(self.interrupted)
        if count > self._interrupted:
            runs_were = "1 run was" if count == 1 else f"{count} runs were"
            self.notice.note(f"{runs_were} interrupted: press R to resume {'it' if count == 1 else 'them'}")
        elif count < self._interrupted and "interrupted: press R" in self.notice.text:
            self.notice.clear()  # it would contradict the list
        self._interrupted = count

    def _take_cursor(self) -> None:
        """Read where the cursor is now: a key may come before the message that it moved."""
        table = self.query_one(Table)
        self.listing.take_cursor(table.cursor, table.count)

    def _cells(self, row: int) -> Sequence[Content]:
        run = self.listing.shown[row]
        return run_list.cells(run, marked=run.id == self.comparisons.marked)[: len(self.query_one(Table).columns)]

    def on_table_moved(self, event: Table.Moved) -> None:
        if type(event) is Table.Moved:
            self.listing.take_cursor(event.row, len(self.listing.shown))
            self._show_chosen()

    def _show_chosen(self) -> None:
        run = self.chosen
        if run is None:
            return
        if self.display:
            self.watcher.follow(run.id)
        self.query_one(RunDetails).show(run)
        self.query_one(RunLog).explain(run)
        self.refresh_bindings()

    def show_progress(self, progress: RunProgress) -> None:
        """Show what the chosen run wrote."""
        if progress.run_id != self.listing.chosen_id:
            return
        if progress.log is not None:
            path = self.watcher.workspace.checkpoints / progress.run_id / LOG
            self.query_one(RunLog).take(path, progress.log, fresh=progress.fresh)
        if self.query_one(RunDetails).show_progress(progress):
            self._show_chosen()

    def action_stop(self) -> None:
        self.commands.stop()

    def action_pause(self) -> None:
        self.commands.pause()

    def action_resume(self) -> None:
        self.commands.resume()

    def action_go_on(self) -> None:
        self.commands.go_on()

    def action_resume_all(self) -> None:
        self.commands.resume_all()

    def action_move(self, positions: int) -> None:
        self.commands.move(positions)

    def action_delete(self) -> None:
        self.commands.delete()

    def action_promote(self) -> None:
        self.promotion.promote()

    def action_service_back(self) -> None:
        self.promotion.go_back()

    def action_export(self) -> None:
        self.exports.start()

    def action_compare(self) -> None:
        self.comparisons.mark()

    def action_both(self) -> None:
        self.comparisons.both()

    def action_chat(self) -> None:
        if run := self.chosen:
            self.post_message(ChatRequested(run.id))

    def action_view(self) -> None:
        if run := self.chosen:
            self.post_message(GalleryRequested(run.id))

    def on_table_selected(self) -> None:
        """Open the chosen run: its report card if it has one, else its log."""
        run = self.chosen
        if run is None:
            return
        if run.card:
            self.action_report()
        elif not self.has_class("-log"):
            self.action_log()

    def action_report(self) -> None:
        if run := self.chosen:
            self.post_message((DiffusionReportRequested if run.draws else ReportRequested)(run.id))

    def action_duplicate(self) -> None:
        if run := self.chosen:
            self.post_message(DuplicateRequested(run.id))

    def action_leave(self) -> None:
        """Remove the mark, cancel an export, or leave the full-height log; Esc never leaves the screen."""
        if self.comparisons.unmark() or self.exports.cancel() or self.listing.end_filter():
            return
        if self.has_class("-log"):
            self.action_log()

    def action_log(self) -> None:
        self.toggle_class("-log")
        self.query_one(LogFileView if self.has_class("-log") else Table).focus()

    def action_filter(self) -> None:
        """Open the input line of the filter."""
        if not self.query(FilterInput):
            self.mount(FilterInput(id="runs-filter"), after=self.query_one(Table))
        self.screen.set_focus(self.query_one(FilterInput))

    @on(Input.Changed, "#runs-filter")
    def _filter(self, event: Input.Changed) -> None:
        self.listing.filter(event.value)

    def on_filter_input_left(self) -> None:
        self.query_one(Table).focus()

    def on_filter_input_closed(self) -> None:
        self.listing.end_filter()

    def close_filter(self) -> None:
        """Remove the input line of the filter."""
        if self.query(FilterInput):
            self.query(FilterInput).remove()
            self.query_one(Table).focus()

    def action_order(self) -> None:
        self.listing.next_order()

    def action_label(self) -> None:
        self.listing.name()

    def action_hold(self) -> None:
        self.query_one(RunLog).hold()

    def action_pan(self, direction: int) -> None:
        self.query_one(RunLog).pan(direction)

    def action_wrap(self) -> None:
        self.query_one(RunLog).wrap()
