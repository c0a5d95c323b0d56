"""The rows of a facts file while they are edited: every change is a splice, and every splice can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from garage_tui.core.base.errors import GarageError
from garage_tui.core.facts.coverage import Coverage
from garage_tui.core.facts.line import Line


class Change(msgspec.Struct, frozen=True):
    """Lines that replaced others."""

    at: int
    """Position of the first, from 0."""
    old: tuple[Line, ...]
    new: tuple[Line, ...]
    what: str
    """What was done, as undo names it: "deleting a row"."""
    chosen: Line | None = None
    """The line that was chosen on the screen before it; who takes the change back finds the cursor there."""
    chosen_after: Line | None = None
    """The line among `new` that was chosen when it was taken back; who makes it again finds the cursor there."""

    @property
    def inverse(self) -> Change:
        return msgspec.structs.replace(self, old=self.new, new=self.old)


class EditableRows:
    """The lines of a file with their coverage and an undo history; in memory, and fast enough for the event loop."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self.lines = list(lines)
        self.coverage = Coverage(self.lines)
        self.version = 0
        """Grows with every change."""
        self.truncated: Mapping[int, str] = {}
        """The problem of each line that training would cut off, by its `id`; `training.truncated_rows` finds them."""
        self.near_duplicates: Mapping[int, Sequence[Line]] = {}
        """The taught lines that an exam question nearly repeats, by its line's `id`; `near_duplicates` finds them."""
        self.chosen: Callable[[], Line | None] = lambda: None
        """Returns the line that is chosen on the screen; asked just before every change."""
        self._undo: list[Change] = []
        self._redo: list[Change] = []

    def splice(self, at: int, count: int, new: Sequence[Line], what: str) -> Change:
        """Replace `count` lines by `new`."""
        change = Change(at, tuple(self.lines[at : at + count]), tuple(new), what, self.chosen())
        self._put(change)
        self._undo.append(change)
        self._redo.clear()
        return change

    def find(self, line: Line, near: int = 0) -> int | None:
        """Return the position of a line: itself, else the nearest one with the same bytes; None if it is gone."""
        if near < len(self.lines) and self.lines[near] is line:
            return near
        try:
            return self.lines.index(line)  # two lines are never equal, only the same
        except ValueError:
            same = [position for position, other in enumerate(self.lines) if other.raw == line.raw]
            return min(same, key=lambda position: abs(position - near), default=None)

    def find_all(self, lines: Sequence[Line]) -> list[int | None]:
        """Return the position of each line as `find` does; two lines with the same bytes have two positions."""
        here = {line: position for position, line in enumerate(self.lines)}
        found = [here.get(line) for line in lines]
        taken = set(found)
        for at, line in enumerate(lines):
            if found[at] is None:
                same = (position for position, other in enumerate(self.lines) if other.raw == line.raw)
                found[at] = next((position for position in same if position not in taken), None)
                taken.add(found[at])
        return found

    def nearest(self, lines: Sequence[Line], position: int) -> int:
        """Return where a line of an earlier version is now; where it is gone, the nearest neighbour that is not.

        Args:
            lines: the earlier version.
            position: of the line in it.
        """
        if position < len(lines):
            if (same := self.find(lines[position], position)) is not None:
                return same
            now = {line.raw: at for at, line in enumerate(self.lines)}
            for away in range(1, len(lines)):
                for neighbour, shift in ((position - away, 1), (position + away, 0)):
                    if 0 <= neighbour < len(lines) and (at := now.get(lines[neighbour].raw)) is not None:
                        return min(at + shift, max(0, len(self.lines) - 1))
        return min(position, max(0, len(self.lines) - 1))

    @property
    def last_change(self) -> Change | None:
        """The change that undo takes back; None if there is none."""
        return self._undo[-1] if self._undo else None

    @property
    def background_problems(self) -> int:
        """The number of problems that are found in the background, a moment after each change."""
        return len(self.truncated) + len(self.near_duplicates)

    def has_problem(self, line: Line) -> bool:
        """Return whether a line has a problem, by itself or compared with the others."""
        slow = id(line) in self.truncated or id(line) in self.near_duplicates
        return slow or bool(line.complaints or self.coverage.clashing(line))

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    def undo(self) -> Change:
        """Take the last change back, and return the change that did it.

        Raises:
            GarageError: those rows were changed on disk since.
        """
        return self._back(self._undo, self._redo, "undone")

    def redo(self) -> Change:
        """Make the change again that was undone last.

        Raises:
            GarageError: those rows were changed on disk since.
        """
        change = self._back(self._redo, self._undo, "redone")
        return msgspec.structs.replace(change, chosen=change.chosen_after)

    def _back(self, stack: list[Change], other: list[Change], word: str) -> Change:
        inverse = stack[-1].inverse
        at = self._where(inverse)
        if at is None:
            change = stack.pop()
            raise GarageError(f"{change.what} cannot be {word}: those rows were changed on disk since")
        stack.pop()
        inverse = msgspec.structs.replace(inverse, at=at, old=tuple(self.lines[at : at + len(inverse.old)]))
        inverse = self._without_repeats(inverse)
        chosen = (line for line in (self.chosen(), inverse.chosen) if line and line in inverse.old)
        other.append(
            msgspec.structs.replace(inverse, chosen_after=next(chosen, None)) if other is self._redo else inverse
        )
        self._put(inverse)
        return inverse

    def take_back(self, change: Change) -> Change | None:
        """Undo a change that was made elsewhere and is in these lines now; None where its rows were changed since.

        Of lines that were only inserted, each is looked up by itself: others may stand between them now.
        """
        inverse = change.inverse
        at = self._where(inverse)
        if at is not None:
            return self.splice(at, len(inverse.old), inverse.new, change.what)
        found = [self.find(line) for line in change.new]
        places = [position for position in found if position is not None]
        if change.old or len(set(places)) < len(change.new):
            return None
        low, high = min(places), max(places)
        kept = [line for position, line in enumerate(self.lines[low : high + 1], low) if position not in places]
        return self.splice(low, high + 1 - low, kept, change.what)

    def cursor_after(self, change: Change) -> int:
        """Return where the cursor belongs after a change that was undone or redone."""
        position = None if change.chosen is None else self.find(change.chosen, change.at)
        return change.at if position is None else position

    def _where(self, change: Change) -> int | None:
        """Return the position of the lines that a change replaces: its own, else the only one with the same lines."""
        old, count = [line.raw for line in change.old], len(change.old)
        if [line.raw for line in self.lines[change.at : change.at + count]] == old:
            return min(change.at, len(self.lines))
        found = [
            position
            for position, line in enumerate(self.lines)
            if line.raw == old[0] and [other.raw for other in self.lines[position : position + count]] == old
        ]
        return found[0] if len(found) == 1 else None

    def _without_repeats(self, change: Change) -> Change:
        """Return a change that puts in no line that stands elsewhere here, as one may that somebody else brought back.

        Two rows that are one object could not be told apart.
        """
        new, end = set(change.new), change.at + len(change.old)
        if repeats := new.intersection(self.lines[: change.at]) | new.intersection(self.lines[end:]):
            lines = tuple(line.copied() if line in repeats else line for line in change.new)
            return msgspec.structs.replace(change, new=lines)
        return change

    def _put(self, change: Change) -> None:
        self.lines[change.at : change.at + len(change.old)] = change.new
        self.version += 1
        for line in change.old:
            self.coverage.remove(line)
        for line in change.new:
            self.coverage.add(line)

    def adopt(self, lines: Sequence[Line], coverage: Coverage | None = None, what: str = "") -> None:
        """Replace all lines by a version that was merged or read from disk.

        Args:
            what: what was done, as undo names it; without it the change cannot be undone here.
        """
        if what and [line.raw for line in lines] != [line.raw for line in self.lines]:
            self._undo.append(Change(0, tuple(self.lines), tuple(lines), what, self.chosen()))
            self._redo.clear()
        self.lines = list(lines)
        self.coverage = coverage or Coverage(self.lines)
        self.version += 1
