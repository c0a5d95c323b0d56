"""Writing in the cells of a facts file; and how what is being written survives."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textual import events, work
from textual.timer import Timer

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import hidden, shown, unshown
from garage_tui.core.facts.line import Fact, Line
from garage_tui.screens.facts.row_edits import FactEdits
from garage_tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.widgets import TextArea

    from garage_tui.core.facts.store import FactsStore
    from garage_tui.widgets.cell_editor import CellEditor

COLUMNS = ("number", "question", "answer", "coverage")
QUESTION, ANSWER = COLUMNS.index("question"), COLUMNS.index("answer")
OTHER = {"question": "answer", "answer": "question"}
_BEGIN = {"a": "add", "e": "edit", "enter": "edit", "y": "duplicate"}
_DRAFT_SECONDS = 0.3
_HOW = {"question": "Write it as a person would ask.", "answer": "Write what the model shall answer."}


@dataclass
class Writing:
    """The row that is written in."""

    line: Line | None
    """None: it is new."""
    place: int
    """Its place among the lines of the file, or where it will be."""
    texts: dict[str, str] = field(default_factory=lambda: {"question": "", "answer": ""})
    """Both halves, as they are so far."""
    extra: dict[str, Any] = field(default_factory=dict)
    """The other keys of a new row."""
    warned: bool = False
    """True once Esc was pressed on changed text."""


class FactCells(FactEdits):
    """The actions of the facts pane that write in cells."""

    writing: Writing | None = None
    _editor: CellEditor | None = None
    _draft_timer: Timer | None = None

    async def on_key(self, event: events.Key) -> None:
        """Begin to write at once, and give what was typed ahead to the cell: over a slow line both come together."""
        if self.writing is not None and self._editor is not None:
            event.stop()
            await self._editor.take(event)
        elif self.query_one(Table).has_focus and event.key in _BEGIN:
            event.stop()
            getattr(self, f"action_{_BEGIN[event.key]}")()

    def action_add(self) -> None:
        """Write a new row below the chosen one."""
        place = 0 if self.store is None else len(self.store.document.lines) if self.place is None else self.place + 1
        self._write(Writing(None, place), "question")

    def action_duplicate(self) -> None:
        """Write another question for the same fact, beginning with a copy of the chosen row."""
        line, place = self._line, self.place
        if place is None or line is None or line.fact is None:
            self.notice.wrong("a line that cannot be read cannot be duplicated: mend it with E")
            return
        fact = line.fact
        if self._cannot_be_written(fact):
            return
        extra = {**fact.extra, "fact": fact.says}
        copy = {"question": fact.question, "answer": fact.answer}
        self._write(Writing(None, place + 1, copy, extra), "question")

    def action_edit(self) -> None:
        """Write in the chosen cell."""
        line, place = self._line, self.place
        if line is None or place is None:
            return
        if line.fact is None:
            self.notice.wrong(f"line {place + 1} cannot be read, and is kept as it is: E opens it in your editor")
            return
        if self._cannot_be_written(line.fact):
            return
        column = COLUMNS[self.query_one(Table).column or QUESTION]
        self._write(Writing(line, place, {"question": line.fact.question, "answer": line.fact.answer}), column)

    def _cannot_be_written(self, fact: Fact) -> bool:
        """Say so where a cell could not give back what it holds: marks beside what they stand for, floods of them."""
        for text in (fact.question, fact.answer):
            if (marks := hidden(text)) and unshown(shown(text)) != text:
                words = f"a cell cannot keep {' '.join(marks[:5])} as it is: E opens the row in your editor"
                self.notice.wrong(words)
                return True
        return False

    async def _drain(self) -> None:
        """Wait until the keys that were on their way when the cell was opened have come to it."""
        table, quiet = self.query_one(Table), 0
        while quiet < 2:
            quiet = 0 if table.message_queue_size or self.message_queue_size else quiet + 1
            await asyncio.sleep(0)

    def _write(self, writing: Writing, column: str, text: str | None = None) -> None:
        """Open a cell to be written in; `text` is what stands there instead of what the row holds."""
        self.writing = writing
        self.show(writing.place)
        table = self.query_one(Table)
        table.column = COLUMNS.index(column)
        cell = table.cell_region(table.cursor, table.column).translate(table.region.offset - self.region.offset)
        editor = self._editor
        if editor is None:
            from garage_tui.widgets.cell_editor import CellEditor  # noqa: PLC0415 (25 ms of the first paint)

            editor = self._editor = CellEditor(self._finish, self._give_up, self._drain)
            self.mount(editor)
        editor.begin(writing.texts[column], column, cell, bottom=self.notice.region.y - self.region.y)
        if text is not None:
            editor.put(text)
        self.screen.set_focus(editor, scroll_visible=False)
        goes_on = writing.line is None and column == "question"
        self.notice.note(f"{_HOW[column]} Enter {'goes to the answer' if goes_on else 'saves it'}.")

    def _finish(self, by: str) -> None:
        """Go on to the other cell, or take what was written."""
        editor, writing = self._editor, self.writing
        if writing is None or editor is None:
            return
        column, other = editor.column, OTHER[editor.column]
        text = editor.value
        if not text and not (by == "back" and writing.line is None):
            self.notice.wrong(f"The {column} is empty: write one, or press Esc")
            return
        writing.texts[column] = text
        if by in ("tab", "back") or (by == "enter" and writing.line is None and column == "question"):
            self._write(writing, other)
        elif not writing.texts[other]:
            self.notice.wrong(f"The {other} is empty")
        else:
            self._take(writing)

    def _take(self, writing: Writing) -> None:
        """Put what was written into the file."""
        store = self.store or self.create()
        if store is None:
            return
        line, (question, answer) = writing.line, writing.texts.values()
        if line is None:
            place = min(writing.place, len(store.document.lines))
            store.insert(place, [Fact(question, answer, writing.extra)], "adding a row")
            self._end_writing()
            self._changed(place)
            return
        assert line.fact
        values: dict[str, object] = {}
        if question != line.fact.question:
            values["question"] = question
        if answer != line.fact.answer or line.fact.statement:
            values["answer"] = answer
        if not values:
            self._end_writing()
            self.show(writing.place)
            return
        try:
            place = store.edit(line, values, "editing a row", writing.place)
        except GarageError:
            # What was typed is offered as a row of its own, never thrown away.
            writing.extra = line.fact.extra
            writing.line, writing.warned = None, True
            self.notice.wrong(
                "Not saved: this row was changed on disk meanwhile. Enter adds yours as a new row, Esc gives it up."
            )
            return
        self._end_writing()
        self._changed(place)

    def create(self) -> FactsStore | None:
        """Begin a new file; None where that cannot be done, which was said then."""
        raise NotImplementedError

    def _give_up(self) -> None:
        writing, editor = self.writing, self._editor
        if writing is None or editor is None:
            return
        fact = writing.line.fact if writing.line else None
        was = {"question": fact.question, "answer": fact.answer} if fact else {"question": "", "answer": ""}
        now = {**writing.texts, editor.column: editor.value}
        if now != was and any(now.values()) and not writing.warned:
            writing.warned = True
            self.notice.wrong("Not saved yet: Enter saves, Esc once more throws it away")
            return
        self._end_writing()
        self.show(writing.place if writing.line else max(0, writing.place - 1))  # where one came from
        self.notice.clear()

    def _end_writing(self) -> None:
        """Close the cell; what is shown then is the caller's."""
        self.writing = None
        self._forget_draft()
        if self._editor:
            self._editor.closed = True
            self._editor.remove()
            self._editor = None
        self.screen.set_focus(self.query_one(Table), scroll_visible=False)

    # Keeping what is written

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        if self._draft_timer is None and self.writing is not None:
            self._draft_timer = self.set_timer(_DRAFT_SECONDS, self._keep_draft)

    @work(group="draft")
    async def _keep_draft(self) -> None:
        from garage_tui.core.facts.journal import UnsavedText  # noqa: PLC0415

        self._draft_timer = None
        writing, editor, store = self.writing, self._editor, self.store
        if writing is None or store is None or editor is None:
            return
        raw, other = writing.line.raw if writing.line else b"", writing.texts[OTHER[editor.column]]
        draft = UnsavedText(editor.written, editor.column, other, raw, writing.place)
        await asyncio.to_thread(store.draft, draft)

    @work(group="draft")
    async def _forget_draft(self) -> None:
        if self._draft_timer:
            self._draft_timer.stop()
            self._draft_timer = None
        if self.store:
            await asyncio.to_thread(self.store.draft, None)
