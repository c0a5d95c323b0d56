"""The ledger: for every fact of a facts file, whether the model in service has learned it, and if not, why.

Nothing of it is kept on disk. It is derived from the facts file, the report cards of the runs, and the record of what
is in service, so it cannot disagree with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.exam.judgement import names_learned
from garage_tui.core.exam.report import ExamQuestion, Report, read_report
from garage_tui.core.facts.coverage import fold
from garage_tui.core.facts.file import FactsFile, load_facts
from garage_tui.core.facts.line import Fact
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.folder import COMPLETE, FACTS
from garage_tui.core.runs.promotion import NotServedError, run_in_service
from garage_tui.core.runs.record import Run
from garage_tui.core.runs.service import read_service
from garage_tui.core.school.teachable_rows import choose_rows

FactStatus = Literal["learned", "in the book", "waiting", "failed", "superseded", "removed"]
STATUSES: Mapping[FactStatus, str] = {
    "learned": "the model in service answers it without the book",
    "in the book": "not taught yet; the server puts it into the prompt",
    "waiting": "it cannot be taught as it is; the reason says what it lacks",
    "failed": "it was taught, and the report card has a wrong answer; it stays in the book",
    "superseded": "the model in service was taught it, and the facts file now says otherwise",
    "removed": "the model in service was taught it, and the facts file no longer has it",
}
"""What each status means."""
SOURCE, ADDED = "source", "added"
"""Keys of a row that say where it came from and when it was written (ISO 8601, UTC)."""


@dataclass(frozen=True)
class LedgerEntry:
    """One fact with its status."""

    content: str
    """The fact as its rows name it, else their answer."""
    status: FactStatus
    lines: tuple[int, ...] = ()
    """Its lines in the facts file, from 1; none of a fact that is no longer there."""
    question: str = ""
    """The first question that asks for it."""
    run: str = ""
    """Id of the run whose report card the status comes from."""
    examined: float | None = None
    """When that card was made, in seconds since 1970."""
    right: int = 0
    of: int = 0
    """Questions about it on that card, and how many of them were answered correctly."""
    reason: str = ""
    """Why it is not learned, as the beginning of a sentence."""
    successor: str = ""
    """What supersedes it."""
    source: str = ""
    added: float | None = None
    """Where it came from and when, in seconds since 1970; empty and None where its rows do not say it."""

    @property
    def is_untaught(self) -> bool:
        """True for a fact of the file that the model in service does not answer by itself."""
        return self.status in ("in the book", "waiting", "failed")


@dataclass(frozen=True)
class Ledger:
    """All facts of one facts file, in its order; then what the model in service was taught beside them."""

    entries: tuple[LedgerEntry, ...] = ()
    run: str = ""
    """Id of the run in service; empty while it is the base model."""
    problem: str = ""
    """Why nobody knows what is in service; empty if the record says it."""

    def count(self, status: FactStatus) -> int:
        return sum(entry.status == status for entry in self.entries)


@dataclass(frozen=True)
class TaughtRun:
    """What a run was taught, and what its report card says of it."""

    id: str
    facts: Mapping[str, Fact]
    """A row of each taught fact, by its folded content."""
    questions: Mapping[str, str]
    """The folded content of the fact that each taught question asks for, by the folded question."""
    card: Report | None

    def questions_about(self, key: str) -> list[ExamQuestion]:
        """Return the questions of the card about a fact, given by its folded content."""
        return self._about.get(key, [])

    @cached_property
    def learned(self) -> frozenset[str]:
        """The folded contents of the facts that it learned, as its card counts them."""
        return frozenset(names_learned(self.card.questions)) if self.card else frozenset()

    @property
    def known(self) -> frozenset[str]:
        """The folded contents of the facts that it was taught and learned: those that need no open book."""
        return self.learned & self.facts.keys()

    @cached_property
    def _about(self) -> Mapping[str, list[ExamQuestion]]:
        found: dict[str, list[ExamQuestion]] = {}
        for one in self.card.questions if self.card else []:
            if one.part in ("trained", "unseen"):
                found.setdefault(fold(one.fact or one.expected), []).append(one)
        return found


def read_ledger(workspace: Workspace, file: FactsFile) -> Ledger:
    """Return the ledger of a facts file in a workspace."""
    service = read_service(workspace)
    if service.problem:
        return Ledger(make_entries(file, None, ()), problem=service.problem)
    try:
        run = run_in_service(workspace, service)
    except NotServedError as error:
        return Ledger(make_entries(file, None, ()), problem=str(error))
    served = read_taught(run) if run else None
    tried = (read_taught(one) for one in list_runs(workspace) if is_tried(one) and (run is None or one.id != run.id))
    return Ledger(make_entries(file, served, tried), run.id if run else "")


def is_tried(run: Run) -> bool:
    """Return whether a run has taught facts and ended, so that its report card says what it learned."""
    return not run.draws and run.status in COMPLETE and run.adapter is not None


def read_taught(run: Run) -> TaughtRun:
    """Return what a run was taught; without facts or card where these cannot be read."""
    facts: dict[str, Fact] = {}
    questions: dict[str, str] = {}
    card = None
    try:
        for fact in load_facts(run.path / FACTS).training:
            key = fold(fact.content)
            facts.setdefault(key, fact)
            questions.setdefault(fold(fact.question), key)
        card = read_report(run.path)
    except (GarageError, OSError):
        pass
    return TaughtRun(run.id, facts, questions, card)


def make_entries(file: FactsFile, served: TaughtRun | None, tried: Iterable[TaughtRun]) -> tuple[LedgerEntry, ...]:
    """Return the entries of a facts file.

    Args:
        served: the run in service; None while it is the base model.
        tried: other finished runs, the newest first; read only as far as a fact has no other explanation.
    """
    rows: dict[str, list[tuple[int, Fact]]] = {}
    for number, line in enumerate(file.lines, 1):
        if line.fact and not line.fact.exam:
            rows.setdefault(fold(line.fact.content), []).append((number, line.fact))
    left_out = choose_rows(file, served.facts.keys() if served else ()).left_out
    others = _Cards(tried)
    entries = [_entry(key, found, served, others, left_out.get(key, "")) for key, found in rows.items()]
    if served:
        now = {fold(fact.question): fold(fact.content) for found in rows.values() for _, fact in found if fact.question}
        for key, fact in served.facts.items():
            if key not in rows:
                entries.append(_gone(key, fact, served, rows, now))
    return tuple(entries)


def _entry(
    key: str, rows: Sequence[tuple[int, Fact]], served: TaughtRun | None, others: _Cards, left_out: str
) -> LedgerEntry:
    facts = [fact for _, fact in rows]
    entry = LedgerEntry(
        facts[0].content,
        "in the book",
        lines=tuple(number for number, _ in rows),
        question=next((fact.question for fact in facts if fact.question), ""),
        source=next((source for fact in facts if (source := _text(fact.extra.get(SOURCE)))), ""),
        added=next((when for fact in facts if (when := read_time(fact.extra.get(ADDED))) is not None), None),
    )
    if served and key in served.facts:
        return _judged(entry, served, key)
    if left_out:
        return replace(entry, status="waiting", reason=left_out)
    if (other := others.about(key)) and key not in other.learned:
        return _judged(entry, other, key)
    return entry


def _judged(entry: LedgerEntry, run: TaughtRun, key: str) -> LedgerEntry:
    """Return the entry of a fact that a run was taught."""
    questions = run.questions_about(key)
    wrong = [one for one in questions if one.verdict != "right"]
    entry = replace(
        entry,
        run=run.id,
        examined=run.card.made if run.card else None,
        right=len(questions) - len(wrong),
        of=len(questions),
    )
    if key in run.learned:
        return replace(entry, status="learned")
    reason = "no report card says what the model answers"
    if wrong:
        unseen = next((one for one in wrong if one.part == "unseen"), wrong[0])
        reason = one_line(f"asked “{unseen.question}” it says “{unseen.tuned}”", 200)
    return replace(entry, status="failed", reason=reason)


def _gone(
    key: str,
    fact: Fact,
    served: TaughtRun,
    rows: Mapping[str, Sequence[tuple[int, Fact]]],
    now: Mapping[str, str],
) -> LedgerEntry:
    """Return the entry of a fact that the model in service was taught and the facts file no longer has."""
    successor = next((now[question] for question, of in served.questions.items() if of == key and question in now), "")
    return LedgerEntry(
        content=fact.content,
        status="superseded" if successor else "removed",
        question=fact.question,
        run=served.id,
        examined=served.card.made if served.card else None,
        successor=rows[successor][0][1].content if successor else "",
    )


class _Cards:
    """The newest report card about each fact, read run by run as far as needed."""

    def __init__(self, runs: Iterable[TaughtRun]) -> None:
        self._rest = iter(runs)
        self._read: list[TaughtRun] = []

    def about(self, key: str) -> TaughtRun | None:
        for run in self._read:
            if run.questions_about(key):
                return run
        for run in self._rest:
            self._read.append(run)
            if run.questions_about(key):
                return run
        return None


def read_time(value: object) -> float | None:
    """Return the seconds since 1970 of an ISO 8601 text; None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        when = datetime.fromisoformat(value)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _text(value: object) -> str:
    return one_line(value, 80) if isinstance(value, str) else ""
