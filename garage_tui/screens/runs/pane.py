"""Runs: all of them, how each one is doing, and what the chosen one says while it learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from garage_tui.core.base.settings import EnergySettings
from garage_tui.core.monitor.run_follower import Known, RunProgress
from garage_tui.core.monitor.run_watcher import RunSnapshot, RunWatcher
from garage_tui.core.runs.record import LOG
from garage_tui.screens.common import run_text as run_words
from garage_tui.screens.common.messages import (
    ChatRequested,
    DiffusionReportRequested,
    DuplicateRequested,
    GalleryRequested,
    ReportRequested,
)
from garage_tui.screens.runs import curves as run_curves
from garage_tui.screens.runs.export import RunExport
from garage_tui.widgets.line_chart import LineChart
from garage_tui.widgets.log_file_view import LogFileView
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.search_input import SearchInput
from garage_tui.widgets.sparkline import spark
from garage_tui.widgets.table import Column, Table

_EMPTY = (
    "No runs yet.\n\nPress n for a new one: it teaches the facts of datasets/ to a language model, or learns to draw. "
    "(F2, t and F3, N do the same.)\n\n"
    "A run goes on when you leave; this list shows it again."
)


_COLUMNS = (
    Column("State", 13),
    Column("Run", share=3, middle=True),
    Column("", share=2, wide=True),
    Column("Curve", 8, wide=True),
    Column("Steps", 9, right=True),
    Column("Loss", 6, right=True, wide=True),
    Column("Time", 15),
)
_ENERGY = Column("Energy", 8, right=True, wide=True)
"""Only there where a run has measured any."""


class RunsPane(RunExport):
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
        ("The chosen run", "pause resume go_on stop place delete resume_all"),
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
            "left_square_bracket", "place(-1)", "Earlier", show=False, key_display="[", tooltip="Move up in the queue"
        ),
        Binding(
            "right_square_bracket", "place(1)", "Later", show=False, key_display="]", tooltip="Move down in the queue"
        ),
        Binding("escape", "unmark", "Back", show=False, key_display="Esc"),
    ]

    def __init__(self, watcher: RunWatcher, prices: EnergySettings | None = None) -> None:
        super().__init__(id="runs")
        self._watcher, self._prices = watcher, prices or EnergySettings()
        self._chosen: str | None = None
        self._wanted: str | None = None
        self._known: tuple[str, Known] = ("", Known())  # whose, and what
        self._lost = 0

    def compose(self) -> ComposeResult:
        yield Table(*_COLUMNS, id="runs-table")
        yield Static(Content(_EMPTY), id="runs-empty", classes="empty")
        with Horizontal(id="runs-details"):
            with VerticalScroll(id="runs-summary", classes="panel"):
                yield Static(id="runs-words")
            yield LineChart(id="runs-chart", classes="panel")
        yield LogFileView(id="runs-log", classes="panel")
        yield SearchInput(id="runs-search")
        yield Notice()

    def on_mount(self) -> None:
        self.query_one(Table).border_title = "Runs"
        self.query_one(LineChart).border_title = "Loss"
        self.query_one(LogFileView).border_title = "Log"
        self.watch(self.app, "runs", self.show_runs)

    def reveal(self) -> None:
        super().reveal()
        self._watcher.follow(self._chosen)

    def conceal(self) -> None:
        super().conceal()
        self._watcher.follow(None)

    @property
    def chosen(self) -> RunSnapshot | None:
        """The run under the cursor."""
        self._take_cursor()
        return next((seen for seen in self.runs if seen.id == self._chosen), None)

    @property
    def lost(self) -> list[RunSnapshot]:
        return [seen for seen in self.runs if seen.status == "interrupted" and seen.resumable]

    def choose(self, run_id: str) -> None:
        """Put the cursor on this run; it may appear with a later look."""
        self._wanted = run_id
        self.show_runs(self.runs)

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Show what the watcher saw."""
        self._take_cursor()
        if self._wanted in {seen.id for seen in runs}:
            self._chosen, self._wanted = self._wanted, None
        if self._chosen is None and runs:
            alive = sorted((seen for seen in runs if seen.alive), key=lambda seen: seen.status == "queued")
            self._chosen = (alive or runs)[0].id
        self.runs = runs
        place = next((row for row, seen in enumerate(runs) if seen.id == self._chosen), None)
        self.set_class(not runs, "-empty")
        table = self.query_one(Table)
        measured = any(seen.state and seen.state.wh is not None for seen in runs)
        table.columns = (*_COLUMNS, _ENERGY) if measured else _COLUMNS
        table.show_rows(len(runs), self._cells, place)
        self._show_chosen()
        self._look_at_pairs(runs)
        lost = len(self.lost)
        if lost > self._lost:
            runs_were = "1 run was" if lost == 1 else f"{lost} runs were"
            self.notice.note(f"{runs_were} interrupted: R has {'it' if lost == 1 else 'them'} go on")
        self._lost = lost

    def _take_cursor(self) -> None:
        """Look where the cursor is now: a key may come before the message that it moved."""
        table = self.query_one(Table)
        if self._chosen is not None and 0 < table.count == len(self.runs):
            self._chosen = self.runs[table.cursor].id

    def _cells(self, row: int) -> Sequence[Content]:
        seen = self.runs[row]
        return (
            run_words.badge(seen),
            Content.assemble(("◆ ", "$secondary"), seen.id) if seen.id == self._marked else Content(seen.id),
            run_words.progress(seen),
            Content.styled(spark(seen.state.spark if seen.state else (), 8), "$primary"),
            Content(run_words.fraction(seen.state)),
            Content(run_words.loss(seen.state)),
            Content.styled(run_words.time_words(seen), "$muted"),
            Content.styled(run_words.energy(seen.state), "$muted"),
        )[: len(self.query_one(Table).columns)]

    def on_table_moved(self, event: Table.Moved) -> None:
        if type(event) is Table.Moved and event.row < len(self.runs):
            self._chosen = self.runs[event.row].id
            self._show_chosen()

    def _show_chosen(self) -> None:
        seen = self.chosen
        if seen is None:
            return
        if self.display:
            self._watcher.follow(seen.id)
        known = self._known[1] if self._known[0] == seen.id else None
        summary = self.query_one("#runs-summary")
        summary.border_title = Content(seen.id)
        self.query_one("#runs-words", Static).update(run_words.summary(seen, known, self._prices))
        ended = "One step is no curve." if seen.state and seen.state.step else "No steps were taken."
        self.query_one(LineChart).empty = "The curve begins with the first steps." if seen.alive else ended
        if seen.id == self._stopping and not seen.alive:
            self._stopping = None
            saved = "its adapter is saved" if seen.adapter else "there was nothing to save"
            self.notice.done(f"{seen.id} has stopped; {seen.reason or saved}")
        self.refresh_bindings()

    def show_told(self, told: RunProgress) -> None:
        """Show what the chosen run wrote."""
        if told.run_id != self._chosen:
            return
        log, chart = self.query_one(LogFileView), self.query_one(LineChart)
        if told.fresh:
            chart.series = ()
        if told.log is not None:
            log.take(self._watcher.workspace.checkpoints / told.run_id / LOG, told.log, fresh=told.fresh)
        if told.curve is not None:
            chart.series, chart.border_title = run_curves.curves(told), run_curves.title(told)
        if (known := (told.run_id, told.known)) != self._known:
            self._known = known
            self._show_chosen()

    def on_log_view_followed(self) -> None:
        log = self.query_one(LogFileView)
        held = "" if log.following else " ".join(filter(None, ("held still", log.position, "· End follows again")))
        log.border_subtitle = " · ".join(filter(None, (log.found, held, "wrapped" if log.wrap else "")))

    def action_log(self) -> None:
        self.toggle_class("-log")
        self.query_one(LogFileView if self.has_class("-log") else Table).focus()

    def action_chat(self) -> None:
        if seen := self.chosen:
            self.post_message(ChatRequested(seen.id))

    def action_view(self) -> None:
        if seen := self.chosen:
            self.post_message(GalleryRequested(seen.id))

    def action_report(self) -> None:
        if seen := self.chosen:
            self.post_message((DiffusionReportRequested if seen.draws else ReportRequested)(seen.id))

    def action_duplicate(self) -> None:
        if seen := self.chosen:
            self.post_message(DuplicateRequested(seen.id))

    async def action_unmark(self) -> None:
        """Take the mark off, cancel an export, or leave the full-height log, before Esc goes back."""
        if self._marked:
            self._marked = None
            self.notice.clear()
            self.show_runs(self.runs)
        elif self.cancel_export():
            pass
        elif self.has_class("-log"):
            self.action_log()
        else:
            await self.run_action("app.back")

    def action_search(self) -> None:
        line = self.query_one(SearchInput)
        line.display = True
        line.focus()

    def on_input_changed(self, event: SearchInput.Changed) -> None:
        self.query_one(LogFileView).search(event.value)

    def on_search_input_go(self, event: SearchInput.Go) -> None:
        self.query_one(LogFileView).go_to_match(event.places)

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
