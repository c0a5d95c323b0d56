"""The Facts screen: the questions and answers that a model should learn, in a table with an editor below it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from garage_tui.core.base.settings import Settings, Workspace, journals_folder
from garage_tui.core.facts.filter import Filter
from garage_tui.core.facts.session import FactsSession
from garage_tui.screens.facts import row_text
from garage_tui.screens.facts.background_checks import BackgroundChecks
from garage_tui.screens.facts.fact_details import FactDetails
from garage_tui.screens.facts.fact_table import FactTable
from garage_tui.screens.facts.import_export import ImportExport
from garage_tui.screens.facts.open_file import OpenFile
from garage_tui.screens.facts.row_edits import RowEdits
from garage_tui.screens.facts.row_filter import RowFilter
from garage_tui.screens.facts.row_tools import RowTools
from garage_tui.screens.facts.row_writer import RowWriter
from garage_tui.screens.facts.wording_requests import WordingRequests
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from textual.widgets import Input, TextArea

    from garage_tui.core.facts.line import Fact, Line
    from garage_tui.core.facts.row_draft import RowDraft
    from garage_tui.core.facts.store import FactsStore
    from garage_tui.screens.facts.suggestions_dialog import About
    from garage_tui.widgets.table import Table

T = TypeVar("T")
_EMPTY = (
    "No facts yet.\n\nPress a to write the first one: a question, and the answer that the model should give.\n"
    "Or paste sentences here, or press I to import a CSV, chat or text file.\n\n"
    "Facts are saved in {path}, one JSON object per line. Once there are some, press t to teach them to a model."
)
_FOLLOW_SECONDS = 1.0
_WRITING_KEYS = {"a": "add", "e": "edit", "enter": "edit", "y": "duplicate"}


class FactsPane(Pane):
    """A facts file: its rows, and the row under the cursor in full.

    Args:
        path: the file to open; by default `datasets/garage.jsonl`, else the first there is.
    """

    HELP_PAGE = "guide/facts.md"
    HELP = (
        "Here you write what the model should learn: questions as a person would ask them, and the answers you want. "
        "Several wordings of one question work better than one; the last column shows what a fact still lacks. "
        "Enter edits the chosen row, ← and → choose where you begin, a adds a row. Then press t to teach the facts.\n\n"
        "Every change is saved at once, and u undoes it. The version from before this session stays beside the file, "
        "with .bak at the end of its name. Rows marked exam (x) are never taught; they are asked afterwards. Lines "
        "marked ✗ cannot be read; they are kept as they are until you fix them (E)."
    )
    FIRST_FOCUS = "#facts-table"
    HELP_GROUPS = (
        ("Rows", "add edit column duplicate exam delete move undo redo"),
        ("Teaching them", "app.teach suggest tokens"),
        ("Which rows are shown", "search only show_all"),
        ("Files", "open bring export editor editor_file save"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add", tooltip="Add a row below the chosen one"),
        Binding("e", "edit", "Edit", tooltip="Edit the chosen row (so does Enter)"),
        Binding("t", "app.teach", "Teach", tooltip="Teach these facts to a model"),
        Binding("slash", "search", "Find", key_display="/", tooltip="Show only rows that contain some words"),
        Binding("u,ctrl+z", "undo", "Undo", key_display="u", tooltip="Undo the last change"),
        Binding("U,ctrl+y", "redo", "Redo", show=False, key_display="U", tooltip="Redo the change that was undone"),
        Binding("y", "duplicate", "Variant", show=False, tooltip="Write another question for the same fact"),
        Binding("x", "exam", "Exam", show=False, tooltip="Make the row an exam question, or teach it again"),
        Binding("d,delete", "delete", "Delete", show=False, key_display="d", tooltip="Delete the chosen row"),
        Binding("left_square_bracket,alt+up", "move(-1)", "Up", show=False, key_display="[", tooltip="Move the row up"),
        Binding(
            "right_square_bracket,alt+down", "move(1)", "Down", show=False, key_display="]", tooltip="Move the row down"
        ),
        Binding("f", "only", "Filter", show=False, tooltip="Show only one kind of rows: with problems, without exam …"),
        Binding(
            "v",
            "tokens",
            "Tokens",
            show=False,
            tooltip="Show the row as the model sees it: its tokens, and which are learned",
        ),
        Binding("s", "suggest('question')", "Suggest", show=False, tooltip="Suggest other questions"),
        Binding("S", "suggest('answer')", "Answers", show=False, tooltip="Suggest other wordings of the answer"),
        Binding("E", "editor", "Row in editor", show=False, tooltip="Edit the row, with all its keys, in your $EDITOR"),
        Binding("W", "editor_file", "File in editor", show=False, tooltip="Edit the whole file in your $EDITOR"),
        Binding("o", "open", "Open", show=False, tooltip="Open another facts file from datasets/, or begin a new one"),
        Binding("I", "bring", "Import", show=False, tooltip="Add the facts of a CSV, chat or text file"),
        Binding("X", "export", "Export", show=False, tooltip="Export these facts as CSV or in a chat format"),
        Binding("ctrl+s", "save", "Save", show=False, tooltip="Try again to save"),
        Binding("left,h", "column(-1)", "Question", show=False, tooltip="Choose the question: Enter begins there"),
        Binding("right,l", "column(1)", "Answer", show=False, tooltip="Choose the answer: Enter begins there"),
        Binding("escape", "show_all", "All rows", show=False, key_display="Esc"),
    ]

    def __init__(self, workspace: Workspace, settings: Settings, path: Path | None = None) -> None:
        super().__init__(id="facts")
        self.workspace, self.settings = workspace, settings
        self.session = FactsSession(workspace, journals_folder(), path)
        self._filter = RowFilter(self)
        self._edits = RowEdits(self)
        self._rows = RowWriter(self, self, self._write_row, self._leave_row)
        self._files = OpenFile(self, self._edits, self._rows.restore)
        self._tools = RowTools(self, self._edits, self._files.follow)
        self._exchange = ImportExport(self, self._edits)
        self._checks = BackgroundChecks(self)
        self._wordings = WordingRequests(self, self._files, self._rows)
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield FactTable(id="facts-table")
        yield FactDetails()
        yield Static(id="facts-notice-line")
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

    async def add_fact(self, fact: Fact) -> str:
        """Put a fact that was written on another screen below the others and save it; return its file and line as text.

        Raises:
            GarageError: it is not in the file.
        """
        await self._files.first_read.wait()
        return await self._edits.append(fact)

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

    def _chosen(self) -> Line | None:
        """Return the line that the cursor is on, or came from to write a new row."""
        draft, position = self._rows.draft, self.position
        if draft is not None and draft.line is None:
            position = draft.position - 1
        lines = self.store.document.lines if self.store else []
        return lines[position] if position is not None and 0 <= position < len(lines) else None

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
        self._filter.reset()
        self.show(0)

    def show(self, position: int | None = None) -> None:
        positions = self._filter.positions(position)
        if positions is not None:
            self.paint(positions, position)

    def show_successor(self, earlier: list[Line]) -> None:
        position = self.table.painted_position
        if self.store and position is not None:
            self._rows.follow(self.store.document, earlier)
            position = self.store.document.nearest(earlier, position)
        self.show(position)

    def paint(self, positions: list[int], position: int | None) -> None:
        table, label = self.table, self.session.label()
        if self.store:
            self.store.document.chosen = self._chosen
        table.display_rows(self.store.document if self.store else None, positions, self._rows.draft, position)
        empty = not table.count and not self._filter.filter
        self.set_class(empty, "-empty")
        if empty:
            text = Content(_EMPTY.format(path=label))
            for shown in self.query("#facts-empty").results(Static):
                shown.update(text)  # another file may be open now
            if not self.query("#facts-empty"):
                self.mount(Static(text, id="facts-empty", classes="empty"), after=0)
        table.border_title = Content(label)
        self.show_counts()
        self.refresh_bindings()

    def show_counts(self) -> None:
        store, table, text = self.store, self.table, ""
        if store:
            text = row_text.counts(store.document, len(table.positions), self._filter.filter, store.unsaved)
        table.border_subtitle = Content(text)

    def _show_details(self) -> None:
        position, title, text = self.position, "Fact", Content()
        if position is not None and self.store is not None:
            title = f"Line {position + 1}"
            text = row_text.details(self.store.document, self.store.document.lines[position])
        elif self._filter.filter:
            text = Content.styled("No row matches. Esc shows all rows again.", "$muted")
        self.query_one(FactDetails).display_text(title, text)

    # Events

    async def on_key(self, event: events.Key) -> None:
        """Open the editor at once, and give it the keys that were typed ahead: over a slow line they come together."""
        if not await self._rows.take_key(event) and self.table.has_focus and event.key in _WRITING_KEYS:
            event.stop()
            getattr(self, f"action_{_WRITING_KEYS[event.key]}")()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        self._rows.text_changed()

    def on_table_moved(self, event: Table.Moved) -> None:
        if not self.is_writing:
            self._show_details()

    def on_table_selected(self) -> None:
        self.action_edit()

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        if self.is_writing:
            self._rows.paste(event.text)
        elif event.text.strip():
            self._exchange.paste(event.text)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._filter.change(Filter(event.value, self._filter.filter.only))

    def on_filter_input_left(self) -> None:
        self.table.focus()

    def on_filter_input_closed(self) -> None:
        self.query("FilterInput").remove()
        self.table.focus()
        self._filter.change(Filter("", self._filter.filter.only))

    def _write_row(self, draft: RowDraft) -> None:
        self._edits.write(draft, self._rows.close)

    def _leave_row(self, draft: RowDraft) -> None:
        if draft.line is None:
            self.show(max(0, draft.position - 1))  # where one came from
        else:
            self._show_details()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.is_writing:
            return False  # the row that is being written comes first; the palette would offer them, too
        return self._edits.may(action) or (action == "undo" and self._rows.can_restore)

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
        """Open the input line of the filter; what is typed right behind it goes there."""
        from garage_tui.widgets.filter_input import FilterInput  # noqa: PLC0415 (not needed for the first paint)

        if not self.query(FilterInput):
            await self.mount(FilterInput(id="facts-search"), after="#facts-table")
        self.screen.set_focus(self.query_one(FilterInput))

    def action_show_all(self) -> None:
        """Show all rows again. With nothing filtered Esc does nothing: it never leaves a screen."""
        if self._rows.absorbs_escape():
            return
        if self._filter.filter:
            self.query("FilterInput").remove()
            self._filter.change(Filter())
