"""A facts file that is edited: every change is saved at once, and never over somebody else's."""

from __future__ import annotations

from pathlib import Path

from garage_tui.core import facts
from garage_tui.core.errors import BadInputError, GarageError
from garage_tui.core.facts import Fact, FactsFile, Line, Problem

Stamp = tuple[int, int, int]


class FactsStore:
    """One facts file as it was last read. Its methods read and write the disk: call them in a thread.

    Args:
        path: the file; it must be there.

    Raises:
        GarageError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: FactsFile
        self.rows: list[int] = []
        """Places in `file.lines` of the lines that are not blank."""
        self.caught_up = False
        """True where the last change found the file changed by somebody else, and was made in that version."""
        self._stamp: Stamp | None = None
        self.read()

    @classmethod
    def create(cls, path: Path, question: str, answer: str) -> FactsStore:
        """Write a new file with one fact.

        Raises:
            GarageError: it cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                FactsFile(path, [facts.line_of(Fact(question, answer))]).save()
                return cls(path)
        except OSError as error:
            raise GarageError(f"{path} cannot be written: {error.strerror or error}") from error
        store = cls(path)
        store.add(question, answer)
        return store

    def read(self) -> None:
        """Read the file again."""
        stamp = _stamp(self.path)
        self.file = facts.load(self.path)
        self._stamp = stamp  # taken before reading: a change in between is seen as one later
        self._arrange()

    def _arrange(self) -> None:
        self.rows = [place for place, line in enumerate(self.file.lines) if line.fact or line.raw.strip()]
        self._problems: dict[int, list[Problem]] = {}
        for problem in self.file.problems:
            self._problems.setdefault(problem.line, []).append(problem)

    def line(self, row: int) -> Line:
        return self.file.lines[self.rows[row]]

    def number(self, row: int) -> int:
        """Return the line number of a row, from 1."""
        return self.rows[row] + 1

    def problems(self, row: int) -> list[Problem]:
        return self._problems.get(self.number(row), [])

    def changed(self) -> bool:
        """Return whether somebody else wrote the file since it was read."""
        return _stamp(self.path) != self._stamp

    def add(self, question: str, answer: str) -> int:
        """Write a new fact at the end; return its row."""
        self._catch_up()
        self._write([*self.file.lines, facts.line_of(Fact(question, answer))])
        return len(self.rows) - 1

    def replace(self, row: int, old: Line, question: str, answer: str) -> int:
        """Write another question and answer into the row that held `old`; return where it is now."""
        place = self._find(row, old)
        lines = list(self.file.lines)
        lines[place] = facts.edited(lines[place], question, answer)
        self._write(lines)
        return self.rows.index(place)

    def delete(self, row: int, old: Line) -> None:
        """Remove the row that held `old`."""
        place = self._find(row, old)
        self._write([*self.file.lines[:place], *self.file.lines[place + 1 :]])

    def _catch_up(self) -> None:
        self.caught_up = self.changed()
        if self.caught_up:
            self.read()

    def _find(self, row: int, old: Line) -> int:
        place = self.rows[row] if row < len(self.rows) else -1
        self._catch_up()
        if 0 <= place < len(self.file.lines) and self.file.lines[place].raw == old.raw:
            return place
        for place, line in enumerate(self.file.lines):
            if line.raw == old.raw:
                return place
        raise BadInputError(
            f"{self.path.name} was changed by somebody else, who changed or removed this row too; "
            "the file was read again and nothing was overwritten"
        )

    def _write(self, lines: list[Line]) -> None:
        before, self.file.lines = self.file.lines, lines
        try:
            self.file.save()
        except OSError as error:
            self.file.lines = before
            raise GarageError(f"{self.path.name} cannot be saved: {error.strerror}; nothing was changed") from error
        self.read()


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def find_files(datasets: Path) -> list[Path]:
    """Return the facts files of a workspace: the example first, the others by name."""
    try:
        found = sorted(path for path in datasets.glob("*.jsonl") if path.is_file() and not path.name.startswith("."))
    except OSError:
        return []
    return sorted(found, key=lambda path: path.name != "garage.jsonl")
