"""Accepted proposals become rows of a facts file, by the same checks as every fact that somebody tells."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace, journals_folder
from garage_tui.core.documents.row_origin import PASSAGE
from garage_tui.core.facts.editable_rows import Change
from garage_tui.core.facts.line import Fact, Line, make_line
from garage_tui.core.facts.store import FactsStore
from garage_tui.core.proposals.proposal import Proposal
from garage_tui.core.proposals.proposal_file import append_events, decided_events, proposals_path
from garage_tui.core.school.fact_change import FactChange, apply_change, plan_change
from garage_tui.core.school.fact_input import FactInput, read_fact
from garage_tui.core.school.remember import row_mark
from garage_tui.core.school.row_index import RowIndex

WHAT = "facts of a document"
"""Names the new rows for undo."""
_TRIES = 50


@dataclass(frozen=True)
class WrittenRows:
    """What one accepted proposal changed in the facts file, so that it can be taken back."""

    proposal: Proposal
    change: Change


@dataclass(frozen=True)
class Acceptance:
    """What became of the proposals that were to be accepted."""

    file: Path
    accepted: tuple[Proposal, ...]
    """Those whose rows are in the file now, or were there before."""
    rows: int
    """How many rows were written."""
    left_out: tuple[tuple[Proposal, str], ...]
    """Those that were not written, each with the reason."""
    written: tuple[WrittenRows, ...] = ()
    """Which rows of the file each of them changed; none for one whose rows were there before."""
    problem: str = ""
    """Why it could not be recorded that they are accepted, as sentences; empty where it was. The rows are there."""


class _LeftOutError(Exception):
    """A proposal that cannot become rows; the text says why."""


def place_of(proposal: Proposal) -> dict[str, Any]:
    """Return what a row keeps about the sentence that it came from."""
    return {
        "document": proposal.document,
        "sha256": proposal.sha256,
        "page": proposal.page,
        "start": proposal.start,
        "end": proposal.end,
        "quote": proposal.quote,
    }


def accept(
    workspace: Workspace,
    path: Path,
    proposals: Sequence[Proposal],
    *,
    base_model: str = "",
    outdated: Collection[str] = (),
) -> Acceptance:
    """Write proposals into a facts file, and record that they are accepted. It reads the file: call it in a thread.

    Args:
        path: the facts file; it is made if need be.
        base_model: whose special tokens and length count; empty: none is asked.
        outdated: quotes of rows that their document no longer has; a row with one of them is superseded by a proposal
            from the same document that answers its question otherwise.

    Raises:
        GarageError: the facts file cannot be read or written; nothing was added.
    """
    for _ in range(_TRIES):
        store = FactsStore(path, journals_folder(), if_unsaved="nothing was added")
        try:
            result = _accept(store, proposals, base_model, frozenset(outdated))
            if store.save() is None:
                return replace(result, problem=_record(workspace, result))
        finally:
            store.abandon()  # whoever accepts what could not be saved can do it again
    raise GarageError(f"{path} is written by others all the time, so nothing was added: try again")


def refuse(workspace: Workspace, proposals: Sequence[Proposal]) -> None:
    """Record that proposals are refused.

    Raises:
        GarageError: the record cannot be written.
    """
    for document, group in _by_document(proposals).items():
        append_events(proposals_path(workspace, document), decided_events(group, "refused"))


def _record(workspace: Workspace, done: Acceptance) -> str:
    """Record what was accepted; return why that failed, if it did.

    The rows come first: if the power fails between the two, the proposals are still offered, and who accepts them again
    finds that their rows are there, so that none is written twice. The other way round, facts would count as taught
    that no file has.
    """
    problem = ""
    for document, group in _by_document(done.accepted).items():
        try:
            append_events(proposals_path(workspace, document), decided_events(group, "accepted"))
        except GarageError as error:
            rows = f"{plural(done.rows, 'row')} {'is' if done.rows == 1 else 'are'} in {done.file.name} now, but"
            problem = (
                f"{rows if done.rows else ''} it could not be recorded that the proposals are accepted: {error}. They "
                "stay in the list: accept them once more when that file can be written; no row is written twice"
            ).strip()
    return problem


def _by_document(proposals: Iterable[Proposal]) -> dict[str, list[Proposal]]:
    found: dict[str, list[Proposal]] = {}
    for proposal in proposals:
        found.setdefault(proposal.document, []).append(proposal)
    return found


def _accept(store: FactsStore, proposals: Sequence[Proposal], base: str, outdated: frozenset[str]) -> Acceptance:
    accepted, left_out, new = list[Proposal](), list[tuple[Proposal, str]](), list[Fact]()
    counts, changes = list[tuple[Proposal, int]](), list[WrittenRows]()
    written = 0
    index = RowIndex(store.document.lines)

    def insert() -> None:
        at = len(store.document.lines)
        lines = store.insert(at, new, WHAT) if new else []
        for one, count in counts:
            changes.append(WrittenRows(one, Change(at, (), tuple(lines[:count]), WHAT)))
            at, lines = at + count, lines[count:]
        new.clear()
        counts.clear()

    for proposal in proposals:
        size = len(index.lines)
        try:
            rows, replaced = _plan(store, index, proposal, base, outdated)
        except (BadInputError, _LeftOutError) as error:
            index.cut(size)
            left_out.append((proposal, str(error)))
            continue
        if replaced is not None:
            insert()  # so that all rows stand in the file before some of them change
            apply_change(store, replaced, "a fact of a changed document")
            if last := store.document.last_change:
                changes.append(WrittenRows(proposal, last))
            written += replaced.changed + len(replaced.rows)
            index = RowIndex([*store.document.lines, *map(make_line, rows)])
        if rows:
            new += rows
            counts.append((proposal, len(rows)))
        written += len(rows)
        accepted.append(proposal)
    insert()
    return Acceptance(store.path, tuple(accepted), written, tuple(left_out), tuple(changes))


def _plan(
    store: FactsStore, index: RowIndex, proposal: Proposal, base: str, outdated: frozenset[str]
) -> tuple[list[Fact], FactChange | None]:
    """Return the rows that a proposal becomes, and the change of rows that it supersedes; None where it does not.

    Args:
        index: the lines of the file and what earlier proposals of the batch add; the rows of this one are added.

    Raises:
        BadInputError: a question or the answer cannot be a row, or only the exam asks it.
        _LeftOutError: it contradicts a row, or no question of it can be taught.
    """
    mark = {**row_mark("document"), PASSAGE: place_of(proposal)}
    facts = [read_fact(question=one, answer=proposal.answer, base_model=base) for one in proposal.questions]
    if proposal.exam_question:
        read_fact(question=proposal.exam_question, answer=proposal.answer, base_model=base)
    if not facts:
        raise _LeftOutError("it has no question to teach")
    lines, rows = list(index.lines), list[Fact]()
    replaced: FactChange | None = None
    there = False
    for fact in facts:
        change = plan_change(index, fact, mark)
        if change.outcome == "contradicts":
            if replaced is not None and _are_replaced(change, lines, replaced):
                continue
            if replaced is not None or not _may_replace(change, lines, proposal, outdated):
                raise _LeftOutError(f"{store.path.name}, {change.contradictions[0].text}")
            replaced = plan_change(lines if rows else index, fact, mark, replace=True)
            continue
        there = there or change.outcome == "already there"
        if change.rows:
            rows.append(_row(proposal, fact, mark))
            index.add(make_line(rows[-1]))
    if replaced is None and not rows and not there:
        raise _LeftOutError("no question of it can be taught")
    exam = proposal.exam_question
    is_new = exam and not index.is_exam_question(exam) and not any(line.is_taught for line in index.repeating(exam))
    if rows and is_new:
        rows.append(_row(proposal, FactInput(proposal.answer, exam), mark, exam=True))
        index.add(make_line(rows[-1]))
    return rows, replaced


def _may_replace(change: FactChange, lines: Sequence[Line], proposal: Proposal, outdated: frozenset[str]) -> bool:
    """Return whether all rows that say otherwise came from an earlier version of the same document that said so."""
    rows = [lines[one.line - 1].fact for one in change.contradictions]
    places = [row.extra.get(PASSAGE) if row else None for row in rows]
    return all(
        isinstance(place, dict)
        and place.get("document") == proposal.document
        and place.get("sha256") != proposal.sha256
        and place.get("quote") in outdated
        for place in places
    )


def _are_replaced(change: FactChange, lines: Sequence[Line], replaced: FactChange) -> bool:
    """Return whether the rows that say otherwise get another answer, or go, by a change that is planned already."""
    edited = {line for line, _ in replaced.edits}
    return all(one.line <= len(lines) and lines[one.line - 1] in edited for one in change.contradictions)


def _row(proposal: Proposal, fact: FactInput, mark: dict[str, Any], *, exam: bool = False) -> Fact:
    must = [part if isinstance(part, str) else list(part) for part in proposal.must]
    extra: dict[str, Any] = {"fact": proposal.statement}
    extra |= {"must": must} if must else {}
    extra |= {"exam": True} if exam else {}
    return Fact(fact.question, fact.answer, {**extra, **mark})


def left_out_text(proposal: Proposal, reason: str) -> str:
    """Return in one line which proposal was not written, and why."""
    return f"{proposal.where}: “{one_line(proposal.statement, 100)}” was left out: {reason}"
