"""The one way by which a fact that somebody tells comes into a facts file, whatever door it came through.

It may be called by several processes at once, while the app has the file open: whoever is overtaken looks at the file
again, so that two facts that contradict each other are noticed too.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace, journals_folder
from garage_tui.core.facts.file import find_files
from garage_tui.core.facts.line import Line
from garage_tui.core.facts.store import FactsStore
from garage_tui.core.school.fact_change import Contradiction, FactChange, Outcome, apply_change, plan_change
from garage_tui.core.school.fact_input import FactInput
from garage_tui.core.school.ledger import ADDED, SOURCE
from garage_tui.core.settings.settings import Settings

Source = Literal["command", "chat", "api", "mcp", "document"]
"""The door that a fact came through."""
SOURCES: tuple[Source, ...] = get_args(Source)
_TRIES = 50
"""How often the file is read again because somebody else wrote it meanwhile."""


@dataclass(frozen=True)
class Remembered:
    """What became of a fact that was told."""

    outcome: Outcome
    file: Path
    lines: tuple[int, ...] = ()
    """The lines that state it now, from 1; none where nothing was written because it contradicts others."""
    questions: tuple[str, ...] = ()
    """What these lines ask; empty for a fact without a question."""
    answer: str = ""
    contradictions: tuple[Contradiction, ...] = ()
    """The rows that it contradicts, or that it has replaced, as they were."""
    changed: int = 0
    removed: int = 0
    """Rows that were changed, and removed, because they said otherwise."""
    lacks: str = ""
    """What it lacks to be taught, as the beginning of a sentence; empty if nothing."""
    unreadable: tuple[int, ...] = ()
    """Lines of the file that cannot be read, from 1; they are kept as they are."""

    @property
    def is_written(self) -> bool:
        return self.outcome in ("added", "replaced")

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        where, fact = _where(self.file, self.lines), f"“{one_line(self.answer, 120)}”"
        if self.questions:
            fact = f"“{one_line(self.questions[0], 120)}” → {fact}"
        if self.outcome == "contradicts":
            more = len(self.contradictions) - 1
            others = f" (and {plural(more, 'more row')})" if more else ""
            return f"Nothing was written: in {self.file.name}, {self.contradictions[0].text}{others}"
        if self.outcome == "already there":
            text = f"Already there: {where} says {fact}"
        elif self.outcome == "replaced":
            rows = [f"{plural(self.changed, 'row')} changed"] + ([f"{self.removed} removed"] if self.removed else [])
            before = one_line(self.contradictions[0].answer, 80)
            text = f"Replaced in {where}: {fact} ({', '.join(rows)}; before: “{before}”)"
        else:
            text = f"Added to {where}: {fact}"
        return text + (f"; {self.lacks}" if self.lacks else "")

    @property
    def warning(self) -> str:
        """What is wrong with the file besides, in a sentence; empty if nothing."""
        if not self.unreadable:
            return ""
        also = f" and {plural(len(self.unreadable) - 1, 'other line')}" if len(self.unreadable) > 1 else ""
        check = f"`garage facts check {shlex.quote(str(self.file))}`"
        return f"Line {self.unreadable[0]}{also} of {self.file} cannot be read: {check} says why"


def facts_file(workspace: Workspace, settings: Settings, named: str | None = None) -> Path:
    """Return the facts file that facts are added to: that of the settings, else the one that the app opens.

    Args:
        named: the one that a command line names, which comes first.
    """
    if named:
        return Path(named)
    if settings.school.facts:
        return workspace.root / settings.school.facts
    return next(iter(find_files(workspace.datasets)), workspace.datasets / "garage.jsonl")


def row_mark(source: Source) -> dict[str, object]:
    """Return the keys of a row that is written now: where it came from, and when."""
    return {SOURCE: source, ADDED: datetime.now(UTC).isoformat(timespec="seconds")}


def remember(path: Path, fact: FactInput, source: Source, *, replace: bool = False) -> Remembered:
    """Put a fact into a facts file, and return what happened; the file is made if need be.

    A fact that contradicts a row is not written unless it replaces that row. It takes the time to read the file: call
    it in a thread.

    Args:
        path: the file, as `facts_file` returns it.
        fact: as `fact_input.read_fact` returns it.
        replace: supersede the rows that say otherwise.

    Raises:
        BadInputError: the file is no facts file, or only the exam asks the question.
        GarageError: the file cannot be written; nothing was added.
    """
    for _ in range(_TRIES):
        store = FactsStore(path, journals_folder(), if_unsaved="nothing was added", backup=replace)
        try:
            lines = store.document.lines
            unreadable = tuple(number for number, line in enumerate(lines, 1) if _is_unreadable(line))
            if unreadable and not any(line.fact for line in lines):
                text = lines[unreadable[0] - 1].complaints[-1].text
                raise BadInputError(f"{path} is no facts file ({text}): name another one")
            change = plan_change(lines, fact, row_mark(source), replace=replace)
            if change.outcome not in ("added", "replaced"):
                return _result(store, fact, change, unreadable)
            apply_change(store, change, "a fact that was told")
            if store.save() is None:
                return _result(store, fact, change, unreadable)
        finally:
            store.abandon()  # whoever tells a fact that could not be saved can tell it again
    raise GarageError(f"{path} is written by others all the time, so nothing was added: try again")


def _result(store: FactsStore, fact: FactInput, change: FactChange, unreadable: tuple[int, ...]) -> Remembered:
    written = {(row.question, row.answer) for row in change.rows}
    for line, values in change.edits:
        if line.fact and values is not None:
            question, answer = values.get("question", line.fact.question), values.get("answer", fact.answer)
            written.add((str(question), str(answer)))
    if change.outcome == "already there" and change.there and change.there.fact:
        written.add((change.there.fact.question, change.there.fact.answer))
    found = [
        (number, line.fact)
        for number, line in enumerate(store.document.lines, 1)
        if line.fact and (line.fact.question, line.fact.answer) in written
    ]
    return Remembered(
        outcome=change.outcome,
        file=store.path,
        lines=tuple(number for number, _ in found),
        questions=tuple(row.question for _, row in found if row.question and not row.exam),
        answer=found[0][1].answer if found else fact.answer,
        contradictions=change.contradictions,
        changed=change.changed if change.outcome == "replaced" else 0,
        removed=change.removed,
        lacks=change.lacks,
        unreadable=unreadable,
    )


def _is_unreadable(line: Line) -> bool:
    return line.fact is None and any(complaint.error for complaint in line.complaints)


def _where(file: Path, lines: tuple[int, ...]) -> str:
    numbers = ", ".join(map(str, lines[:3])) + (" …" if len(lines) > 3 else "")
    return f"{file.name}, line{'s' if len(lines) > 1 else ''} {numbers}" if lines else file.name
