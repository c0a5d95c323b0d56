"""One open facts file: its rows in memory, saving them, and merging with what others wrote on disk meanwhile.

Every change is in memory at once, in the journal before the file is written, and in the file a moment later.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.facts.coverage import Coverage
from garage_tui.core.facts.editable_rows import Change, EditableRows
from garage_tui.core.facts.external_change import ExternalChange
from garage_tui.core.facts.file import BACKUP, FactsFile, FileStamp, file_stamp, join_lines, load_facts, write_file
from garage_tui.core.facts.journal import Journal, Leftover, UnsavedText, file_lock, find_leftovers, replay
from garage_tui.core.facts.line import Fact, Line, edit_line, make_line
from garage_tui.core.facts.line_pool import known_lines, merge_lines
from garage_tui.core.facts.three_way_merge import Choice

_KEPT = "your change is kept, and ^s tries again"


class FactsStore:
    """One open facts file. What is marked "in a thread" reads or writes the disk.

    Args:
        path: the file; it need not be there yet.
        journals: the folder of journals.
        if_unsaved: what becomes of changes that cannot be saved; it ends the sentence that says so.
        backup: keep the version from before the first save as `FILE.bak`.

    Raises:
        GarageError: it cannot be read.
    """

    def __init__(self, path: Path, journals: Path, *, if_unsaved: str = _KEPT, backup: bool = True) -> None:
        self.path = path
        self.document = EditableRows()
        self.leftovers: list[Leftover] = []
        """Unsaved work on this file that killed apps left in their journals."""
        self._journals, self._if_unsaved, self._backup = journals, if_unsaved, backup
        self._save_guard = threading.Lock()  # the last save, when the app ends, may meet one in a thread
        self._journal = Journal(journals, path)
        self._pending: list[Change] = []
        self._noted = 0  # how many of the pending changes are in the journal
        self._base: list[Line] = []
        self._ended, self._has_mark = True, False
        self._stamp: FileStamp | None = None
        self._kept: FileStamp | None = None  # the version that needs no backup, since we wrote it
        self.adopt(self.read())
        self.leftovers = find_leftovers(journals, path)

    def read(self) -> ExternalChange:
        """Read the file again, for `adopt`; in a thread."""
        version, mine = self.document.version, list(self.document.lines)
        found = file_stamp(self.path)  # taken before reading: a change in between is seen as one later
        file = load_facts(self.path, known_lines(mine)) if found else FactsFile(self.path)
        return ExternalChange(version, file, found, file.lines, Coverage(file.lines), [])

    def adopt(self, change: ExternalChange, what: str = "") -> bool:
        """Replace the rows by what was read, on the event loop; False if something was changed here meanwhile.

        Args:
            what: names the change for undo; without it the change cannot be undone.
        """
        if self._pending or self.document.version != change.version:
            return False
        self._take_over(change)
        self.document.adopt(change.merged, change.coverage, what)
        return True

    def _take_over(self, change: ExternalChange) -> None:
        disk = change.disk
        self._base, self._stamp = disk.lines, change.stamp
        self._ended, self._has_mark = disk.ends_with_newline, disk.has_mark

    @property
    def unsaved(self) -> int:
        """Changes that are not in the file yet."""
        return len(self._pending)

    @property
    def has_backup(self) -> bool:
        """Whether the version from before this session is beside the file; a new file has none."""
        return self.path.with_name(self.path.name + BACKUP).exists()

    # What follows is quick: it changes memory only.

    def insert(self, at: int, facts_: Sequence[Fact], what: str) -> list[Line]:
        """Insert new rows before the line at position `at`; return their lines."""
        like = self.document.lines[max(0, at - 1)] if self.document.lines else None
        new = [make_line(fact, like) for fact in facts_]
        self._pending.append(self.document.splice(at, 0, new, what))
        return new

    def replace(self, line: Line, new: Line, what: str, near: int = 0) -> int:
        """Replace `line` by `new`; return its position.

        Raises:
            GarageError: that row was changed or removed on disk meanwhile.
        """
        at = self._find(line, near)
        self._pending.append(self.document.splice(at, 1, [new], what))
        return at

    def edit(self, line: Line, values: dict[str, object], what: str, near: int = 0) -> int:
        """Change some values of a row; everything else in it stays. Raises as `replace` does."""
        at = self._find(line, near)
        return self.replace(line, edit_line(line, values), what, at)

    def edit_all(
        self, changes: Sequence[tuple[Line, dict[str, object] | None]], what: str, new: Sequence[Fact] = ()
    ) -> int:
        """Change several rows as one change, and insert new ones below them; return the position of the first.

        Args:
            changes: the values that a row gets; None removes the row.

        Raises:
            GarageError: as `replace`.
        """
        positions = self.document.find_all([line for line, _ in changes])
        changed = {self._found(at): values for at, (_, values) in zip(positions, changes, strict=True)}
        low, high = min(changed), max(changed)
        before, after = self.document.lines[low : high + 1], list[Line]()
        for position, line in enumerate(before, low):
            values = changed.get(position, {})
            if values is not None:
                after.append(edit_line(line, values) if values else line)
        after += [make_line(fact, before[-1]) for fact in new]
        self._pending.append(self.document.splice(low, len(before), after, what))
        return low

    def add_questions(self, line: Line, facts_: Sequence[Fact], what: str, near: int = 0) -> int:
        """Give a row without a question the first of `facts_`, and insert the others below it, as one change.

        Raises:
            GarageError: as `replace`.
        """
        at = self._find(line, near)
        first = edit_line(line, {"question": facts_[0].question, "answer": facts_[0].answer})
        new = [first, *(make_line(fact, line) for fact in facts_[1:])]
        self._pending.append(self.document.splice(at, 1, new, what))
        return at

    def remove(self, line: Line, what: str, near: int = 0) -> int:
        """Remove a row; return its position. Raises as `replace` does."""
        at = self._find(line, near)
        self._pending.append(self.document.splice(at, 1, [], what))
        return at

    def move(self, at: int, to: int, what: str) -> None:
        """Move the line at position `at` to position `to`."""
        low, high = min(at, to), max(at, to)
        lines = self.document.lines[low : high + 1]
        moved = [*lines[1:], lines[0]] if at < to else [lines[-1], *lines[:-1]]
        self._pending.append(self.document.splice(low, len(lines), moved, what))

    def undo(self) -> Change:
        change = self.document.undo()
        self._pending.append(change)
        return change

    def redo(self) -> Change:
        change = self.document.redo()
        self._pending.append(change)
        return change

    def take_back(self, change: Change) -> bool:
        """Undo a change that another store made and saved; False where its rows were changed or removed since."""
        undone = self.document.take_back(change)
        self._pending += [undone] if undone else []
        return undone is not None

    def _find(self, line: Line, near: int) -> int:
        return self._found(self.document.find(line, near))

    @staticmethod
    def _found(at: int | None) -> int:
        if at is None:
            raise GarageError("this row was changed or removed on disk meanwhile")
        return at

    # What follows is done in a thread.

    def changed(self) -> bool:
        """Return whether the file on disk is another one than was last read or written here."""
        found = file_stamp(self.path)
        return found is not None and found != self._stamp

    def gone(self) -> bool:
        """Return whether there are rows here, but no file on disk any more."""
        return bool(self.document.lines) and not self.path.exists()

    def save(self) -> ExternalChange | None:
        """Write what is not saved; or return what was written on disk meanwhile, for `accept`.

        Raises:
            GarageError: it cannot be written; the file is as it was, and nothing in memory is lost.
        """
        with self._save_guard:
            return self._save()

    def _save(self) -> ExternalChange | None:
        # In this order: the event loop may change rows between two of these reads, and does so lines first, then the
        # version, then the pending changes. What is counted here is then among the lines; what is not is saved next.
        count, version, lines = len(self._pending), self.document.version, list(self.document.lines)
        if not count and not self.gone():
            self._clear_journal()
            return None
        try:
            self._journal.note(self._pending[self._noted : count])
            self._noted = count
        except OSError:
            pass  # the journal guards what the file cannot take; where the file can, it is not missed
        with file_lock(self._journals, self.path):
            if self.changed():
                return self._external_change(lines, version)
            try:
                data = join_lines(lines, self._ended, self._has_mark)
                write_file(self.path, data, keep=self._backup and self._stamp != self._kept)
            except OSError as error:
                kept = self._if_unsaved
                why = why_not_written(error, self.path, f"free some space; {kept}")
                raise GarageError(
                    f"{self.path.name} cannot be saved: {why}{'' if kept in why else f'; {kept}'}"
                ) from error
            self._stamp = self._kept = file_stamp(self.path)
        self._base = lines
        del self._pending[:count]
        self._noted -= count
        if not self._pending:
            self._clear_journal()
        return None

    def _clear_journal(self) -> None:
        with contextlib.suppress(OSError):
            self._journal.clear()

    def _external_change(self, lines: list[Line], version: int) -> ExternalChange:
        found = file_stamp(self.path)
        disk = load_facts(self.path, known_lines(lines, self._base))
        merged, clashes = merge_lines(self._base, lines, disk.lines, "both")
        return ExternalChange(version, disk, found, merged, Coverage(merged), clashes)

    def accept(self, change: ExternalChange, choice: Choice = "both") -> bool:
        """Merge our changes into the version on disk, on the event loop; False if `save` has to compare again.

        Args:
            choice: which rows are kept where both sides changed the same ones; "theirs" (the version on disk) discards
                all that is not saved here, and the next `save` removes it from the journal.
        """
        if self.document.version != change.version:
            return False
        merged = change.merged
        if choice == "theirs":
            merged = change.disk.lines
            self._pending.clear()
            self._noted = 0
        elif choice == "mine":
            merged, _ = merge_lines(self._base, self.document.lines, change.disk.lines, choice)
        self._take_over(change)
        self.document.adopt(merged, change.coverage if merged is change.merged else None)
        return True

    def keep_draft(self, draft: UnsavedText | None) -> None:
        """Keep the text that is being typed in the journal; a journal that cannot be written is ignored."""
        with contextlib.suppress(OSError):
            self._journal.draft(draft)

    def restore(self, leftover: Leftover) -> int:
        """Make the changes of a killed app again, on the event loop; return how many."""
        lines = replay(self.document.lines, leftover.changes)
        if [line.raw for line in lines] == [line.raw for line in self.document.lines]:
            return 0
        count = len(self.document.lines)
        self._pending.append(self.document.splice(0, count, lines, "restoring unsaved work"))
        return len(leftover.changes)

    def discard(self, leftover: Leftover) -> None:
        """Delete the journal of a killed app."""
        self.leftovers.remove(leftover)
        with contextlib.suppress(OSError):
            leftover.path.unlink()

    def abandon(self) -> None:
        """Close the journal without what could not be saved: whoever made these changes can make them again."""
        self._journal.close(keep=False)

    def close(self, *, keep_draft: bool = False) -> None:
        """Close the journal; what could not be saved stays in it, and is offered at the next start."""
        self._journal.close(keep=bool(self._pending) or keep_draft)
