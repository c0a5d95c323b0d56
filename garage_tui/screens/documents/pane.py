"""The Documents screen: the documents of the workspace, and the open one beside the facts proposed from it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import shown_line
from garage_tui.core.review.document_list import DocumentListReader, DocumentSummary
from garage_tui.screens.documents import list_text
from garage_tui.screens.documents.document_view import DocumentView
from garage_tui.screens.documents.keys import BINDINGS, HELP, HELP_GROUPS
from garage_tui.screens.documents.open_document import OpenDocument
from garage_tui.screens.documents.page_view import PageView
from garage_tui.screens.documents.passes import Passes
from garage_tui.screens.documents.review import Review
from garage_tui.widgets.fitted_text import FittedText
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.table import Column, Table

if TYPE_CHECKING:
    from garage_tui.core.settings.settings import Settings, Workspace

T = TypeVar("T")
_EVERY = 1.5
"""Seconds between two looks at the files while the screen is in front."""
_NARROW = 100
_IN_LIST = frozenset({"read", "undo"})
_IN_DOCUMENT = frozenset({"sentence", "page", "end", "waiting", "fact", "leave", "undo", "write"})


class DocumentsPane(Pane):
    """The documents of a workspace."""

    HELP_PAGE = "guide/documents.md"
    HELP = HELP
    HELP_GROUPS = HELP_GROUPS
    FIRST_FOCUS = "#documents-table"
    BINDINGS = BINDINGS

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        super().__init__(id="documents")
        self.workspace, self.settings = workspace, settings
        self._reader = DocumentListReader(workspace)
        self._stamp: object = None
        self._guard = asyncio.Lock()
        self._open = OpenDocument(self)
        self._view = DocumentView(self, self._open)
        self._review = Review(self, self._open)
        self._passes = Passes(self)
        self._places: list[int] = []
        self.summaries: list[DocumentSummary] = []
        """The documents as they were last read."""

    def compose(self) -> ComposeResult:
        with Vertical(id="documents-list"):
            yield Static(Content(list_text.EMPTY), id="documents-empty", classes="empty")
            yield Table(
                Column("Document", middle=True),
                Column("Pages", 5, right=True),
                Column("Accepted", 8, right=True),
                Column("Waiting", 7, right=True),
                Column("Failing", 7, right=True, wide=True),
                Column("Refused", 7, right=True, wide=True),
                Column("No fact", 7, right=True),
                Column("State"),
                id="documents-table",
            )
            with Vertical(id="documents-details", classes="panel"):
                yield Static(id="documents-summary")
        with Vertical(id="documents-reading"):
            yield Static(id="documents-state")
            with Horizontal(id="documents-both"):
                yield PageView(id="documents-page")
                with VerticalScroll(id="documents-facts", classes="panel"):
                    yield FittedText()
        yield Static(classes="notice-line")
        yield Notice(ends=True)

    def on_mount(self) -> None:
        self.query_one(Table).border_title = "Documents"
        self.query_one("#documents-page").add_class("panel")
        self.set_interval(_EVERY, self.refresh_soon)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < _NARROW, "-narrow")

    def reveal(self) -> None:
        super().reveal()
        self.refresh_soon()

    @property
    def is_reading(self) -> bool:
        """Whether a document is open."""
        return bool(self._open.name)

    # Reading

    def refresh_soon(self) -> None:
        """Read again what has changed on disk, while the screen is in front."""
        if self.display and self.is_mounted:
            self.run_worker(self._refresh(), group="read")

    async def _refresh(self) -> None:
        if self._guard.locked():
            return
        async with self._guard:
            stamp = await asyncio.to_thread(self._reader.stamp)
            if stamp != self._stamp or any(one.is_at_work for one in self.summaries):
                self.summaries, self._stamp = await asyncio.to_thread(self._reader.read), stamp
                self._show_list()
            if self.is_reading:
                await self._read_open()

    async def _read_open(self) -> None:
        try:
            if await self._open.read():
                self.show_document()
        except GarageError as error:
            self.notice.wrong(str(error))
            self.action_leave()

    def open_at(self, name: str, start: int | None = None, quote: str = "") -> None:
        """Open a document, with the cursor on the sentence at a position of its text, or on a quote it has no more."""
        self._open.open(name, start, quote)
        self.add_class("-reading")
        self.show_document()
        self.query_one(PageView).focus(scroll_visible=False)
        self.run_worker(self._read_open(), group="open")

    # Showing

    def _show_list(self) -> None:
        table, name = self.query_one(Table), self.chosen.name if self.chosen else ""
        at = next((index for index, one in enumerate(self.summaries) if one.name == name), table.cursor)
        table.show_rows(len(self.summaries), lambda row: list_text.cells(self.summaries[row]), at)
        table.border_subtitle = plural(len(self.summaries), "document") if self.summaries else ""
        self.set_class(not self.summaries, "-empty")
        if self.is_reading:
            self._view.show_state(self.chosen)
        self.refresh_bindings()

    def on_table_moved(self) -> None:
        chosen = self.chosen
        if chosen and not self.is_reading:
            self.query_one("#documents-details").border_title = Content(shown_line(chosen.name, 100))
            self.query_one("#documents-summary", Static).update(Content("\n").join(list_text.details(chosen)))
            self.refresh_bindings()

    def show_document(self) -> None:
        """Show the open document with its cursor."""
        self._places = self._view.show(self.chosen)
        self.refresh_bindings()

    @property
    def chosen(self) -> DocumentSummary | None:
        """The open document in the list, else the one under the cursor; None where there is none."""
        if self.is_reading:
            return next((one for one in self.summaries if one.name == self._open.name), None)
        at = self.query_one(Table).cursor
        return self.summaries[at] if at < len(self.summaries) else None

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "undo":
            return self._review.can_undo
        if action in ("propose", "pause"):
            summary = self.chosen
            return summary is not None and summary.is_at_work == (action == "pause")
        if not self.is_reading:
            return action in _IN_LIST or (action in ("open_document", "remove") and self.chosen is not None)
        sentence, reviewed = self._open.sentence, self._open.reviewed
        if action in ("accept", "refuse", "edit"):
            return self._review.open_proposal is not None
        if action in ("accept_page", "accept_all"):
            return reviewed is not None and not self._review.is_busy
        if action == "go":
            return bool(sentence and sentence.outdated)
        if action == "write":
            return bool(sentence and not sentence.outdated)
        return action in _IN_DOCUMENT

    def on_table_selected(self) -> None:
        self.action_open_document()

    def on_page_view_clicked(self, event: PageView.Clicked) -> None:
        self._open.choose(self._places.index(event.item))
        self.show_document()

    def action_open_document(self) -> None:
        if self.chosen:
            self.open_at(self.chosen.name)

    def action_leave(self) -> None:
        if self._review.end() or not self.is_reading:
            return
        self._open.close()
        self.remove_class("-reading")
        self.query_one(Table).focus(scroll_visible=False)
        self._show_list()

    def action_sentence(self, by: int) -> None:
        self._open.move(by)
        self.show_document()

    def action_page(self, by: int) -> None:
        self._open.show_page(self._open.page + by)
        self.show_document()

    def action_end(self, page: int) -> None:
        if reviewed := self._open.reviewed:
            self._open.show_page(len(reviewed.pages) - 1 if page < 0 else 0)
            self.show_document()

    def action_fact(self, by: int) -> None:
        self._open.choose_fact(by)
        self.show_document()

    def action_waiting(self, by: int) -> None:
        if self._open.go_to_waiting(by):
            self.show_document()
        else:
            self.notice.note("No fact after this one waits for you." if by > 0 else "No fact before this one waits.")

    def action_go(self) -> None:
        reviewed, sentence = self._open.reviewed, self._open.sentence
        if reviewed and sentence and (found := reviewed.nearest(sentence.text)):
            self._open.go_to(found.start)
            self.show_document()

    def action_accept(self) -> None:
        self._review.accept()

    def action_accept_page(self) -> None:
        self._review.accept_all(page=True)

    def action_accept_all(self) -> None:
        self._review.accept_all(page=False)

    def action_refuse(self) -> None:
        self._review.refuse()

    def action_edit(self) -> None:
        self._review.edit()

    def action_write(self) -> None:
        self._review.write()

    def action_undo(self) -> None:
        self._review.undo()

    def action_read(self) -> None:
        self._passes.read()

    def action_propose(self) -> None:
        if self.chosen:
            self._passes.propose(self.chosen.name)

    def action_pause(self) -> None:
        if self.chosen:
            self._passes.pause(self.chosen.name)

    def action_remove(self) -> None:
        if self.chosen:
            self._passes.remove(self.chosen.name)

    async def ask(self, dialog: Screen[T]) -> T | None:
        return await self.app.push_screen_wait(dialog)
