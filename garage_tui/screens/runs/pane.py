"""The Runs screen: the list of all runs, and the details and the log of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static

from garage_tui.core.base.settings import EnergySettings
from garage_tui.core.monitor.run_follower import RunProgress
from garage_tui.core.monitor.run_watcher import RunSnapshot, RunWatcher
from garage_tui.core.runs.folder import LOG
from garage_tui.screens.common.messages import (
    ChatRequested,
    DiffusionReportRequested,
    DuplicateRequested,
    GalleryRequested,
    ReportRequested,
)
from garage_tui.screens.runs import run_list
from garage_tui.screens.runs.availability import is_available
from garage_tui.screens.runs.commands import RunCommands
from garage_tui.screens.runs.comparisons import Comparisons
from garage_tui.screens.runs.details import RunDetails
from garage_tui.screens.runs.export import ExportJob
from garage_tui.screens.runs.run_log import RunLog
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.log_file_view import LogFileView
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.table import Table

T = TypeVar("T")
_EMPTY = (
    "No runs yet.\n\n"
    "Press n to start one: it teaches the facts of datasets/ to a language model, or learns to draw.\n\n"
    "A run continues when you leave the app; this list shows it again."
)


class RunsPane(Pane):
    """The list of runs, and the details of the one under the cursor."""

    HELP_PAGE = "guide/runs.md"
    HELP = (
        "A run teaches the facts of one file to a base model, or trains a diffusion model to draw. It is a process of "
        "its own: it continues when you close the app, the terminal or the connection, and it is listed here the next "
        "time.\n\n"
        "Choose a run with ↑ and ↓. Enter opens its report card or, as long as it has none, its log.\n\n"
        "Loss measures how wrong the model still is: it should fall. "
        "A run that teaches facts tests itself a few times (a probe): recall • is the share of other wordings that it "
        "answers correctly (higher is better), leak x the share of other questions that it answers with taught facts "
        "(lower is better), drift how much its other answers have changed (below 0.02 is hardly noticeable). "
        "The report card (x) shows what it learned and what else changed. "
        "For a run that draws, • is the loss on held-out pictures, and v shows its contact sheets.\n\n"
        "b trains the same facts twice, with the presets default and story (story is plain training, without guards), "
        "and opens the two report cards side by side when both are done.\n\n"
        "X exports the model of a run that has ended: merged into 16-bit weights, the adapter alone, or a GGUF.\n\n"
        "The log follows its end. Scroll up or press f to hold it still, press End or f to follow it again, and / to "
        "search it.\n\n"
        "One run trains at a time (one for each GPU); the others wait in the queue. p resumes a paused, stopped, "
        "failed or interrupted run from its newest checkpoint."
    )
    FIRST_FOCUS = "#runs-table"
    HELP_GROUPS = (
        ("Start a run", "app.new_run app.draw duplicate both"),
        ("The chosen run", "pause resume go_on stop move delete resume_all"),
        ("Results", "report chat view export compare leave"),
        ("Its log", "log search hold wrap"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "app.new_run", "New run", tooltip="Start a new run: teach facts, or teach a model to draw"),
        Binding("N", "app.draw", "Draw", show=False, tooltip="Start a run that teaches a model to draw"),
        Binding("R", "resume_all", "Resume all", tooltip="Resume every interrupted run"),
        Binding("p", "pause", "Pause", tooltip="Pause the chosen run"),
        Binding("u", "go_on", "Start now", tooltip="Start the chosen run without waiting for its hours or the sun"),
        Binding("p", "resume", "Resume", tooltip="Resume the chosen run"),
        Binding("s", "stop", "Stop", tooltip="Save and stop the chosen run, or remove it from the queue"),
        Binding("c", "chat", "Chat", tooltip="Chat with the model of the chosen run"),
        Binding("v", "view", "View", tooltip="View the contact sheets of the chosen run"),
        Binding("x", "report", "Report", tooltip="Show the report card of the chosen run, or examine the run"),
        Binding("l", "log", "Log", tooltip="Show only the log, or everything again"),
        Binding("slash", "search", "Search", show=False, key_display="/", tooltip="Search the log"),
        Binding("f", "hold", "Hold", show=False, tooltip="Hold the log still, or follow its end again"),
        Binding("w", "wrap", "Wrap", show=False, tooltip="Wrap long lines of the log, or cut them"),
        Binding("m", "compare", "Compare", show=False, tooltip="Mark this run, then compare it with another one"),
        Binding(
            "b", "both", "Both", show=False, tooltip="Train the presets default and story on these facts, and compare"
        ),
        Binding("X", "export", "Export", show=False, tooltip="Export the model of the chosen run for other programs"),
        Binding("y", "duplicate", "Duplicate", show=False, tooltip="Start a run like this one, with changes"),
        Binding("d,delete", "delete", "Delete", show=False, key_display="d", tooltip="Delete the chosen run"),
        Binding(
            "left_square_bracket", "move(-1)", "Earlier", show=False, key_display="[", tooltip="Move up in the queue"
        ),
        Binding(
            "right_square_bracket", "move(1)", "Later", show=False, key_display="]", tooltip="Move down in the queue"
        ),
        Binding(
            "escape",
            "leave",
            "Back",
            show=False,
            key_display="Esc",
            tooltip="Remove the mark, cancel the export, or show everything again",
        ),
    ]

    runs: tuple[RunSnapshot, ...] = ()

    def __init__(self, watcher: RunWatcher, prices: EnergySettings | None = None) -> None:
        super().__init__(id="runs")
        self.watcher, self._prices = watcher, prices or EnergySettings()
        self._chosen: str | None = None
        self._to_choose: str | None = None
        self._interrupted = 0
        self.commands = RunCommands(self)
        self.exports = ExportJob(self)
        self.comparisons = Comparisons(self)

    def compose(self) -> ComposeResult:
        yield Table(*run_list.columns(()), id="runs-table")
        yield Static(Content(_EMPTY), id="runs-empty", classes="empty")
        yield RunDetails(self._prices)
        yield RunLog(id="runs-log")
        yield Notice()

    def on_mount(self) -> None:
        self.query_one(Table).border_title = "Runs"
        self.watch(self.app, "runs", self.show_runs)

    def reveal(self) -> None:
        super().reveal()
        self.watcher.follow(self._chosen)

    def conceal(self) -> None:
        super().conceal()
        self.watcher.follow(None)

    @property
    def chosen(self) -> RunSnapshot | None:
        """The run under the cursor; None where there is no run."""
        self._take_cursor()
        return next((run for run in self.runs if run.id == self._chosen), None)

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
        return is_available(action, self.chosen, interrupted=bool(self.interrupted), exporting=self.exports.run_id)

    def choose(self, run_id: str) -> None:
        """Put the cursor on this run; it may appear with a later snapshot."""
        self._to_choose = run_id
        self.show_runs(self.runs)

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Show all runs as they are now."""
        self._take_cursor()
        if self._to_choose in {run.id for run in runs}:
            self._chosen, self._to_choose = self._to_choose, None
        if self._chosen is None and runs:
            alive = sorted((run for run in runs if run.alive), key=lambda run: run.status == "queued")
            self._chosen = (alive or runs)[0].id
        self.runs = runs
        row = next((row for row, run in enumerate(runs) if run.id == self._chosen), None)
        self.set_class(not runs, "-empty")
        table = self.query_one(Table)
        table.columns = run_list.columns(runs)
        table.show_rows(len(runs), self._cells, row)
        self._show_chosen()
        self.comparisons.update(runs)
        count = len(self.interrupted)
        if count > self._interrupted:
            runs_were = "1 run was" if count == 1 else f"{count} runs were"
            self.notice.note(f"{runs_were} interrupted: press R to resume {'it' if count == 1 else 'them'}")
        self._interrupted = count

    def _take_cursor(self) -> None:
        """Read where the cursor is now: a key may come before the message that it moved."""
        table = self.query_one(Table)
        if self._chosen is not None and 0 < table.count == len(self.runs):
            self._chosen = self.runs[table.cursor].id

    def _cells(self, row: int) -> Sequence[Content]:
        run = self.runs[row]
        return run_list.cells(run, marked=run.id == self.comparisons.marked)[: len(self.query_one(Table).columns)]

    def on_table_moved(self, event: Table.Moved) -> None:
        if type(event) is Table.Moved and event.row < len(self.runs):
            self._chosen = self.runs[event.row].id
            self._show_chosen()

    def _show_chosen(self) -> None:
        run = self.chosen
        if run is None:
            return
        if self.display:
            self.watcher.follow(run.id)
        self.query_one(RunDetails).show(run)
        self.commands.report_stop(run)
        self.refresh_bindings()

    def show_progress(self, progress: RunProgress) -> None:
        """Show what the chosen run wrote."""
        if progress.run_id != self._chosen:
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
        if self.comparisons.unmark() or self.exports.cancel():
            return
        if self.has_class("-log"):
            self.action_log()

    def action_log(self) -> None:
        self.toggle_class("-log")
        self.query_one(LogFileView if self.has_class("-log") else Table).focus()

    def action_search(self) -> None:
        self.query_one(RunLog).search()

    def action_hold(self) -> None:
        self.query_one(RunLog).hold()

    def action_wrap(self) -> None:
        self.query_one(RunLog).wrap()
