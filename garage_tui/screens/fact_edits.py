"""What can be done to the rows of a facts file: write in their cells, add, delete, move, undo; and how it is saved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textual import events, work
from textual.timer import Timer

from garage_tui.core.errors import GarageError
from garage_tui.core.fact_lines import Fact, Line
from garage_tui.core.text import one_line, plain
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.widgets import TextArea

    from garage_tui.core.facts_store import FactsStore
    from garage_tui.core.merge import Choice
    from garage_tui.widgets.celleditor import CellEditor

COLUMNS = ("number", "question", "answer", "coverage")
QUESTION, ANSWER = COLUMNS.index("question"), COLUMNS.index("answer")
_BEGIN = {"a": "add", "e": "edit", "enter": "edit", "y": "duplicate"}
_DRAFT_SECONDS = 0.3
_HOW = {
    "question": "Write it as a person would ask. Enter goes to the answer, Esc gives it up.",
    "answer": "Write what the model shall answer. Enter saves, ^j begins a new line, Esc gives it up.",
}
_CHOICES: tuple[tuple[Choice, str], ...] = (
    ("both", "Merge: keep both versions of those rows, theirs first"),
    ("theirs", "Theirs: give up what is not saved here"),
    ("mine", "Mine: put my version of those rows in the place of theirs"),
)


@dataclass
class Writing:
    """The row that is written in."""

    line: Line | None
    """None: it is new."""
    place: int
    """Its place among the lines of the file, or where it will be."""
    question: str = ""
    answer: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    warned: bool = False
    """True once Esc was pressed on changed text."""


class FactEdits(Pane):
    """The actions of the facts pane that change the file. Each shows at once, and is on disk a moment later."""

    store: FactsStore | None
    writing: Writing | None = None
    _editor: CellEditor | None = None
    _saving: asyncio.Lock
    _draft_timer: Timer | None = None

    @property
    def place(self) -> int | None:
        """Place in the file of the row under the cursor."""
        raise NotImplementedError

    def show(self, place: int | None = None) -> None:
        """Show the file as it is now, with the cursor on a place of it."""
        raise NotImplementedError

    def label(self) -> str:
        """The file's name as a person in this workspace writes it."""
        raise NotImplementedError

    @property
    def _line(self) -> Line | None:
        """The line under the cursor."""
        return None if self.store is None or self.place is None else self.store.document.lines[self.place]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        some = self._line is not None
        document = self.store.document if self.store else None
        allowed = {
            "edit": some,
            "delete": some,
            "duplicate": some,
            "move": some,
            "exam": some,
            "undo": bool(document and document.can_undo),
            "redo": bool(document and document.can_redo),
        }
        return allowed.get(action, True)

    # Changing rows

    def _change(self, act: Callable[[], int | None], done: str) -> bool:
        """Change something in memory, show it, and have it saved. `act` returns where the cursor goes."""
        try:
            place = act()
        except GarageError as error:
            self.show()
            self.query_one(Notice).wrong(plain(str(error)))
            return False
        self.show(place)
        self._save(done)
        self.refresh_bindings()
        return True

    def action_delete(self) -> None:
        """Remove the chosen row; `u` brings it back."""
        store, line, place = self.store, self._line, self.place
        if store and line and place is not None:
            words = one_line(line.fact.question or line.fact.answer, 60) if line.fact else f"line {place + 1}"
            self._change(lambda: store.remove(line, "deleting a row", place), f"Deleted “{words}”")

    def action_move(self, by: int) -> None:
        """Move the chosen row past the one that is shown above or below it."""
        store, place, table = self.store, self.place, self.query_one(Table)
        if store is None or place is None or not 0 <= table.cursor + by < table.count:
            return
        to = self.place_of(table.cursor + by)

        def act() -> int:
            store.move(place, to, "moving a row")
            return to

        self._change(act, f"Moved to line {to + 1}")

    def place_of(self, row: int) -> int:
        """Return the place in the file of a row of the table."""
        raise NotImplementedError

    def action_exam(self) -> None:
        """Make the chosen row an exam question, or teach it again."""
        store, line, place = self.store, self._line, self.place
        if store is None or place is None or line is None or line.fact is None or not line.fact.question:
            self.query_one(Notice).wrong("only a question can be an exam question")
            return
        exam = None if line.fact.exam else True
        said = "An exam question now: never taught, asked afterwards" if exam else "Taught again, and no exam question"
        self._change(lambda: store.edit(line, {"exam": exam}, "marking a row", place), said)

    def action_undo(self) -> None:
        if store := self.store:
            self._back(store.undo, "Undone")

    def action_redo(self) -> None:
        if store := self.store:
            self._back(store.redo, "Made again")

    def _back(self, act: Callable[[], Any], word: str) -> None:
        said: list[str] = []

        def go() -> int:
            change = act()
            said.append(change.what)
            return int(change.at)

        document = self.store.document if self.store else None
        if document and (document.can_undo if word == "Undone" else document.can_redo):
            self._change(go, "") and self._save(f"{word}: {said[0]}")

    # Writing in cells

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
            self.query_one(Notice).wrong("a line that cannot be read cannot be duplicated: mend it with E")
            return
        fact = line.fact
        extra = {**fact.extra, "fact": fact.fact or fact.answer}
        self._write(Writing(None, place + 1, fact.question, fact.answer, extra), "question")

    def action_edit(self) -> None:
        """Write in the chosen cell."""
        line, place = self._line, self.place
        if line is None or place is None:
            return
        if line.fact is None:
            self.query_one(Notice).wrong(
                f"line {place + 1} cannot be read, and is kept as it is: E opens it in your editor"
            )
            return
        column = COLUMNS[self.query_one(Table).column or QUESTION]
        self._write(Writing(line, place, line.fact.question, line.fact.answer), column)

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
        value = writing.question if column == "question" else writing.answer
        editor = self._editor
        if editor is None:
            from garage_tui.widgets.celleditor import CellEditor  # noqa: PLC0415 (25 ms of the first paint)

            editor = self._editor = CellEditor(self._finish, self._give_up, self._drain)
            self.mount(editor)
        editor.begin(value, column, cell, bottom=self.query_one(Notice).region.y - self.region.y)
        if text is not None:
            editor.text = text
            editor.move_cursor(editor.document.end)
        self.screen.set_focus(editor, scroll_visible=False)
        self.query_one(Notice).note(_HOW[column])

    def _finish(self, by: str) -> None:
        """Go on to the other cell, or take what was written."""
        editor, writing = self._editor, self.writing
        if writing is None or editor is None:
            return
        text = editor.text.strip()
        if not text and not (by == "back" and writing.line is None):
            self.query_one(Notice).wrong(f"The {editor.column} is empty: write one, or press Esc")
            return
        if editor.column == "question":
            writing.question = text
        else:
            writing.answer = text
        if by in ("tab", "back") or (by == "enter" and writing.line is None and editor.column == "question"):
            self._write(writing, "answer" if editor.column == "question" else "question")
        elif not writing.question or not writing.answer:
            self.query_one(Notice).wrong(f"The {'question' if not writing.question else 'answer'} is empty")
        else:
            self._take(writing)

    def _take(self, writing: Writing) -> None:
        """Put what was written into the file."""
        store = self.store or self.create()
        if store is None:
            return
        line, question, answer = writing.line, writing.question, writing.answer
        if line is None:
            fact = Fact(question, answer, writing.extra)

            def add() -> int:
                place = min(writing.place, len(store.document.lines))
                store.insert(place, [fact], "adding a row")
                return place

            self._end_writing()
            self._change(add, "")
            return
        assert line.fact
        values: dict[str, object] = {}
        if question != line.fact.question:
            values["question"] = question
        if answer != line.fact.answer or line.fact.statement:
            values["answer"] = answer
        if not values:
            self._end_writing()
            return
        try:
            place = store.edit(line, values, "editing a row", writing.place)
        except GarageError:
            # What was typed is offered as a row of its own, never thrown away.
            writing.extra = line.fact.extra
            writing.line, writing.warned = None, True
            self.query_one(Notice).wrong(
                "Not saved: this row was changed on disk meanwhile. Enter adds yours as a new row, Esc gives it up."
            )
            return
        self._end_writing()
        self._change(lambda: place, "")

    def create(self) -> FactsStore | None:
        """Begin a new file; None where that cannot be done, which was said then."""
        raise NotImplementedError

    def _give_up(self) -> None:
        writing, editor = self.writing, self._editor
        if writing is None or editor is None:
            return
        fact = writing.line.fact if writing.line else None
        was = (fact.question, fact.answer) if fact else ("", "")
        text = editor.text.strip()
        now = (text, writing.answer) if editor.column == "question" else (writing.question, text)
        if now != was and any(now) and not writing.warned and (editor.text != editor.was or writing.line is None):
            writing.warned = True
            self.query_one(Notice).wrong("Not saved yet: Enter saves, Esc once more throws it away")
            return
        self._end_writing()
        self.query_one(Notice).clear()

    def _end_writing(self) -> None:
        place = self.writing.place if self.writing else None
        self.writing = None
        self._forget_draft()
        if self._editor:
            self._editor.closed = True
            self._editor.remove()
            self._editor = None
        self.screen.set_focus(self.query_one(Table), scroll_visible=False)
        self.show(place)

    # Keeping what is written

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        if self._draft_timer is None and self.writing is not None:
            self._draft_timer = self.set_timer(_DRAFT_SECONDS, self._keep_draft)

    @work(group="draft")
    async def _keep_draft(self) -> None:
        from garage_tui.core.journal import Draft  # noqa: PLC0415

        self._draft_timer = None
        writing, editor, store = self.writing, self._editor, self.store
        if writing is None or store is None or editor is None:
            return
        other = writing.answer if editor.column == "question" else writing.question
        draft = Draft(editor.text, editor.column, other, writing.line.raw if writing.line else b"", writing.place)
        await asyncio.to_thread(store.draft, draft)

    @work(group="draft")
    async def _forget_draft(self) -> None:
        if self._draft_timer:
            self._draft_timer.stop()
            self._draft_timer = None
        if self.store:
            await asyncio.to_thread(self.store.draft, None)

    def action_save(self) -> None:
        """Try again to write what could not be written."""
        self._save("")

    @work(group="save")
    async def _save(self, done: str) -> None:
        store = self.store
        if store is None:
            return
        notice = self.query_one(Notice)
        async with self._saving:
            store.caught_up = False
            while store.unsaved:
                try:
                    theirs = await asyncio.to_thread(store.save)
                except GarageError as error:
                    self.show()
                    notice.wrong(plain(str(error)))
                    return
                if theirs:
                    store.accept(theirs, await self._choose() if theirs.clashes else "both")
                    self.show()
        if store is self.store:
            self.show()
            said = done or f"Saved {self.label()}"
            more = "the version before it is " + store.path.name + ".bak"
            if store.caught_up:
                more = "somebody else had changed it; your change was put into their version"
            elif done:
                more = "u takes it back" if not done.startswith("Undone") else "U makes it again"
            notice.done(f"{said} · {more}")

    async def _choose(self) -> Choice:
        from garage_tui.widgets.dialogs import Pick  # noqa: PLC0415 (not needed for the first paint)

        title = "Somebody else changed the same rows on disk"
        choice = await self.app.push_screen_wait(Pick(title, [words for _, words in _CHOICES]))
        return _CHOICES[choice or 0][0]
