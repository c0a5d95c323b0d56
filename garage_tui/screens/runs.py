"""Runs: all of them, how each one is doing, and what the chosen one says while it learns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from garage_tui.core.errors import GarageError
from garage_tui.core.text import duration
from garage_tui.screens import run_words
from garage_tui.screens.watcher import Seen, Told, Watcher
from garage_tui.widgets.chart import LossChart
from garage_tui.widgets.dialogs import Confirm
from garage_tui.widgets.logview import LogView
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.table import Column, Table

_EMPTY = (
    "No runs yet.\n\nPress n to teach the facts of datasets/ to a model.\n"
    "The run goes on when you leave; this list shows it again."
)


class RunsPane(Pane):
    """The list of runs, and the details of the one under the cursor."""

    HELP = (
        "A run teaches the facts of one file to a base model. It is a process of its own: closing the app, the "
        "terminal or the connection leaves it going, and it is here again next time.\n\n"
        "Choose a run with ↑ and ↓. Loss is how wrong the model still is about your answers: it should fall. "
        "The log follows its end; scroll up to hold it still, End to follow again."
    )
    FIRST_FOCUS = "#runs-table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "app.teach", "New run", tooltip="Teach a facts file to a model: a new run"),
        Binding("s", "stop", "Stop", tooltip="Save and stop the chosen run"),
        Binding("c", "chat", "Chat", tooltip="Chat with the model of the chosen run"),
        Binding("l", "log", "Log", tooltip="Show the log alone, or beside the rest again"),
    ]

    class ChatWanted(Message):
        """The owner wants to talk to this run's model."""

        def __init__(self, run_id: str) -> None:
            super().__init__()
            self.run_id = run_id

    def __init__(self, watcher: Watcher) -> None:
        super().__init__(id="runs")
        self._watcher = watcher
        self.runs: tuple[Seen, ...] = ()
        self._chosen: str | None = None
        self._stopping: str | None = None

    def compose(self) -> ComposeResult:
        yield Table(
            Column("State", 13),
            Column("Run"),
            Column("", wide=True),
            Column("Steps", 9, right=True),
            Column("Loss", 6, right=True, wide=True),
            Column("Time", 15),
            id="runs-table",
        )
        yield Static(Content(_EMPTY), id="runs-empty", classes="empty")
        with Horizontal(id="runs-details"):
            with VerticalScroll(id="runs-summary", classes="panel"):
                yield Static(id="runs-words")
            yield LossChart(id="runs-chart", classes="panel")
        yield LogView(id="runs-log", classes="panel")
        yield Notice()

    def on_mount(self) -> None:
        self.query_one(Table).border_title = "Runs"
        self.query_one(LossChart).border_title = "Loss"
        self.query_one(LogView).border_title = "Log"
        self.watch(self.app, "runs", self.show_runs)

    def reveal(self) -> None:
        super().reveal()
        self._watcher.follow(self._chosen)

    def conceal(self) -> None:
        super().conceal()
        self._watcher.follow(None)

    @property
    def chosen(self) -> Seen | None:
        """The run under the cursor."""
        return next((seen for seen in self.runs if seen.id == self._chosen), None)

    def choose(self, run_id: str) -> None:
        """Put the cursor on this run; it may appear with a later look."""
        self._chosen = run_id
        self.show_runs(self.runs)

    def show_runs(self, runs: tuple[Seen, ...]) -> None:
        """Show what the watcher saw."""
        if self._chosen is None and runs:
            self._chosen = next((seen.id for seen in runs if seen.alive), runs[0].id)
        self.runs = runs
        place = next((row for row, seen in enumerate(runs) if seen.id == self._chosen), None)
        self.set_class(not runs, "-empty")
        self.query_one(Table).show_rows(len(runs), self._cells, place)
        self._show_chosen()

    def _cells(self, row: int) -> Sequence[Content]:
        seen = self.runs[row]
        return (
            run_words.badge(seen),
            Content(seen.id),
            run_words.progress(seen),
            Content(run_words.fraction(seen.state)),
            Content(run_words.loss(seen.state)),
            Content.styled(run_words.time_words(seen), "$muted"),
        )

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
        summary = self.query_one("#runs-summary")
        summary.border_title = Content(seen.id)
        self.query_one("#runs-words", Static).update(run_words.summary(seen))
        begins = "The curve begins with the first steps."
        self.query_one(LossChart).empty = begins if seen.alive else "No steps were taken."
        if seen.id == self._stopping and not seen.alive:
            self._stopping = None
            saved = "its adapter is saved" if seen.adapter else "there was nothing to save"
            self.query_one(Notice).done(f"{seen.id} has stopped; {seen.reason or saved}")
        self.refresh_bindings()

    def show_told(self, told: Told) -> None:
        """Show what the chosen run wrote."""
        if told.run_id != self._chosen:
            return
        log, chart = self.query_one(LogView), self.query_one(LossChart)
        if told.fresh:
            log.clear()
            chart.points = ()
        log.append(told.lines)
        if told.curve is not None:
            chart.points = told.curve

    def on_log_view_followed(self) -> None:
        log = self.query_one(LogView)
        log.border_subtitle = "" if log.following else "held still · End follows again"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        seen = self.chosen
        if action == "stop":
            return bool(seen and seen.alive and seen.status != "stopping")
        if action == "chat":
            return bool(seen and seen.adapter)
        return True

    def action_log(self) -> None:
        self.toggle_class("-log")
        self.query_one(LogView if self.has_class("-log") else Table).focus()

    def action_chat(self) -> None:
        if self._chosen:
            self.post_message(self.ChatWanted(self._chosen))

    @work(exclusive=True, group="stop")
    async def action_stop(self) -> None:
        """Ask, then have the run save and stop."""
        seen = self.chosen
        if seen is None or not seen.alive:
            return
        grace = seen.manifest.stop_grace_seconds if seen.manifest else 60.0
        text = (
            f"{seen.id} saves what it has learnt and stops after the step it is in. "
            f"If that takes longer than {duration(grace)}, it is ended without saving."
        )
        if not await self.app.push_screen_wait(Confirm("Stop this run?", text, "Save and stop", "Let it go on")):
            return
        from garage_tui.core import launcher, runs  # noqa: PLC0415 (60 ms, and most visits stop nothing)

        notice = self.query_one(Notice)
        try:
            await asyncio.to_thread(lambda: launcher.stop(runs.read_run(seen.path)))
        except (GarageError, OSError) as error:
            notice.wrong(str(error))
            return
        self._stopping = seen.id
        notice.note(f"{seen.id} was asked to stop; it is saving …")
        self._watcher.wake()
