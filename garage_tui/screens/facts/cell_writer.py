"""Writing in the cells of the table, and keeping what is being written in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events
from textual.timer import Timer
from textual.widget import Widget

from garage_tui.core.facts.row_draft import EmptyCell, FinishKey, NextCell, RowDraft, unwritable_marks

if TYPE_CHECKING:
    from garage_tui.core.facts.journal import UnsavedText
    from garage_tui.core.facts.line import Fact
    from garage_tui.screens.facts.host import FactsHost
    from garage_tui.widgets.cell_editor import CellEditor

_DRAFT_SECONDS = 0.3
_HINTS = {"question": "Write it as a person would ask.", "answer": "Write what the model should answer."}


class CellWriter:
    """Opens an editor over a cell, goes from cell to cell, and reports when the row is done or given up.

    Its outcomes are direct calls and no messages: what was typed ahead must meet the screen as the key before left it.

    Args:
        parent: the widget over whose table the editor lies.
        done: called with a row whose cells are both written; it calls `close` once the row is taken.
        given_up: called when a row was given up and its cell is closed.
    """

    def __init__(
        self,
        host: FactsHost,
        parent: Widget,
        done: Callable[[RowDraft], object],
        given_up: Callable[[RowDraft], object],
    ) -> None:
        self._host, self._parent, self._done, self._given_up = host, parent, done, given_up
        self.draft: RowDraft | None = None
        """The row that is being written; None while no cell is open."""
        self._editor: CellEditor | None = None
        self._timer: Timer | None = None

    # Opening a cell

    def add(self) -> None:
        """Write a new row below the chosen one."""
        store, position = self._host.session.store, self._host.position
        end = len(store.document.lines) if store else 0
        self.open(RowDraft(None, end if position is None else position + 1), "question")

    def duplicate(self) -> None:
        """Write another question for the same fact, beginning with a copy of the chosen row."""
        line, position = self._host.line, self._host.position
        if position is None or line is None or line.fact is None:
            self._host.notice.wrong("This line cannot be read, so it cannot be duplicated: fix it with E")
        elif self._can_be_written(line.fact):
            self.open(RowDraft.variant_of(line.fact, position + 1), "question")

    def edit(self) -> None:
        """Write in the chosen cell."""
        line, position, notice = self._host.line, self._host.position, self._host.notice
        if line is None or position is None:
            return
        if line.fact is None:
            notice.wrong(f"Line {position + 1} cannot be read, and is kept as it is: E opens it in your editor")
        elif self._can_be_written(line.fact):
            self.open(RowDraft.of(line, position), self._host.table.column_name)

    def restore(self, text: UnsavedText) -> None:
        """Open the cell again in which somebody was writing when the app was killed."""
        store = self._host.session.store
        self.open(RowDraft.restored(text, store.document.lines if store else []), text.column, text.text)

    def _can_be_written(self, fact: Fact) -> bool:
        """Return whether a cell could give back what it holds; if not, the notice says why."""
        if marks := unwritable_marks(fact):
            text = f"A cell cannot keep {' '.join(marks[:5])} as it is: E opens the row in your editor"
            self._host.notice.wrong(text)
        return not marks

    def open(self, draft: RowDraft, column: str, text: str | None = None) -> None:
        """Open a cell to be written in; `text` is what it begins with instead of what the row holds."""
        host, parent, table = self._host, self._parent, self._host.table
        self.draft = draft
        host.show(draft.position)
        table.choose_cell(column)
        cell = table.cell_region(table.cursor, table.column or 0)
        cell = cell.translate(table.region.offset - parent.region.offset)
        editor = self._editor
        if editor is None:
            from garage_tui.widgets.cell_editor import CellEditor  # noqa: PLC0415 (25 ms of the first paint)

            editor = self._editor = CellEditor(self._finish, self._give_up, self._drain)
            parent.mount(editor)
        editor.begin(draft.texts[column], column, cell, bottom=host.notice.region.y - parent.region.y)
        if text is not None:
            editor.put(text)
        parent.screen.set_focus(editor, scroll_visible=False)
        goes_on = draft.line is None and column == "question"
        host.notice.note(f"{_HINTS[column]} Enter {'goes to the answer' if goes_on else 'saves it'}.")

    # Keys

    async def take_key(self, event: events.Key) -> bool:
        """Give a key that was typed before the cell had the focus to the cell; False where no cell is open."""
        if self.draft is None or self._editor is None:
            return False
        event.stop()
        await self._editor.take(event)
        return True

    async def _drain(self) -> None:
        """Wait until the keys that were on their way when the cell was opened have come to it."""
        table, quiet = self._host.table, 0
        while quiet < 2:
            quiet = 0 if table.message_queue_size or self._parent.message_queue_size else quiet + 1
            await asyncio.sleep(0)

    def _finish(self, key: FinishKey) -> None:
        """Go on to the other cell, or hand the row over."""
        editor, draft = self._editor, self.draft
        if draft is None or editor is None:
            return
        step = draft.finish(editor.column, editor.value, key)
        if isinstance(step, NextCell):
            self.open(draft, step.column)
        elif isinstance(step, EmptyCell):
            remedy = ": write it, or press Esc" if step.is_open else ""
            self._host.notice.wrong(f"The {step.column} is empty{remedy}")
        else:
            self._done(draft)

    def _give_up(self) -> None:
        draft, editor = self.draft, self._editor
        if draft is None or editor is None:
            return
        if not draft.may_close(editor.column, editor.value):
            self._host.notice.wrong("Not saved yet: Enter saves, Esc again discards it")
            return
        self.close()
        self._given_up(draft)

    def close(self) -> None:
        """Close the cell; the caller shows the rows then."""
        self.draft = None
        self._host.run_worker(self._forget_draft, group="draft")
        if self._editor:
            self._editor.closed = True
            self._editor.remove()
            self._editor = None
        self._parent.screen.set_focus(self._host.table, scroll_visible=False)

    # Keeping what is written

    def text_changed(self) -> None:
        """Have the text kept in the journal, a moment after it was changed."""
        if self._timer is None and self.draft is not None:
            self._timer = self._parent.set_timer(_DRAFT_SECONDS, self._keep_soon)

    @property
    def unsaved(self) -> UnsavedText | None:
        """The text that is being written, as the journal keeps it; None while no cell is open."""
        if self.draft is None or self._editor is None:
            return None
        return self.draft.unsaved(self._editor.column, self._editor.written)

    def _keep_soon(self) -> None:
        self._host.run_worker(self._keep_draft, group="draft")

    async def _keep_draft(self) -> None:
        self._timer = None
        text, store = self.unsaved, self._host.session.store
        if text and store:
            await asyncio.to_thread(store.keep_draft, text)

    async def _forget_draft(self) -> None:
        if self._timer:
            self._timer.stop()
            self._timer = None
        if store := self._host.session.store:
            await asyncio.to_thread(store.keep_draft, None)
