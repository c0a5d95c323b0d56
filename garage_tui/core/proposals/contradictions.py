"""Proposals that answer the same question otherwise, each with its quote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.proposals.checks import find_contradiction
from garage_tui.core.proposals.known_questions import KnownQuestion, KnownQuestions
from garage_tui.core.proposals.proposal import Proposal


@dataclass(frozen=True)
class Contradicting:
    """A proposal and what answers one of its questions otherwise."""

    proposal: Proposal
    other: KnownQuestion

    @property
    def text(self) -> str:
        """Both in one line, with their quotes."""
        return (
            f"{self.proposal.where} says “{one_line(self.proposal.quote, 160)}”, and {self.other.source} says "
            f"“{one_line(self.other.quote or self.other.answer, 160)}”"
        )


def find_contradictions(proposals: Iterable[Proposal], known: KnownQuestions | None = None) -> list[Contradicting]:
    """Return the pairs of proposals that contradict each other, each pair once.

    Args:
        known: questions to compare with besides, such as those of a facts file; the proposals are added to it.
    """
    index = known or KnownQuestions()
    found: list[Contradicting] = []
    for proposal in proposals:
        if other := find_contradiction(proposal, index):
            found.append(Contradicting(proposal, other))
        index.add(proposal)
    return found
