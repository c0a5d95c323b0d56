"""A turn of the chat whose answers are still coming."""

from __future__ import annotations

from dataclasses import dataclass

from garage_tui.core.chat.open_chat import OpenChat
from garage_tui.core.chat.transcripts import Side, TranscriptAnswer, Turn
from garage_tui.core.documents.retrieval import RetrievedPassage
from garage_tui.core.facts.retrieval import RetrievedFacts
from garage_tui.widgets.turn_view import TurnView

_STOPPED = "stopped"


@dataclass
class PendingTurn:
    """A turn whose answers are still coming."""

    chat: OpenChat
    question: str
    views: dict[Side, TurnView]
    """Where the answers go, for the sides that were asked."""
    run: str
    """Id of the run whose model is the tuned one; empty if there is none."""
    model: str
    """The id that the tuned model is asked by: the run's, or the lasting name; empty if there is none."""
    found: tuple[RetrievedFacts, ...] = ()
    """The facts that were put into the prompt of the open book."""
    passages: tuple[RetrievedPassage, ...] = ()
    """The passages of documents that were put into it."""
    routed: bool = False
    """True if the base model answered for the model in service, because the conversation names no taught subject."""
    committed: bool = False
    """True once it is in the transcript."""

    def so_far(self) -> Turn:
        """Return the question with what has arrived of its answers."""
        answers = {
            side: TranscriptAnswer(view.answer, view.footer, view.failed, view.warning)
            for side, view in self.views.items()
        }
        return Turn(self.question, answers, self.found, self.passages)

    def commit(self) -> None:
        """Put the turn into the transcript with what has arrived of its answers; later calls do nothing."""
        if self.committed:
            return
        self.committed = True
        self.finish(_STOPPED)
        self.chat.transcript.turns.append(self.so_far())

    def finish(self, footer: str, failed: bool = False) -> None:
        """End all answers that are still coming."""
        for view in self.views.values():
            if view.streaming:
                view.finish(footer, failed)
