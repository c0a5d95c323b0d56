"""The proposals of one document: `documents/NAME.proposals.jsonl`, one event a line, only appended to.

An event is a new proposal, a decision about one, or a passage that was offered to a writer, so that a pass that was cut
off goes on where it stopped. A last line that a power cut tore has no effect; the passage that it belonged to is
offered again.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.locked_file import held_alone
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.documents.passage import Passage
from garage_tui.core.proposals.proposal import Proposal, ProposalState
from garage_tui.core.runs.appended_lines import append_to_file

FOLDER = "documents"
"""The folder of the workspace in which the files of all documents are."""
SUFFIX = ".proposals.jsonl"
MAX_BYTES = 256_000_000


class ProposalEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the file."""

    event: Literal["proposed", "decided", "offered"]
    when: float
    """Seconds since 1970."""
    proposal: Proposal | None = None
    """Of `proposed`: the whole proposal; one with the id of an earlier one takes its place."""
    id: str = ""
    """Of `decided`: the proposal's."""
    state: ProposalState = "proposed"
    """Of `decided`: what the owner decided."""
    reason: str = ""
    """Of `offered`: why nothing was written; empty where the writer replied."""
    writer: str = ""
    sha256: str = ""
    start: int = 0
    end: int = 0
    """Of `offered`: which passage of which version of the document."""


@dataclass
class DocumentProposals:
    """What is in the file of one document."""

    path: Path
    proposals: dict[str, Proposal] = field(default_factory=dict)
    """By id, the oldest first, each in its last state."""
    offered: dict[tuple[str, str, int, int], str] = field(default_factory=dict)
    """(writer, SHA-256, start, end) of each passage that was offered → why nothing was written; empty if it was."""
    unreadable: int = 0
    """Lines that cannot be read; they are kept as they are."""

    def was_offered(self, passage: Passage, writer: str) -> bool:
        """Return whether a writer has replied about this passage of this version of the document."""
        return self.offered.get((writer, passage.sha256, passage.start, passage.end)) == ""

    def in_state(self, *states: ProposalState) -> list[Proposal]:
        """Return the proposals in one of these states, in the order of the document."""
        found = [proposal for proposal in self.proposals.values() if proposal.state in states]
        return sorted(found, key=lambda proposal: proposal.start)


def proposals_path(workspace: Workspace, document: str) -> Path:
    """Return the file for the proposals of a document: its name, with a hash where two names would become one."""
    name = re.sub(r"[^\w.-]+", "_", document.split("://")[-1].strip("/").rsplit("/", 1)[-1]).strip("._")[:80]
    digest = hashlib.sha256(document.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return workspace.root / FOLDER / f"{name or 'document'}-{digest}{SUFFIX}"


def proposal_files(workspace: Workspace) -> list[Path]:
    """Return the files of all documents that have proposals, by name."""
    folder = workspace.root / FOLDER
    with contextlib.suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX))
    return []


def read_proposals(path: Path) -> DocumentProposals:
    """Return what is in a file of proposals; nothing where there is no file. Unreadable lines are counted.

    Raises:
        GarageError: the file is there and cannot be read.
    """
    try:
        data = read_regular(path, MAX_BYTES)
    except FileNotFoundError:
        return DocumentProposals(path)
    except OSError as error:
        raise GarageError(f"{one_line(str(path), 300)} cannot be read: {error.strerror or error}") from error
    found = DocumentProposals(path)
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        try:
            event = msgspec.json.decode(line, type=ProposalEvent)
        except DAMAGED:
            found.unreadable += 1
            continue
        _apply(found, event)
    return found


def append_events(path: Path, events: Sequence[ProposalEvent]) -> None:
    """Append events, all of them or none; a torn last line is removed first.

    Raises:
        GarageError: they cannot be written; the file is then as it was before.
    """
    if not events:
        return
    append_to_file(path, b"\n".join(map(struct_json, events)), _is_event)


def offered_events(
    passage: Passage, writer: str, proposals: Iterable[Proposal], reason: str = ""
) -> list[ProposalEvent]:
    """Return the events for one passage: its proposals, and then that it was offered."""
    now = time.time()
    found = [ProposalEvent("proposed", now, proposal=proposal) for proposal in proposals]
    offered = ProposalEvent(
        "offered", now, writer=writer, reason=reason, sha256=passage.sha256, start=passage.start, end=passage.end
    )
    return [*found, offered]


def decided_events(proposals: Iterable[Proposal], state: ProposalState) -> list[ProposalEvent]:
    """Return the events that put proposals into a state."""
    now = time.time()
    return [ProposalEvent("decided", now, id=proposal.id, state=state) for proposal in proposals]


@contextlib.contextmanager
def one_writer(path: Path) -> Iterator[None]:
    """Hold the lock of a document's proposals: one process at a time offers its passages.

    Raises:
        GarageError: another process holds it, or it cannot be made.
    """
    busy = "another process proposes facts from this document: wait for it, or stop it"
    with held_alone(path.with_name(f".{path.name}.lock"), busy):
        yield


def _apply(found: DocumentProposals, event: ProposalEvent) -> None:
    if event.event == "proposed" and event.proposal:
        before = found.proposals.get(event.proposal.id)
        # A fact that is proposed again keeps what the owner decided about it.
        state = before.state if before and event.proposal.state == "proposed" else event.proposal.state
        found.proposals[event.proposal.id] = msgspec.structs.replace(event.proposal, state=state)
    elif event.event == "decided" and event.id in found.proposals:
        found.proposals[event.id] = msgspec.structs.replace(found.proposals[event.id], state=event.state)
    elif event.event == "offered":
        found.offered[(event.writer, event.sha256, event.start, event.end)] = event.reason


def _is_event(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=ProposalEvent)
    except DAMAGED:
        return False
    return True
