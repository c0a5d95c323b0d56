"""The Facts screen: the questions and answers that a model should learn, in a table with an editor below it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from garage_tui.core.facts.session import FactsSession
from garage_tui.core.settings.settings import Settings, Workspace, journals_folder
from garage_tui.screens.facts.background_checks import BackgroundChecks
from garage_tui.screens.facts.fact_details import FactDetails
from garage_tui.screens.facts.fact_statuses import FactStatuses
from garage_tui.screens.facts.fact_table import FactTable
from garage_tui.screens.facts.import_export import ImportExport
from garage_tui.screens.facts.keys import BINDINGS, HELP, HELP_GROUPS
from garage_tui.screens.facts.open_file import OpenFile
from garage_tui.screens.facts.row_edits import RowEdits
from garage_tui.screens.facts.row_filter import RowFilter
from garage_tui.screens.facts.row_tools import RowTools
from garage_tui.screens.facts.row_view import RowView
from garage_tui.screens.facts.row_writer import RowWriter
from garage_tui.screens.facts.search_line import SearchLine
from garage_tui.screens.facts.suggestions.wording_requests import WordingRequests
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from textual.widgets import Input, TextArea

    from garage_tui.core.facts.line import Fact, Line
    from garage_tui.core.facts.row_draft import RowDraft
    from garage_tui.core.facts.store import FactsStore
    from garage_tui.core.school.fact_change import Outcome
    from garage_tui.screens.facts.suggestions.suggestions_dialog import About
    from garage_tui.widgets.table import Table

T = TypeVar("T")
_FOLLOW_SECONDS = 1.0
_WRITING_KEYS = {"a": "add", "e": "edit", "enter": "edit", "y": "duplicate"}


class FactsPane(Pane):
    """A facts file: its rows, and the row under the cursor in full.

    Args:
        path: the file to open; by default `datasets/garage.jsonl`, else the first there is.
    """

    HELP_PAGE = "guide/facts.md"
    HELP = HELP
    FIRST_FOCUS = "#facts-table"
    HELP_GROUPS = HELP_GROUPS
    BINDINGS = BINDINGS

    def __init__(self, workspace: Workspace, settings: Settings, path: Path | None = None) -> None:
        super().__init__(id="facts")
        self.workspace, self.settings = workspace, settings
        self.session = FactsSession(workspace, journals_folder(), path)
        self._filter = RowFilter(self, lambda line: self._statuses.status(line))
        self._search = SearchLine(self, self._filter)
        self._edits = RowEdits(self)
        self._rows = RowWriter(self, self, lambda draft: self._edits.write(draft, self._rows.close), self._leave_row)
        self._statuses = FactStatuses(self, lambda: self._view.show_statuses())
        self._view = RowView(self, self, self._filter, self._rows, self._statuses)
        self._files = OpenFile(self, self._edits, self._rows.restore)
        self._tools = RowTools(self, self._edits, self._files.take_edited)
        self._exchange = ImportExport(self, self._edits)
        self._checks = BackgroundChecks(self)
        self._wordings = WordingRequests(self, self._files, self._rows)
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield FactTable(id="facts-table")
        yield FactDetails()
        yield Static(id="facts-notice-line", classes="notice-line")
        yield Notice(ends=True)

    def on_mount(self) -> None:
        self._timer = self.set_interval(_FOLLOW_SECONDS, self._follow, pause=True)
        if not self._files.open_if_small():
            self.table.border_subtitle = "reading …"
            self.call_after_refresh(self._files.open)  # the first paint first

    def on_unmount(self) -> None:
        self.session.close(self._rows.unsaved)

    async def save_before_leaving(self) -> str:
        """Save what is not saved; return what stays unsaved as sentences for the shell, and nothing if all is saved."""
        return await self.session.save_all(self._rows.unsaved)

    def reveal(self) -> None:
        super().reveal()
        if self._timer:
            self._timer.resume()

    def conceal(self) -> None:
        super().conceal()
        if self._timer:
            self._timer.pause()

    async def _follow(self) -> None:
        """Check what was changed, and follow what an editor or another app does to the file."""
        self._checks.start()
        self._statuses.start()
        await self._files.reload_changed()

    # What the app and the parts ask

    @property
    def store(self) -> FactsStore | None:
        """The open facts file; None before it was read."""
        return self.session.store

    @property
    def path(self) -> Path | None:
        """Where the open file is; None where there is none yet."""
        return self.session.path

    async def add_fact(self, fact: Fact) -> tuple[Outcome, str]:
        """Put a fact that was written in the chat into the file and save it; return what happened, its file and line.

        Raises:
            GarageError: it is not in the file.
        """
        from garage_tui.screens.facts.chat_facts import ChatFacts  # noqa: PLC0415 (not needed for the first paint)

        await self._files.first_read.wait()
        return await ChatFacts(self, self._edits).add(fact)

    async def write_wording(self, path: Path, question: str, fact: str) -> None:
        """Open another row for the fact of a question that a report card shows, in the file that the run taught."""
        await self._wordings.write(path, question, fact)

    @property
    def table(self) -> FactTable:
        return self.query_one(FactTable)

    @property
    def position(self) -> int | None:
        return self.table.position

    @property
    def line(self) -> Line | None:
        position = self.position
        return None if self.store is None or position is None else self.store.document.lines[position]

    @property
    def is_writing(self) -> bool:
        return self._rows.draft is not None

    @property
    def is_in_front(self) -> bool:
        return self.app.screen is self.screen

    async def ask(self, dialog: Screen[T]) -> T | None:
        return await self.app.push_screen_wait(dialog)

    def suspend(self) -> AbstractContextManager[None]:
        return self.app.suspend()

    # Showing

    def show_all(self) -> None:
        self._view.show_all()

    def show(self, position: int | None = None) -> None:
        self._view.show(position)

    def show_successor(self, earlier: list[Line]) -> None:
        self._view.show_successor(earlier)

    def paint(self, positions: list[int], position: int | None) -> None:
        self._view.paint(positions, position)

    def show_counts(self) -> None:
        self._view.show_counts()

    # Events

    async def on_key(self, event: events.Key) -> None:
        """Give a key to the editor while it is open, or open it at once: no key behind this one overtakes it."""
        if not await self._rows.take_key(event) and self.table.has_focus and event.key in _WRITING_KEYS:
            event.stop()
            getattr(self, f"action_{_WRITING_KEYS[event.key]}")()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        self._rows.text_changed()

    def on_table_moved(self, event: Table.Moved) -> None:
        if not self.is_writing:
            self._view.show_details()

    def on_table_selected(self) -> None:
        self.action_edit()

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if self.is_writing:
            self._rows.paste(event.text)
        elif event.text.strip():
            self._exchange.paste(event.text)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._search.change(event.value)

    def on_filter_input_left(self) -> None:
        self.table.focus()

    def on_filter_input_closed(self) -> None:
        self._search.close()

    def _leave_row(self, draft: RowDraft) -> None:
        if draft.line is None:
            self.show(max(0, draft.position - 1))  # where one came from
        else:
            self._view.show_details()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.is_writing:
            return False  # the row that is being written comes first; the palette would offer them, too
        return self._edits.may(action) or (action == "undo" and self._rows.can_restore)

    def why_unavailable(self, action: str) -> str:
        return "" if self.is_writing else self._edits.why_not(action)

    def action_add(self) -> None:
        self._rows.add()

    def action_edit(self) -> None:
        self._rows.edit()

    def action_duplicate(self) -> None:
        self._rows.duplicate()

    def action_delete(self) -> None:
        self._edits.delete()

    def action_move(self, by: int) -> None:
        self._edits.move(by)

    def action_exam(self) -> None:
        self._edits.toggle_exam()

    def action_undo(self) -> None:
        if not self._rows.restore_cancelled():
            self._edits.undo()

    def action_redo(self) -> None:
        self._edits.redo()

    def action_save(self) -> None:
        self._edits.save()

    def action_tokens(self) -> None:
        self._tools.show_tokens()

    def action_page(self) -> None:
        self._tools.show_page()

    def action_suggest(self, about: About) -> None:
        self._tools.suggest(about)

    def action_editor(self) -> None:
        self._tools.open_row_in_editor()

    def action_editor_file(self) -> None:
        self._tools.open_file_in_editor()

    def action_open(self) -> None:
        self._files.choose()

    def action_bring(self) -> None:
        self._exchange.import_file()

    def action_export(self) -> None:
        self._exchange.export_file()

    def action_column(self, by: int) -> None:
        self.table.choose_column(by)

    def action_only(self) -> None:
        self._filter.choose_kind()

    async def action_search(self) -> None:
        await self._search.open()

    def action_show_all(self) -> None:
        """Show all rows again. With nothing filtered Esc does nothing: it never leaves a screen."""
        if not self._rows.absorbs_escape():
            self._search.show_all()
