"""What can be done to the rows of a facts file as wholes: delete, move, mark, undo; and how it is saved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import work

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.facts.line import Line
from garage_tui.screens.facts import row_text as fact_words
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.table import Table

if TYPE_CHECKING:
    from garage_tui.core.facts.document import Change
    from garage_tui.core.facts.store import ExternalChange, FactsStore
    from garage_tui.core.facts.three_way_merge import Choice

_CHOICES: tuple[tuple[Choice, str], ...] = (
    ("both", "Merge: keep both versions of those rows, theirs first"),
    ("theirs", "Theirs: give up what is not saved here"),
    ("mine", "Mine: put my version of those rows in the place of theirs"),
)


class FactEdits(Pane):
    """The actions of the facts pane that change the file. Each shows at once, and is on disk a moment later."""

    store: FactsStore | None
    _saving: asyncio.Lock

    @property
    def place(self) -> int | None:
        """Place in the file of the row under the cursor."""
        raise NotImplementedError

    def show(self, place: int | None = None) -> None:
        """Show the file as it is now, with the cursor on a place of it."""
        raise NotImplementedError

    def show_counts(self) -> None:
        """Show again what the file holds and whether it is saved; the rows are as they were."""
        raise NotImplementedError

    def label(self) -> str:
        """The file's name as a person in this workspace writes it."""
        raise NotImplementedError

    def place_of(self, row: int) -> int:
        """Return the place in the file of a row of the table."""
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

    def _change(self, act: Callable[[], int], done: str = "") -> None:
        """Change a row in memory and go on as `_changed`; `act` returns its place, or raises where it is gone."""
        try:
            place = act()
        except GarageError as error:
            self.show()
            self.notice.wrong(plain(str(error)))
        else:
            self._changed(place, done)

    def _changed(self, place: int, done: str = "") -> None:
        """Show what was changed in memory, with the cursor at `place`, and have it saved."""
        self.show(place)
        self._save(done)

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
        store.move(place, to, "moving a row")
        self._changed(to, f"Moved to line {to + 1}")

    def action_exam(self) -> None:
        """Make the chosen row an exam question, or teach it again."""
        store, line, place = self.store, self._line, self.place
        if store is None or place is None or line is None or line.fact is None or not line.fact.question:
            self.notice.wrong("only a question can be an exam question")
            return
        exam = None if line.fact.exam else True
        said = "An exam question now: never taught, asked afterwards" if exam else "Taught again, and no exam question"
        self._change(lambda: store.edit(line, {"exam": exam}, "marking a row", place), said)

    def action_undo(self) -> None:
        if self.store:
            self._back(self.store.undo, "Undone")

    def action_redo(self) -> None:
        if self.store:
            self._back(self.store.redo, "Made again")

    def _back(self, act: Callable[[], Change], word: str) -> None:
        try:
            change = act()
        except GarageError as error:
            self.notice.wrong(plain(str(error)))
        else:
            self._changed(change.at, f"{word}: {change.what}")

    # Saving

    def action_save(self) -> None:
        """Try again to write what could not be written."""
        self._save()

    @work(group="save")
    async def _save(self, done: str = "") -> None:
        store = self.store
        if store is None:
            return
        notice = self.notice
        async with self._saving:
            store.caught_up = given_up = False
            while store.unsaved:
                try:
                    theirs = await asyncio.to_thread(store.save)
                except GarageError as error:
                    self.show_counts()
                    notice.wrong(plain(str(error)))
                    return
                if theirs is None:
                    continue
                choice = await self._choose(theirs) if theirs.clashes else "both"
                if choice is None:
                    self.show_counts()
                    notice.wrong(f"{self.label()} is not saved; your change waits, and ^s asks again")
                    return
                if store.accept(theirs, choice) and choice == "theirs":
                    given_up = True
                    await asyncio.to_thread(store.save)  # out of the journal too
                self.show()
        if store is self.store:
            self.show_counts()
            if given_up and not store.unsaved:
                notice.done(f"{self.label()} was read again; your change of those rows was given up")
                return
            said = done or f"Saved {self.label()}"
            more = f"{store.path.name}.bak is the version of before this session" if store.has_backup else ""
            if store.caught_up:
                more = "somebody else had changed it; your change was put into their version"
            elif done:
                more = "u takes it back" if not done.startswith("Undone") else "U makes it again"
            notice.done(f"{said} · {more}" if more else said)

    async def _choose(self, theirs: ExternalChange) -> Choice | None:
        """Ask whose rows count; None: that is decided later, and nothing is written until then."""
        from garage_tui.widgets.prompts import Pick  # noqa: PLC0415 (not needed for the first paint)

        title = "Somebody else changed the same rows on disk"
        asked = Pick(title, [words for _, words in _CHOICES], words=fact_words.clashes(theirs.clashes))
        choice = await self.app.push_screen_wait(asked)
        return None if choice is None else _CHOICES[choice][0]
