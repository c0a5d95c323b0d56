"""Changes of whole rows: delete, move, mark as exam, undo; and how they are saved."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.documents.row_origin import read_origin
from garage_tui.core.facts.session import Conflict, Saving
from garage_tui.screens.facts import row_text

if TYPE_CHECKING:
    from textual.worker import Worker

    from garage_tui.core.facts.editable_rows import Change
    from garage_tui.core.facts.row_draft import RowDraft
    from garage_tui.core.facts.store import FactsStore
    from garage_tui.core.facts.three_way_merge import Choice
    from garage_tui.screens.facts.host import FactsHost

_CHOICES: tuple[tuple[Choice, str], ...] = (
    ("both", "Keep both versions of those rows, the one on disk first"),
    ("theirs", "Take the version on disk, and discard what is not saved here"),
    ("mine", "Keep my version of those rows, and replace the one on disk"),
)


class RowEdits:
    """Changes the rows of the open file. Each change shows at once, and is on disk a moment later."""

    def __init__(self, host: FactsHost) -> None:
        self._host = host

    def may(self, action: str) -> bool:
        """Return whether an action of the screen can be done now."""
        store = self._host.session.store
        if action in ("edit", "delete", "duplicate", "move", "exam"):
            return self._host.line is not None
        if action == "page":
            line = self._host.line
            return bool(line and line.fact and read_origin(line.fact.extra))
        if action == "undo":
            return bool(store and store.document.can_undo)
        if action == "redo":
            return bool(store and store.document.can_redo)
        return True

    def why_not(self, action: str) -> str:
        """Return why an action of the screen cannot be done now."""
        if action in ("undo", "redo"):
            return "There is no change to undo" if action == "undo" else "No change was undone, so none can be redone"
        return "No row is chosen: a adds one" if self._host.line is None else ""

    # Changing rows

    def change(self, act: Callable[[], int], done: str = "") -> None:
        """Change a row in memory, show it and save it.

        Args:
            act: returns the row's position; it raises a GarageError where the row is gone.
            done: what the notice says once it is saved; by default that the file is saved.
        """
        try:
            position = act()
        except GarageError as error:
            self._host.show()
            self._host.notice.wrong(plain(str(error)))
        else:
            self.changed(position, done)

    def changed(self, position: int, done: str = "") -> None:
        """Show what was changed in memory, with the cursor at `position`, and save it."""
        self._host.show(position)
        self.save(done)

    def delete(self) -> None:
        """Remove the chosen row; undo brings it back."""
        store, line, position = self._host.session.store, self._host.line, self._host.position
        if store and line and position is not None:
            fact = line.fact
            text = one_line(fact.question or fact.answer, 60) if fact else f"line {position + 1}"
            self.change(lambda: store.remove(line, "deleting a row", position), f"Deleted “{text}”")

    def move(self, by: int) -> None:
        """Move the chosen row past the one that is shown above (-1) or below (1) it."""
        store, position, table = self._host.session.store, self._host.position, self._host.table
        if store is None or position is None:
            return
        if not 0 <= table.cursor + by < table.count:
            self._host.notice.note(f"Not moved: this is the {'first' if by < 0 else 'last'} row that is shown")
            return
        to = table.position_of(table.cursor + by)
        store.move(position, to, "moving a row")
        self.changed(to, f"Moved from line {position + 1} to line {to + 1}")

    def toggle_exam(self) -> None:
        """Make the chosen row an exam question, or teach it again."""
        store, line, position = self._host.session.store, self._host.line, self._host.position
        if store is None or position is None or line is None or line.fact is None or not line.fact.question:
            self._host.notice.wrong("Only a row with a question can be an exam question")
            return
        exam = None if line.fact.exam else True
        group = store.document.coverage.group(line)
        if not exam:
            done = "Taught again; no longer an exam question"
        elif group and all(other is line for other in group.questions):
            done = "Now an exam question. No row teaches this fact any more: write one with y"
        else:
            done = "Now an exam question: never taught, asked afterwards"
        self.change(lambda: store.edit(line, {"exam": exam}, "marking a row", position), done)

    def undo(self) -> None:
        """Take the last change back."""
        if store := self._host.session.store:
            self._step_back(store.undo, "Undone")

    def redo(self) -> None:
        """Make the change again that was undone last."""
        if store := self._host.session.store:
            self._step_back(store.redo, "Redone")

    def _step_back(self, act: Callable[[], Change], verb: str) -> None:
        try:
            change = act()
        except GarageError as error:
            self._host.notice.wrong(plain(str(error)))
        else:
            store = self._host.session.store
            self.changed(store.document.cursor_after(change) if store else change.at, f"{verb}: {change.what}")

    def created(self) -> FactsStore | None:
        """Return the open file, which is begun if there is none; None if that failed, after the notice said why."""
        try:
            return self._host.session.create()
        except GarageError as error:
            self._host.notice.wrong(plain(str(error)))
            return None

    def write(self, draft: RowDraft, close: Callable[[], None]) -> None:
        """Put a row that was written into the file.

        Args:
            close: closes the editor; where the row cannot be taken, it stays open, so that nothing is lost.
        """
        store = self.created()
        if store is None:
            return
        if draft.line is None:
            position = min(draft.position, len(store.document.lines))
            store.insert(position, [draft.as_fact()], "adding a row")
        elif values := draft.changes():
            try:
                position = store.edit(draft.line, values, "editing a row", draft.position)
            except GarageError:
                draft.become_new()
                self._host.notice.wrong(
                    "Not saved: this row was changed on disk meanwhile. "
                    "Enter adds your version as a new row, Esc cancels."
                )
                return
        else:
            close()
            self._host.show(draft.position)
            return
        close()
        self.changed(position)

    # Saving

    def save(self, done: str = "") -> Worker[None]:
        """Write what is not on disk yet; `done` is what was done, for the notice."""
        return self._host.run_worker(partial(self._save, done), group="save")

    async def _save(self, done: str) -> None:
        session, notice = self._host.session, self._host.notice
        store = session.store
        if store is None:
            return
        async with session.save_lock:
            saving, lines = Saving(store), store.document.lines
            try:
                while (step := await saving.step()) != "saved":
                    if isinstance(step, Conflict):
                        choice = await self._choose(step)
                        if choice is None:
                            self._host.show_counts()
                            notice.wrong(
                                f"{session.label(store.path)} is not saved; your change is kept, and ^s asks again"
                            )
                            return
                        await saving.resolve(step, choice)
                    self._host.show_successor(lines)
                    lines = store.document.lines
            except GarageError as error:
                self._host.show_counts()
                notice.wrong(plain(str(error)))
                return
        if store is session.store:
            self._host.show_counts()
            self._report_saved(store, saving, done)

    def _report_saved(self, store: FactsStore, saving: Saving, done: str) -> None:
        label, notice = self._host.session.label(store.path), self._host.notice
        if saving.discarded and not store.unsaved:
            notice.done(f"Reloaded {label}; your change to those rows was discarded")
            return
        text = done or f"Saved {label}"
        more = f"before this session: {store.path.name}.bak" if store.has_backup else ""
        if saving.merged:
            more = "it had changed on disk; your change was merged into that version"
        elif done:
            more = "u undoes it" if not done.startswith("Undone") else "U redoes it"
        notice.done(f"{text} · {more}" if more else text)

    async def _choose(self, conflict: Conflict) -> Choice | None:
        """Ask whose rows count; None: that is decided later, and nothing is written until then."""
        from garage_tui.widgets.confirm_and_pick import Pick  # noqa: PLC0415 (not needed for the first paint)

        title = "The same rows were changed on disk"
        clashes = row_text.clashes(conflict.change.clashes)
        with self._host.session.question_open():
            choice = await self._host.ask(Pick(title, [text for _, text in _CHOICES], text=clashes))
        return None if choice is None else _CHOICES[choice][0]
