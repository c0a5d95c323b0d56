"""Proposes facts from the passages of a document, passage by passage; what was offered before is not offered again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.workspace import Workspace
from garage_tui.core.documents.passage import Passage
from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.line import Fact, Line
from garage_tui.core.proposals.checks import CheckedPassage, make_proposal, names_of_document
from garage_tui.core.proposals.known_questions import KnownQuestions
from garage_tui.core.proposals.model_writer import ModelWriter, NoJsonError
from garage_tui.core.proposals.passage_sentences import Span, passage_sentences
from garage_tui.core.proposals.proposal import RULES, Proposal
from garage_tui.core.proposals.proposal_file import (
    DocumentProposals,
    append_events,
    offered_events,
    one_writer,
    proposal_files,
    proposals_path,
    read_proposals,
)
from garage_tui.core.proposals.rules.rule_writer import write_facts

MAX_CHUNK = 1500
"""Characters of a passage that a model is asked about at once: a small model loses sight of a longer one."""


@dataclass(frozen=True)
class OfferedPassage:
    """What became of one passage that was offered to a writer."""

    passage: Passage
    proposals: tuple[Proposal, ...]
    done: int
    total: int
    """How many passages of the document are done, of how many."""
    reason: str = ""
    """Why the writer wrote nothing; empty where it replied."""

    @property
    def waiting(self) -> list[Span]:
        """The sentences that state something and of which no fact was proposed: "no fact yet"."""
        return waiting_sentences(self.passage, self.proposals)


async def propose(
    workspace: Workspace,
    facts_file: Path,
    passages: Sequence[Passage],
    writer: ModelWriter | None = None,
    *,
    title: str = "",
    most: int | None = None,
) -> AsyncIterator[OfferedPassage]:
    """Offer the passages of one document to a writer, and yield what became of each; all of it is on disk by then.

    Passages that this writer has replied about already are left out, so that a pass that was stopped goes on.

    Args:
        workspace: beside it the proposals are kept.
        facts_file: the facts that are known; it need not be there.
        passages: of one version of one document.
        writer: a model; None: the rules.
        title: the document's title, which stands for "this document"; empty where it is not known.
        most: passages that are offered at most; by default all.

    Raises:
        ChatError: the server does not answer; what was proposed before is kept.
        GarageError: a file cannot be read or written, or another process proposes facts from this document.
    """
    if not passages:
        return
    path, name = proposals_path(workspace, passages[0].document), writer.model if writer else RULES
    with one_writer(path):
        before = read_proposals(path)
        known = known_questions(workspace, facts_file, passages[0])
        chunks = [chunk for passage in passages for chunk in cut(passage)]
        todo = [chunk for chunk in chunks if not before.was_offered(chunk, name)]
        done, names = len(chunks) - len(todo), names_of_document(passages)
        for chunk in todo[:most]:
            facts, reason = [], ""
            try:
                facts = await writer.write(chunk, title) if writer else write_facts(chunk, title)
            except NoJsonError as error:
                reason = str(error)
            checked = CheckedPassage.of(chunk, title, names)
            made: dict[str, Proposal] = {}
            for fact in facts:
                proposal = make_proposal(fact, checked, name, known)
                if proposal.id not in made and proposal.id not in before.proposals:
                    made[proposal.id] = proposal
                    if proposal.passes:  # a fact that is refused must not stand in the way of a better one
                        known.add(proposal)
            append_events(path, offered_events(chunk, name, made.values(), reason))
            done += 1
            yield OfferedPassage(chunk, tuple(made.values()), done, len(chunks), reason)


def known_questions(workspace: Workspace, facts_file: Path, passage: Passage | None = None) -> KnownQuestions:
    """Return the questions of a facts file and of all proposals that passed or that the owner decided about.

    Args:
        passage: one of the document that is read; open proposals of other versions of it are left out.

    Raises:
        GarageError: a file cannot be read.
    """
    known = KnownQuestions()
    if facts_file.exists():
        known.add_rows(numbered(load_facts(facts_file).lines), facts_file.name)
    for proposal in all_proposals(workspace):
        is_old = passage and proposal.document == passage.document and proposal.sha256 != passage.sha256
        if proposal.state == "refused" or (proposal.is_open and proposal.passes and not is_old):
            known.add(proposal)
    return known


def all_proposals(workspace: Workspace) -> list[Proposal]:
    """Return the proposals of all documents.

    Raises:
        GarageError: a file cannot be read.
    """
    return [one for path in proposal_files(workspace) for one in read_proposals(path).proposals.values()]


def numbered(lines: Iterable[Line]) -> list[tuple[int, Fact]]:
    """Return the rows of a file, each with its line from 1."""
    return [(number, line.fact) for number, line in enumerate(lines, 1) if line.fact]


def cut(passage: Passage) -> list[Passage]:
    """Return a passage in pieces of whole sentences that a model can be asked about at once; a short one as it is."""
    if len(passage.text) <= MAX_CHUNK:
        return [passage]
    pieces: list[Passage] = []
    start, end = 0, 0
    for span in [*passage_sentences(passage.text), None]:
        if span is None or (span.end - start > MAX_CHUNK and end > start):
            pieces.append(_piece(passage, start, end))
            start = span.start if span else end
        end = span.end if span else end
    return pieces


def _piece(passage: Passage, start: int, end: int) -> Passage:
    return Passage(
        document=passage.document,
        sha256=passage.sha256,
        page=passage.page,
        start=passage.start + start,
        end=passage.start + end,
        heading=passage.heading,
        text=passage.text[start:end],
    )


def waiting_sentences(passage: Passage, proposals: Iterable[Proposal]) -> list[Span]:
    """Return the sentences of a passage that state something and of which there is no proposal yet."""
    taken = [(one.start - passage.start, one.end - passage.start) for one in proposals if one.state != "refused"]
    return [
        span
        for span in passage_sentences(passage.text)
        if span.states and not any(span.start < end and span.end > start for start, end in taken)
    ]


def open_proposals(found: DocumentProposals, sha256: str = "") -> list[Proposal]:
    """Return the proposals of a document that the owner has not decided about, in its order.

    Args:
        sha256: of the version that is read now; those of other versions are left out.
    """
    return [one for one in found.in_state("proposed", "edited") if not sha256 or one.sha256 == sha256]
