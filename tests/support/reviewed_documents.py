"""Documents in a workspace, read and with facts proposed from them as `garage read --propose` leaves them."""

from __future__ import annotations

import asyncio
import hashlib
import time

from garage_tui.core.base.workspace import Workspace
from garage_tui.core.documents.passage import Document, Passage
from garage_tui.core.documents.read_document import read_document
from garage_tui.core.proposals.proposal import Proposal, ProposalCheck
from garage_tui.core.proposals.proposal_file import ProposalEvent, append_events, proposals_path, read_proposals
from garage_tui.core.proposals.propose import propose
from garage_tui.core.review.read_copy import document_stamp, save_copy

MANUAL = """The pumps of Pinder Lodge

The Arden pump was built in 1908. It stands in the cellar of the mill. Check the oil before each start.

The Hurd is a set of servers running on top of the GNU Mach microkernel.
The Debian Project was created by Ian Murdock in 1993.

Who cleans the filters? The Birch pump delivers 40 litres a minute.
"""


def read_manual(workspace: Workspace, text: str = MANUAL, name: str = "manual.txt") -> list[Proposal]:
    """Write a document, read it in a process of its own and have the rules propose facts; return them."""
    (workspace.root / name).write_text(text)
    stamp = document_stamp(workspace, name)
    document = read_document(name, workspace)
    save_copy(workspace, document, stamp)

    async def run() -> None:
        async for _ in propose(workspace, workspace.datasets / "garage.jsonl", document.passages, title=document.title):
            pass

    asyncio.run(run())
    return proposals_of(workspace, name)


def proposals_of(workspace: Workspace, name: str = "manual.txt") -> list[Proposal]:
    """Return the proposals of a document in the order of its text."""
    found = read_proposals(proposals_path(workspace, name)).proposals.values()
    return sorted(found, key=lambda one: one.start)


def long_document(workspace: Workspace, pages: int = 300, name: str = "long.pdf") -> list[Proposal]:
    """Leave a document of many pages as reading leaves it, with a fact that passes on each page, and one that fails."""
    text, passages, proposals = "", list[Passage](), list[Proposal]()
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    for page in range(1, pages + 1):
        sentences = [f"The {unit} pump of hall {page} was built in {1700 + page}." for unit in ("Arden", "Birch")]
        sentences += [f"Sentence {number} of page {page} states that hall {page} is dry." for number in range(30)]
        start, part = len(text), " ".join(sentences)
        passages.append(Passage(name, sha256, page, start, start + len(part), f"Hall {page}", part))
        text += part + "\n"
        for index, quote in enumerate(sentences[:2]):
            check = ProposalCheck("values", index == 0, "it is so" if index == 0 else "the quote does not have it")
            at = start + part.index(quote)
            unit = quote.split()[1]
            proposals.append(
                Proposal(
                    id=f"{page:06d}{index:06d}",
                    document=name,
                    sha256=sha256,
                    page=page,
                    start=at,
                    end=at + len(quote),
                    heading=f"Hall {page}",
                    quote=quote,
                    statement=quote,
                    questions=(
                        f"When was the {unit} pump of hall {page} built?",
                        f"In which year did somebody build the {unit} pump of hall {page}?",
                    ),
                    exam_question=f"How old is the {unit} pump in hall {page}, by its year?",
                    answer=quote,
                    checks=(check,),
                )
            )
    document = Document(name, sha256, "Halls", "PDF", pages, text, tuple(passages))
    (workspace.root / name).write_bytes(name.encode())
    save_copy(workspace, document, document_stamp(workspace, name))
    events = [ProposalEvent("proposed", time.time(), proposal=one) for one in proposals]
    append_events(proposals_path(workspace, name), events)
    return proposals
