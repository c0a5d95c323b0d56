"""The School screen: what is in service, what waits to be taught, tonight's plan, and the nights so far."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from garage_tui.core.base.format import plural
from garage_tui.core.school.night_log import Night
from garage_tui.core.school.overview import Overview, OverviewReader
from garage_tui.core.school.remember import facts_file
from garage_tui.screens.common.messages import ChatRequested, ReportRequested
from garage_tui.screens.school.text import night_cells, night_lines, summary_lines
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.table import Column, Table

if TYPE_CHECKING:
    from garage_tui.core.settings.settings import Settings, Workspace
    from garage_tui.widgets.dialog import Dialog

T = TypeVar("T")
_EVERY = 2.0
"""Seconds between two looks at the files while the screen is in front."""


class SchoolPane(Pane):
    """The nights of a workspace.

    Args:
        save_facts: saves the open facts files, and returns what of a file stays unsaved, as a sentence.
    """

    HELP_PAGE = "guide/school.md"
    HELP = (
        "If anything is new, a night teaches all facts in one run, examines it, and compares it with what is in "
        "service. If no fact is lost and other answers are as before, it is put in service; otherwise nothing changes. "
        "Until a fact is learned it is in the book: the server puts it into the prompt."
    )
    FIRST_FOCUS = "#school-nights"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "teach", "Teach now", tooltip="Do a night now; it asks first"),
        Binding("enter", "card", "Report card", tooltip="Open the report card of this night's run"),
        Binding("c", "chat", "Chat", tooltip="Talk to the run of this night"),
        Binding("f", "app.show('facts')", "Facts", tooltip="Go to the facts"),
    ]

    def __init__(
        self, workspace: Workspace, settings: Settings, save_facts: Callable[[], Awaitable[Mapping[Path, str]]]
    ) -> None:
        super().__init__(id="school")
        self._workspace, self._settings, self._save_facts = workspace, settings, save_facts
        self._reader = OverviewReader(workspace, settings)
        self._stamp: object = None
        self._guard = asyncio.Lock()
        self.overview: Overview | None = None
        """The nights as they were last read."""

    def compose(self) -> ComposeResult:
        with Vertical(id="school-panel", classes="panel"):
            yield Static(Content.styled("Reading the nights …", "$muted"), id="school-summary")
        yield Table(
            Column("Night", 16),
            Column("Outcome", 13),
            Column("Learned", 7, right=True),
            Column("Not yet", 7, right=True),
            Column("Wh", 5, right=True),
            Column("What happened", share=1),
            id="school-nights",
        )
        with VerticalScroll(id="school-night", classes="panel", can_focus=False):
            yield Static(id="school-details")
        yield Static(classes="notice-line")
        yield Notice(ends=True)

    def on_mount(self) -> None:
        self.query_one("#school-panel").border_title = "School"
        self.query_one(Table).border_title = "Nights"
        self.set_interval(_EVERY, self._refresh_overview)

    def reveal(self) -> None:
        super().reveal()
        self._refresh_overview()

    def _refresh_overview(self) -> None:
        """Read again what has changed, while the screen is in front."""
        if self.display and self.is_mounted:
            self.run_worker(self._read(), group="read")

    async def _read(self) -> None:
        if self._guard.locked():  # a slow read goes on: the reader is not for several threads
            return
        async with self._guard:
            stamp = await asyncio.to_thread(lambda: self._reader.stamp)
            if stamp == self._stamp and self.overview is not None:
                return
            overview = await asyncio.to_thread(self._reader.read)
            self._stamp, chosen = stamp, self.chosen
            self.overview = overview
            self._show(overview, chosen.id if chosen else "")

    def _show(self, overview: Overview, night: str) -> None:
        """Show the nights, with the cursor on the one of this id, wherever it is now."""
        lines = summary_lines(overview, time.time())
        self.query_one("#school-summary", Static).update(Content("\n").join(lines))
        table = self.query_one(Table)
        at = next((row for row, one in enumerate(overview.nights) if one.id == night), table.cursor)
        table.show_rows(len(overview.nights), self._cells, at)
        table.border_subtitle = plural(len(overview.nights), "night") if overview.nights else "no night yet"
        self.refresh_bindings()

    def _cells(self, row: int) -> list[Content]:
        assert self.overview is not None
        return night_cells(self.overview.nights[row], at_work=row == 0 and self.overview.at_work)

    @property
    def chosen(self) -> Night | None:
        """The night under the cursor; None without any."""
        if self.overview is None or not self.overview.nights:
            return None
        return self.overview.nights[self.query_one(Table).cursor]

    @property
    def _run(self) -> str:
        """Id of the run of the chosen night; empty where it has none."""
        night = self.chosen
        if night is None:
            return ""
        return (night.end.run if night.end else "") or next(reversed(night.runs.values()), "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("card", "chat"):
            return bool(self._run)
        if action == "teach":
            return self.overview is not None and not self.overview.at_work
        return True

    def why_unavailable(self, action: str) -> str:
        if action == "teach":
            return "A night is at work" if self.overview else ""
        return "This night has no run" if self.chosen else "There is no night yet: t does one"

    def on_table_moved(self) -> None:
        self._show_night()
        self.refresh_bindings()

    def _show_night(self) -> None:
        """Show what the chosen night learned, what it did not, and what it left out."""
        night = self.chosen
        panel = self.query_one("#school-night")
        panel.display = night is not None
        if night is not None:
            panel.border_title = Content(night.id)
            self.query_one("#school-details", Static).update(Content("\n").join(night_lines(night)))

    def on_table_selected(self) -> None:
        self.action_card()

    def action_card(self) -> None:
        if run := self._run:
            self.post_message(ReportRequested(run))

    def action_chat(self) -> None:
        if run := self._run:
            self.post_message(ChatRequested(run))

    def action_teach(self) -> None:
        self.run_worker(self._teach(), group="teach", exclusive=True)

    async def _ask(self, dialog: Dialog[T]) -> T | None:
        return await self.app.push_screen_wait(dialog)

    async def _teach(self) -> None:
        from garage_tui.core.base.errors import GarageError  # noqa: PLC0415
        from garage_tui.core.school.start_pass import last_message, start_pass  # noqa: PLC0415 (only to teach)
        from garage_tui.widgets.confirm_and_pick import Confirm  # noqa: PLC0415

        unsaved = await self._save_facts()
        await self._read()
        overview = self.overview
        if overview is None:
            return
        plan = overview.plan
        what = "Nothing is new. Teach all facts again?"
        if plan:
            time_text = plan.estimate.sentence if plan.estimate else "time unknown"
            what = f"{plural(len(plan.new), 'new fact')}; {time_text}.\nIf no fact is lost, the run is put in service."
        if sentence := unsaved.get(await asyncio.to_thread(facts_file, self._workspace, self._settings)):
            what = f"{sentence} The night teaches the file without it.\n{what}"
        if not await self._ask(Confirm("Teach now", what, "Teach", "Not now")):
            return
        try:
            process = await asyncio.to_thread(start_pass, self._workspace, again=plan is None)
        except GarageError as error:
            self.notice.wrong(str(error))
            return
        if process.poll() is None:
            self.notice.note("The night has begun; it goes on when you leave. Runs shows its training.")
        else:
            self.notice.note(await asyncio.to_thread(last_message, self._workspace))
        self._refresh_overview()
