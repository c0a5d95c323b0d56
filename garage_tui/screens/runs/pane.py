"""Runs: all of them, how each one is doing, and what the chosen one says while it learns."""

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
from garage_tui.core.runs.record import LOG
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
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.log_file_view import LogFileView
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.search_input import SearchInput
from garage_tui.widgets.table import Table

T = TypeVar("T")
_EMPTY = (
    "No runs yet.\n\nPress n for a new one: it teaches the facts of datasets/ to a language model, or learns to draw. "
    "(F2, t and F3, N do the same.)\n\n"
    "A run goes on when you leave; this list shows it again."
)


class RunsPane(Pane):
    """The list of runs, and the details of the one under the cursor."""

    HELP_PAGE = "guide/runs.md"
    HELP = (
        "A run teaches the facts of one file to a base model, or has a diffusion model learn to draw. It is a process "
        "of its own: closing the app, the terminal or the connection leaves it going, and it is here again next "
        "time.\n\n"
        "Choose a run with ↑ and ↓. Loss is how wrong the model still is: it should fall. "
        "A few times on the way a run that teaches asks itself (a probe): recall • is the share of other wordings that "
        "it answers rightly, leak x the share of other questions that it answers with what is taught. "
        "The report card (x) says what it learned and what it broke. "
        "Of a run that draws, • is the loss on pictures that it never learns from, and v shows its sheets.\n\n"
        "b trains the same facts twice, with the default recipe and as in the story (plainly, without guards), and "
        "opens the two report cards side by side when both are done.\n\n"
        "X exports the model of a run that has ended: merged into 16-bit weights, its adapter alone, or a GGUF.\n\n"
        "The log follows its end; scroll up or press f to hold it still, End or f to follow again, / to search it.\n\n"
        "One run works at a time (one for each GPU); others wait in a queue. A paused, stopped, failed or interrupted "
        "run goes on from its newest checkpoint with p."
    )
    FIRST_FOCUS = "#runs-table"
    HELP_GROUPS = (
        ("Start a run", "app.new_run app.draw duplicate both"),
        ("The chosen run", "pause resume go_on stop move delete resume_all"),
        ("What came of it", "report chat view export compare unmark"),
        ("Its log", "log search hold wrap"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "app.new_run", "New run", tooltip="Start a new run: teach facts, or teach a model to draw"),
        Binding("N", "app.draw", "Draw", show=False, tooltip="Teach a model to draw: a new run on pictures"),
        Binding("R", "resume_all", "Resume all", tooltip="Have every interrupted run go on"),
        Binding("p", "pause", "Pause", tooltip="Pause the chosen run"),
        Binding(
            "u", "go_on", "Go on now", tooltip="Have the chosen run go on without waiting for its hours or the sun"
        ),
        Binding("p", "resume", "Resume", tooltip="Have the chosen run go on from where it was"),
        Binding("s", "stop", "Stop", tooltip="Save and stop the chosen run, or take it out of the queue"),
        Binding("c", "chat", "Chat", tooltip="Chat with the model of the chosen run"),
        Binding("v", "view", "View", tooltip="View the sheets that the chosen run has drawn"),
        Binding("x", "report", "Report", tooltip="Show the report card of the chosen run, or examine it"),
        Binding("l", "log", "Log", tooltip="Show the log alone, or beside the rest again"),
        Binding("slash", "search", "Search", show=False, key_display="/", tooltip="Search the log"),
        Binding("f", "hold", "Hold", show=False, tooltip="Hold the log still, or follow its end again"),
        Binding("w", "wrap", "Wrap", show=False, tooltip="Wrap long lines of the log, or do not"),
        Binding("m", "compare", "Compare", show=False, tooltip="Mark this run, then compare it with another one"),
        Binding("b", "both", "Both", show=False, tooltip="Train the default and the story on these facts, and compare"),
        Binding("X", "export", "Export", show=False, tooltip="Export the model of the chosen run for other programs"),
        Binding("y", "duplicate", "Duplicate", show=False, tooltip="Start a run like this one, with changes"),
        Binding("d,delete", "delete", "Delete", show=False, key_display="d", tooltip="Delete the chosen run"),
        Binding(
            "left_square_bracket", "move(-1)", "Earlier", show=False, key_display="[", tooltip="Move up in the queue"
        ),
        Binding(
            "right_square_bracket", "move(1)", "Later", show=False, key_display="]", tooltip="Move down in the queue"
        ),
        Binding("escape", "unmark", "Back", show=False, key_display="Esc"),
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
        yield LogFileView(id="runs-log", classes="panel")
        yield SearchInput(id="runs-search")
        yield Notice()

    def on_mount(self) -> None:
        self.query_one(Table).border_title = "Runs"
        self.query_one(LogFileView).border_title = "Log"
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
            self.notice.note(f"{runs_were} interrupted: R has {'it' if count == 1 else 'them'} go on")
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
            self.query_one(LogFileView).take(path, progress.log, fresh=progress.fresh)
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

    def action_report(self) -> None:
        if run := self.chosen:
            self.post_message((DiffusionReportRequested if run.draws else ReportRequested)(run.id))

    def action_duplicate(self) -> None:
        if run := self.chosen:
            self.post_message(DuplicateRequested(run.id))

    async def action_unmark(self) -> None:
        """Take the mark off, cancel an export, or leave the full-height log, before Esc goes back."""
        if self.comparisons.unmark() or self.exports.cancel():
            return
        if self.has_class("-log"):
            self.action_log()
        else:
            await self.run_action("app.back")

    def action_log(self) -> None:
        self.toggle_class("-log")
        self.query_one(LogFileView if self.has_class("-log") else Table).focus()

    def on_log_view_followed(self) -> None:
        log = self.query_one(LogFileView)
        held = "" if log.following else " ".join(filter(None, ("held still", log.position, "· End follows again")))
        log.border_subtitle = " · ".join(filter(None, (log.found, held, "wrapped" if log.wrap else "")))

    def action_search(self) -> None:
        line = self.query_one(SearchInput)
        line.display = True
        line.focus()

    def on_input_changed(self, event: SearchInput.Changed) -> None:
        self.query_one(LogFileView).search(event.value)

    def on_search_input_go(self, event: SearchInput.Go) -> None:
        self.query_one(LogFileView).go_to_match(event.steps)

    def on_search_input_closed(self) -> None:
        log = self.query_one(LogFileView)
        log.search("")
        log.focus()

    def action_hold(self) -> None:
        self.query_one(LogFileView).hold_or_follow()

    def action_wrap(self) -> None:
        log = self.query_one(LogFileView)
        log.wrap = not log.wrap
        self.on_log_view_followed()
