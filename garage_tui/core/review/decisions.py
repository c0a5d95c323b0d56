"""The decisions about proposals that one session of the app made, each of which can be taken back.

Every decision is on disk when its function returns. All of them block: call them in a thread, one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.proposals.acceptance import Acceptance, accept, refuse
from garage_tui.core.proposals.changed_document import outdated_quotes
from garage_tui.core.proposals.proposal import Proposal
from garage_tui.core.proposals.proposal_file import (
    ProposalEvent,
    append_events,
    decided_events,
    proposals_path,
)
from garage_tui.core.proposals.undo_acceptance import CHANGED, undo_acceptance
from garage_tui.core.review.reviewed_document import ReviewedDocument

_BATCH = 20
"""Proposals that are written at once, so that progress is seen and a long acceptance can be ended."""
_MAX_UNDO = 500


@dataclass(frozen=True)
class ReviewDecision:
    """One decision, as undo names and takes it back."""

    what: str
    """"accepting 3 facts"."""
    document: str
    start: int
    """Where in the document it was."""
    file: Path
    """The facts file."""
    before: tuple[Proposal, ...]
    """The proposals as they were."""
    results: tuple[Acceptance, ...] = ()
    """Of an acceptance, in the order in which they were written."""
    kept: tuple[Proposal, ...] = ()
    """Those whose rows somebody has changed since, where undo has taken out the others and could not record it."""


class Decisions:
    """The decisions of one session, the last one on top."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._done: list[ReviewDecision] = []

    @property
    def last(self) -> ReviewDecision | None:
        """What undo takes back; None if there is nothing."""
        return self._done[-1] if self._done else None

    def accept(
        self,
        reviewed: ReviewedDocument,
        file: Path,
        chosen: Sequence[Proposal],
        base_model: str = "",
        on_batch: Callable[[int], bool] = lambda done: True,
    ) -> Acceptance:
        """Write proposals into the facts file, and return what became of them.

        Args:
            on_batch: called with how many are done; it returns whether to go on.

        Raises:
            GarageError: the facts file cannot be read or written; what was accepted before is kept, and undo knows it.
        """
        outdated, results, done = outdated_quotes(reviewed.outdated), list[Acceptance](), 0
        try:
            for first in range(0, len(chosen), _BATCH):
                batch = chosen[first : first + _BATCH]
                results.append(accept(self._workspace, file, batch, base_model=base_model, outdated=outdated))
                done += len(batch)
                if results[-1].problem or not on_batch(done):
                    break
        finally:
            accepted = tuple(one for result in results for one in result.accepted)
            if accepted:
                what = f"accepting {plural(len(accepted), 'fact')}"
                self._add(
                    ReviewDecision(what, reviewed.document.name, accepted[0].start, file, accepted, tuple(results))
                )
        return Acceptance(
            file,
            accepted,
            sum(one.rows for one in results),
            tuple(pair for one in results for pair in one.left_out),
            tuple(rows for one in results for rows in one.written),
            next((one.problem for one in results if one.problem), ""),
        )

    def refuse(self, reviewed: ReviewedDocument, file: Path, chosen: Sequence[Proposal]) -> None:
        """Record that proposals are refused.

        Raises:
            GarageError: it cannot be written.
        """
        refuse(self._workspace, chosen)
        what = f"refusing {plural(len(chosen), 'fact')}"
        self._add(ReviewDecision(what, reviewed.document.name, chosen[0].start, file, tuple(chosen)))

    def edit(self, reviewed: ReviewedDocument, file: Path, before: Proposal | None, edited: Proposal) -> None:
        """Record what the owner wrote: in the place of a proposal, or where there was none.

        Raises:
            GarageError: it cannot be written.
        """
        _append(self._workspace, edited)
        what = "changing a fact" if before else "writing a fact"
        kept = before or msgspec.structs.replace(edited, state="refused")
        self._add(ReviewDecision(what, reviewed.document.name, edited.start, file, (kept,)))

    def undo(self) -> tuple[ReviewDecision, list[Proposal]]:
        """Take the last decision back; return it, and the proposals whose rows stay because somebody changed them.

        Raises:
            GarageError: there is nothing to take back, or a file cannot be written; it can be tried again then.
        """
        if not self._done:
            raise GarageError("there is nothing to undo")
        decision = self._done[-1]
        written = [rows for result in decision.results for rows in result.written]
        if written:
            ids = undo_acceptance(decision.file, written)
            # The rows are out now. If that cannot be recorded, who tries again must not look for them once more.
            decision = replace(
                decision,
                results=tuple(replace(result, written=()) for result in decision.results),
                kept=tuple(one for one in decision.before if one.id in ids),
            )
            self._done[-1] = decision
        back = [one for one in decision.before if one not in decision.kept]
        path = proposals_path(self._workspace, decision.document)
        events: list[ProposalEvent] = []
        for one in back:
            # Of an edit the texts have changed, too.
            events += decided_events([one], one.state) if decision.results else _whole_events(one)
        append_events(path, events)
        self._done.pop()
        return decision, list(decision.kept)

    def _add(self, decision: ReviewDecision) -> None:
        self._done = [*self._done[-_MAX_UNDO:], decision]


def _append(workspace: Workspace, edited: Proposal) -> None:
    append_events(proposals_path(workspace, edited.document), _whole_events(edited))


def _whole_events(proposal: Proposal) -> list[ProposalEvent]:
    """Return the events after which a proposal is as given: its texts, then its state."""
    return [ProposalEvent("proposed", time.time(), proposal=proposal), *decided_events([proposal], proposal.state)]


def kept_text(kept: Sequence[Proposal]) -> str:
    """Return which proposals stay accepted, and why, in a sentence."""
    more = f" (and {plural(len(kept) - 1, 'other')})" if len(kept) > 1 else ""
    return f"“{one_line(kept[0].statement, 100)}”{more} stays accepted: {CHANGED}"
