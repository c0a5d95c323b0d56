"""Writing a row in the panel below the table, and keeping what is being written in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from textual import events
from textual.timer import Timer
from textual.widget import Widget

from garage_tui.core.facts.row_draft import FinishKey, NextField, RowDraft, WrongField, unwritable_marks

if TYPE_CHECKING:
    from garage_tui.core.facts.editable_rows import Change, EditableRows
    from garage_tui.core.facts.journal import Field, UnsavedText
    from garage_tui.core.facts.line import Fact, Line
    from garage_tui.core.facts.store import FactsStore
    from garage_tui.screens.facts.host import FactsHost
    from garage_tui.screens.facts.row_editor import RowEditor

_DRAFT_SECONDS = 0.3
_HINTS: dict[Field, str] = {
    "question": "Write it as a person would ask.",
    "answer": "Write what the model should answer.",
    "fact": "Write what all rows of this fact state, in one sentence.",
    "must": "Words of a right answer; | stands between alternatives.",
    "exam": "Space switches between taught and exam.",
}


class CancelledRow(msgspec.Struct, frozen=True):
    """A row that Esc left, as it was written so far."""

    draft: RowDraft
    field: Field
    store: FactsStore | None
    """The file that it belongs to; None where there was none yet."""
    last_change: Change | None
    """What undo would have taken back then: once that is another change, undo takes back that one."""


class RowWriter:
    """Opens the editor, goes from field to field, and reports when the row is done or cancelled.

    Its outcomes are direct calls and no messages: what was typed ahead must meet the screen as the key before left it.

    Args:
        parent: the widget that gets the editor as its child, above its last one.
        done: called with a row whose fields can be taken; it calls `close` once the row is taken.
        cancelled: called when Esc closed the editor.
    """

    def __init__(
        self,
        host: FactsHost,
        parent: Widget,
        done: Callable[[RowDraft], object],
        cancelled: Callable[[RowDraft], object],
    ) -> None:
        self._host, self._parent, self._done, self._cancelled = host, parent, done, cancelled
        self.draft: RowDraft | None = None
        """The row that is being written; None while the editor is closed."""
        self._editor: RowEditor | None = None
        self._timer: Timer | None = None
        self._left: CancelledRow | None = None
        self._escaped = False

    # Opening the editor

    def add(self) -> None:
        """Write a new row below the chosen one."""
        store, position = self._host.session.store, self._host.position
        end = len(store.document.lines) if store else 0
        self.open(RowDraft(None, end if position is None else position + 1), "question")

    def duplicate(self) -> None:
        """Write another question for the same fact: all but the question begins as a copy of the chosen row."""
        line, position = self._host.line, self._host.position
        if position is None or line is None or line.fact is None:
            self._host.notice.wrong("This line cannot be read, so it cannot have a variant: fix it with E")
        elif self._can_be_written(line.fact):
            store = self._host.session.store
            group = store.document.coverage.group(line) if store else None
            is_taught = bool(group and group.questions)
            self.open(RowDraft.variant(line.fact, position + 1, is_taught=is_taught), "question")

    def edit(self) -> None:
        """Write in the chosen cell of the table."""
        line, position, notice = self._host.line, self._host.position, self._host.notice
        if line is None or position is None:
            return
        if line.fact is None:
            notice.wrong(f"Line {position + 1} cannot be read, and is kept as it is: E opens it in your editor")
        elif self._can_be_written(line.fact):
            self.open(RowDraft.of(line, position), self._host.table.column_name)

    def restore(self, text: UnsavedText) -> None:
        """Open the row again that somebody was writing when the app ended."""
        store = self._host.session.store
        before = RowDraft.restored(text, store.document.lines if store else [])
        self.open(before, text.column)

    @property
    def can_restore(self) -> bool:
        """Whether the last thing that was done is that Esc left a row that was being written."""
        store, left = self._host.session.store, self._left
        if left is None or left.store is not store:
            return False
        return left.last_change is (store.document.last_change if store else None)

    def restore_cancelled(self) -> bool:
        """Open the row again that Esc left, as it was; False where something else was done since."""
        left = self._left
        if left is None or not self.can_restore:
            return False
        store = self._host.session.store
        position = store.document.find(left.draft.line, left.draft.position) if store and left.draft.line else None
        if left.draft.line is not None and position is None:
            left.draft.become_new()
        left.draft.position = left.draft.position if position is None else position
        self.open(left.draft, left.field)
        return True

    def _can_be_written(self, fact: Fact) -> bool:
        """Return whether the editor could give back what a row holds; if not, the notice says why."""
        if marks := unwritable_marks(fact):
            text = f"Here {' '.join(marks[:5])} cannot be kept as it is: E opens the row in your editor"
            self._host.notice.wrong(text)
        return not marks

    def open(self, draft: RowDraft, field: Field) -> None:
        """Write a row, beginning in one of its fields."""
        host, parent = self._host, self._parent
        self.draft, self._left = draft, None
        editor = self._editor
        if editor is None:
            from garage_tui.screens.facts.row_editor import RowEditor  # noqa: PLC0415 (25 ms of the first paint)

            editor = self._editor = RowEditor(self._finish, self._give_up, self._choose)
            parent.mount(editor, before="#facts-notice-line")
        editor.begin(self._title(draft), draft.begun, draft.variant_of)
        for name, text in draft.texts.items():
            if text != draft.begun[name]:
                editor.put(name, text)
        if draft.line is None or host.position != draft.position:
            host.show(draft.position)
        self._show_editor(True)
        self._open_field(field)
        parent.screen.set_focus(editor.area, scroll_visible=False)

    @staticmethod
    def _title(draft: RowDraft) -> str:
        if draft.line is not None:
            return f"Line {draft.position + 1}"
        return "Another question for the same fact" if draft.variant_of else "A new row"

    def _open_field(self, field: Field) -> None:
        if self._editor and self.draft:
            self._editor.open_field(field)
            goes_on = self.draft.goes_on(field)
            self._host.notice.hint(f"{_HINTS[field]} Enter {'goes to the answer' if goes_on else 'saves it'}.")

    # Keys

    async def take_key(self, event: events.Key) -> bool:
        """Give a key that another widget got while a row is written to the editor; False where it is closed."""
        if self.draft is None or self._editor is None:
            return False
        event.stop()
        await self._editor.area.take(event)
        return True

    def paste(self, text: str) -> None:
        """Put text that another widget got while a row is written into the editor."""
        if self._editor:
            self._editor.area.paste(text)

    def _choose(self, field: Field) -> None:
        """Go to a field that was clicked."""
        if self._editor and self.draft:
            self.draft.texts[self._editor.field] = self._editor.keep().value
            self._open_field(field)

    def _finish(self, key: FinishKey) -> None:
        """Go on to another field, or hand the row over."""
        editor, draft = self._editor, self.draft
        if draft is None or editor is None:
            return
        step = draft.finish(editor.field, editor.keep().value, key)
        if isinstance(step, NextField):
            self._open_field(step.field)
            if draft.line is None:
                self._host.table.redraw()
        elif isinstance(step, WrongField):
            if step.field != editor.field:
                self._open_field(step.field)
            self._host.notice.wrong(step.problem)
        else:
            self._done(draft)

    def _give_up(self) -> None:
        draft, editor, store = self.draft, self._editor, self._host.session.store
        if draft is None or editor is None:
            return
        state = editor.keep()
        self.close()
        if draft.is_changed(editor.field, state.value):
            draft.texts[editor.field] = state.written
            self._left = CancelledRow(draft, editor.field, store, store.document.last_change if store else None)
        self._cancelled(draft)
        self._escaped = self._left is not None
        if self._left:
            self._host.notice.note("Cancelled, nothing was changed · u takes up again what you wrote")

    def absorbs_escape(self) -> bool:
        """Return whether Esc is the second one, of somebody who is used to pressing it twice."""
        escaped, self._escaped = self._escaped, False
        return escaped and self.can_restore

    def close(self) -> None:
        """Close the editor; the caller shows the rows then."""
        self.draft = None
        self._host.run_worker(self._forget_draft, group="draft")
        if self._editor:
            self._editor.area.closed = True
        self._parent.screen.set_focus(self._host.table, scroll_visible=False)
        self._show_editor(False)
        self._host.notice.clear()

    def _show_editor(self, shown: bool) -> None:
        """Show the editor where the details of the chosen row are otherwise."""
        if self._editor:
            self._editor.display = shown
        self._parent.set_class(shown, "-writing")

    # Keeping what is written

    def text_changed(self) -> None:
        """Have the text kept in the journal, a moment after it was changed."""
        if self._timer is None and self.draft is not None:
            self._timer = self._parent.set_timer(_DRAFT_SECONDS, self._keep_soon)

    @property
    def unsaved(self) -> UnsavedText | None:
        """The row that is being written, as the journal keeps it; None while none is, or nothing was changed in it."""
        if self.draft is None or self._editor is None:
            return None
        editor, state = self._editor, self._editor.keep()
        is_changed = self.draft.is_changed(editor.field, state.value)
        return self.draft.unsaved(editor.field, state.written) if is_changed else None

    def follow(self, document: EditableRows, earlier: Sequence[Line]) -> None:
        """Keep the row that is being written where it is among the others, after lines were changed on disk."""
        if self.draft and self.draft.line is not None:
            self.draft.position = document.nearest(earlier, self.draft.position)
        elif self.draft and self.draft.position:
            self.draft.position = document.nearest(earlier, self.draft.position - 1) + 1

    def _keep_soon(self) -> None:
        self._host.run_worker(self._keep_draft, group="draft")

    async def _keep_draft(self) -> None:
        self._timer = None
        text, store = self.unsaved, self._host.session.store
        if store:
            await asyncio.to_thread(store.keep_draft, text)

    async def _forget_draft(self) -> None:
        if self._timer:
            self._timer.stop()
            self._timer = None
        if store := self._host.session.store:
            await asyncio.to_thread(store.keep_draft, None)
