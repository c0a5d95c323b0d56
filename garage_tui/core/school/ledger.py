"""The ledger: for every fact of a facts file, whether the model in service has learned it, and if not, why.

Nothing of it is kept on disk. It is derived from the facts file, the report cards of the runs, and the record of what
is in service, so it cannot disagree with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Literal

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.exam.report import REPORT
from garage_tui.core.facts.file import FactsFile, FileStamp, file_stamp
from garage_tui.core.facts.line import Fact
from garage_tui.core.language.fold import fold
from garage_tui.core.runs.catalog import run_names
from garage_tui.core.runs.folder import COMPLETE, FACTS, STATE
from garage_tui.core.runs.promotion import NotServedError, run_in_service
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.runs.service import read_service, service_file
from garage_tui.core.school.exam_results import (
    ExamResults,
    NewestCards,
    TaughtRun,
    changed_row,
    read_results,
    taught_facts,
    untaught_row,
)
from garage_tui.core.school.forgotten import is_of_file
from garage_tui.core.school.teachable_rows import find_left_out

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


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One fact with its status."""

    content: str
    """The fact as its rows name it, else their answer."""
    status: FactStatus
    lines: tuple[int, ...] = ()
    """Its lines in the facts file, from 1; none of a fact that is no longer there."""
    question: str = ""
    """The first question that asks for it."""
    answer: str = ""
    """The answer to that question."""
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


class LedgerReader:
    """Reads ledgers one after the other; what it has read of runs is read again only where their files have changed.

    Not for several threads at once.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._cards: dict[str, tuple[FileStamp | None, ExamResults]] = {}
        self._served: tuple[str, FileStamp | None, Mapping[str, Sequence[Fact]]] = ("", None, {})

    def read(self, file: FactsFile) -> Ledger:
        """Return the ledger of a facts file; it reads the disk."""
        service = read_service(self._workspace)
        if service.problem:
            return Ledger(make_entries(file, None, ()), problem=service.problem)
        try:
            run = run_in_service(self._workspace, service)
        except NotServedError as error:
            return Ledger(make_entries(file, None, ()), problem=str(error))
        served = TaughtRun(run.id, self._facts(run), self._results(run), is_of_file(run, file.path)) if run else None
        others = (one for one in self._tried() if run is None or one.id != run.id)
        return Ledger(
            make_entries(file, served, ((one.id, self._results(one)) for one in others)), run.id if run else ""
        )

    def stamp(self) -> object:
        """Return a value that is another one once a ledger may differ; it reads no file, but looks at each."""
        cards, root = [], str(self._workspace.checkpoints)  # texts: paths of 200 runs take 3 ms to make
        for name in self._names():
            if found := file_stamp(f"{root}/{name}/{REPORT}"):
                cards.append((name, found, file_stamp(f"{root}/{name}/{STATE}")))
        return file_stamp(service_file(self._workspace.checkpoints)), tuple(cards)

    def _names(self) -> list[str]:
        try:
            return run_names(self._workspace)
        except OSError:  # nobody may read the folder: then no run is known
            return []

    def _tried(self) -> Iterator[Run]:
        """Yield the runs that have a card and may have taught facts, the newest first; one that is broken is none."""
        for name in self._names():
            folder = self._workspace.checkpoints / name
            if file_stamp(folder / REPORT) and is_tried(run := read_run(folder)):
                yield run

    def _results(self, run: Run) -> ExamResults:
        stamp = file_stamp(run.path / REPORT)
        known = self._cards.get(run.id)
        if known is None or known[0] != stamp:
            known = self._cards[run.id] = (stamp, read_results(run.path))
        return known[1]

    def _facts(self, run: Run) -> Mapping[str, Sequence[Fact]]:
        stamp = file_stamp(run.path / FACTS)
        if self._served[:2] != (run.id, stamp):
            self._served = (run.id, stamp, taught_facts(run.path))
        return self._served[2]


def read_ledger(workspace: Workspace, file: FactsFile) -> Ledger:
    """Return the ledger of a facts file in a workspace."""
    return LedgerReader(workspace).read(file)


def is_tried(run: Run) -> bool:
    """Return whether a run has taught facts and ended, so that its report card says what it learned."""
    return not run.draws and run.status in COMPLETE and run.adapter is not None


def make_entries(
    file: FactsFile, served: TaughtRun | None, tried: Iterable[tuple[str, ExamResults]]
) -> tuple[LedgerEntry, ...]:
    """Return the entries of a facts file.

    Args:
        served: the run in service; None while it is the base model.
        tried: ids and exam results of other runs, the newest first; read only as far as a fact has no other
            explanation.
    """
    rows: dict[str, list[tuple[int, Fact]]] = {}
    exams: dict[str, list[Fact]] = {}
    for number, line in enumerate(file.lines, 1):
        if line.fact:
            key = fold(line.fact.content)
            if line.fact.exam:
                exams.setdefault(key, []).append(line.fact)
            else:
                rows.setdefault(key, []).append((number, line.fact))
    left_out = find_left_out(file, served.facts.keys() if served else ())
    others = NewestCards(tried)
    entries: list[LedgerEntry] = []
    gone: list[LedgerEntry] = []
    for key, found in rows.items():
        entry = _entry([fact for _, fact in found], tuple(number for number, _ in found))
        taught = served.facts.get(key) if served else None
        if served and taught and (before := changed_row(taught, [fact for _, fact in found])):
            reason = f"the model in service was taught “{one_line(before.answer, 120)}”"
            entries.append(replace(entry, reason=reason))
            gone.append(_gone(before, served, entry.answer, content=before.answer))
        elif served and taught:
            judged = _judged(entry, served.id, served.results, key)
            new = untaught_row(taught, [fact for _, fact in found]) if judged.status == "learned" else None
            reason = f"the model in service was not taught “{one_line(new.question, 120)}”" if new else ""
            entries.append(replace(judged, status="in the book", reason=reason) if new else judged)
        elif key in left_out:
            entries.append(replace(entry, status="waiting", reason=left_out[key]))
        elif (other := others.about(key, _answers(found, exams.get(key, ())))) and not other[1].facts[key].learned:
            entries.append(_judged(entry, *other, key))
        else:
            entries.append(entry)
    if served:
        now = {fold(fact.question): found[0][1] for found in rows.values() for _, fact in found if fact.question}
        for key, facts in served.facts.items():
            if key not in rows and (served.same_file or not {fold(fact.question) for fact in facts}.isdisjoint(now)):
                successor = next((now[asks] for fact in facts if (asks := fold(fact.question)) in now), None)
                gone.append(_gone(facts[0], served, successor.content if successor else "", content=facts[0].content))
    return (*entries, *gone)


def _answers(rows: Sequence[tuple[int, Fact]], exams: Sequence[Fact]) -> set[str]:
    """Return the folded answers of a fact's rows and exam questions."""
    return {fold(fact.answer) for fact in chain((fact for _, fact in rows), exams)}


def _entry(facts: Sequence[Fact], lines: tuple[int, ...]) -> LedgerEntry:
    return LedgerEntry(
        facts[0].content,
        "in the book",
        lines=lines,
        question=next((fact.question for fact in facts if fact.question), ""),
        answer=next((fact.answer for fact in facts if fact.question), facts[0].answer),
        source=next((source for fact in facts if (source := _text(fact.extra.get(SOURCE)))), ""),
        added=next((when for fact in facts if (when := read_time(fact.extra.get(ADDED))) is not None), None),
    )


def _judged(entry: LedgerEntry, run: str, results: ExamResults, key: str) -> LedgerEntry:
    """Return the entry of a fact that a run was taught."""
    found = results.facts.get(key)
    entry = replace(entry, run=run, examined=results.made)
    if found is None:
        return replace(entry, status="failed", reason="no report card says what the model answers")
    entry = replace(entry, right=found.right, of=found.of)
    if found.learned:
        return replace(entry, status="learned")
    return replace(entry, status="failed", reason=one_line(f"asked “{found.question}” it says “{found.says}”", 200))


def _gone(fact: Fact, served: TaughtRun, successor: str, *, content: str) -> LedgerEntry:
    """Return the entry of a fact that the model in service was taught and the facts file no longer has."""
    return LedgerEntry(
        content=content,
        status="superseded" if successor else "removed",
        question=fact.question,
        answer=fact.answer,
        run=served.id,
        examined=served.results.made,
        successor=successor,
    )


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
