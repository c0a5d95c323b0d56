"""What `garage ask --book` adds: the base model's answer with facts and passages of documents in its prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from garage_tui.core.documents.retrieval import RetrievedPassage
    from garage_tui.core.settings.settings import Settings, Workspace


class OpenPages(NamedTuple):
    """What the open book has about a question."""

    prompt: str
    """The question with it."""
    facts: tuple[str, ...]
    passages: tuple[RetrievedPassage, ...]

    @property
    def sources(self) -> str:
        """What was found, for a person: `1 fact · pump.pdf, page 12`."""
        from garage_tui.core.base.format import plural

        parts = [plural(len(self.facts), "fact")] * bool(self.facts)
        parts += dict.fromkeys(passage.citation for passage in self.passages)
        return " · ".join(parts) or "nothing found"

    def as_dict(self, answer: str) -> dict[str, Any]:
        """Return it with the answer, as `--json` prints it."""
        pages = [
            {name: getattr(one, name) for name in ("document", "page", "heading", "text")} for one in self.passages
        ]
        return {"answer": answer, "facts": list(self.facts), "passages": pages}


def open_pages(workspace: Workspace, settings: Settings, questions: Sequence[str]) -> list[OpenPages]:
    """Return for each question what the facts file and the documents that were read say about it.

    Raises:
        GarageError: the facts file cannot be read, or this Python's SQLite cannot search texts.
    """
    from garage_tui.core.documents.retrieval import prompt_with_passages
    from garage_tui.core.facts.retrieval import OpenBookCache, prompt_with_facts
    from garage_tui.core.review.documents_book import DocumentsBook
    from garage_tui.core.school.remember import facts_file

    book, documents, file = OpenBookCache(), DocumentsBook(workspace), facts_file(workspace, settings)
    found = []
    for question in questions:
        facts = tuple(fact.statement for fact in book.find(file, question))
        passages = tuple(documents.find(question))
        prompt = prompt_with_passages(prompt_with_facts(question, facts), passages)
        found.append(OpenPages(prompt, facts, passages))
    return found
