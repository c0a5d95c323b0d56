"""Messages by which one screen asks for another; the app's `Navigation` handles them, so no screen knows another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from garage_tui.core.facts.line import Fact


class ChatRequested(Message):
    """The owner wants to chat with the model of run `run_id`."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id


class DuplicateRequested(Message):
    """The owner wants to start a run like `run_id`, with changes.

    Args:
        preset: that the form begins with; empty: the run's own.
        epochs: that the form begins with; None: the run's own, or the preset's.
    """

    def __init__(self, run_id: str, preset: str = "", epochs: float | None = None) -> None:
        super().__init__()
        self.run_id, self.preset, self.epochs = run_id, preset, epochs


class WordingRequested(Message):
    """The owner wants to write another wording of a question that run `run_id` was asked.

    Args:
        question: as the report card has it.
        fact: the content of its fact.
    """

    def __init__(self, run_id: str, question: str, fact: str) -> None:
        super().__init__()
        self.run_id, self.question, self.fact = run_id, question, fact


class ReportRequested(Message):
    """The owner wants to see the report card of run `run_id`, a LoRA run."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id


class DiffusionReportRequested(Message):
    """The owner wants to see the report card of run `run_id`, a diffusion run."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id


class GalleryRequested(Message):
    """The owner wants to see the contact sheets of run `run_id`."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id


class ComparisonRequested(Message):
    """The owner wants to see the runs `first` and `second` side by side."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__()
        self.first, self.second = first, second


class FactWritten(Message):
    """A fact was written in the chat; it belongs in the facts file that is open."""

    def __init__(self, fact: Fact) -> None:
        super().__init__()
        self.fact = fact


class PageRequested(Message):
    """The owner wants to see the page of a document that a fact came from.

    Args:
        document: its name as the owner gave it.
        start: where the sentence begins in the document's text.
        quote: the sentence; a changed document may have it elsewhere, or no more.
    """

    def __init__(self, document: str, start: int, quote: str) -> None:
        super().__init__()
        self.document, self.start, self.quote = document, start, quote
