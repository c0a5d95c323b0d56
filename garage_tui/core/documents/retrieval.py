"""Retrieval of the passages of documents that a question is about, with BM25, for the prompt of the base model.

SQLite's FTS5 ranks the passages by the words that they share with the question (k1 = 1.2, b = 0.75, as
https://sqlite.org/fts5.html#the_bm25_function). Nothing is trained or downloaded.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.documents.passage import Document
from garage_tui.core.language.entities import STOP_WORDS, find_entities, tokenize
from garage_tui.core.language.full_text import open_full_text

MAX_PASSAGES = 2
"""The most passages that are put into one prompt."""
_WEIGHTS = (0.3, 0.5, 1.0)  # title, headings, text: an answer is in the text
_RANKED = 40
"""Passages that are compared with the question word by word."""
_WEAK = 0.5
"""A passage whose score is below this share of the best score is left out."""
_SHARED = 0.5
"""The share of a question's words that a passage must have; without a name in common it must have more than that."""
_MAX_WORDS = 64  # of a question; a whole page pasted in has no more to say


@dataclass(frozen=True)
class RetrievedPassage:
    """A passage that was retrieved for a question."""

    document: str
    """Name of the document as the owner gave it."""
    page: int
    """The page that it begins on, from 1; 0 where the format has no pages."""
    heading: str
    """The headings above it, joined by " › "."""
    text: str
    start: int = 0
    """Offset of its first character in the text of the document."""

    @property
    def citation(self) -> str:
        """Where it stands, for a person: `manual.pdf, page 12`; without pages the nearest heading."""
        name = self.document.rstrip("/").rsplit("/", 1)[-1] or self.document
        place = f"page {self.page}" if self.page else self.heading.rsplit(" › ", 1)[-1]
        return one_line(f"{name}, {place}" if place else name, 120)


def prompt_with_passages(prompt: str, passages: Sequence[RetrievedPassage]) -> str:
    """Return a prompt with passages before it, each below the name of its document; without passages, the prompt."""
    texts = (f"This is written in {passage.citation}:\n{passage.text}" for passage in passages)
    return "\n\n".join([*texts, prompt])


class PassageIndex:
    """A full-text index of the passages of documents, in memory; can be used by several threads.

    Raises:
        GarageError: this Python's SQLite was built without FTS5.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._guard = threading.Lock()
        self._index = open_full_text("passages", "title, heading, text", "documents cannot be searched")
        self._passages: list[RetrievedPassage] = []
        for document in documents:
            for passage in document.passages:
                self._passages.append(
                    RetrievedPassage(
                        document.name, passage.page, plain(passage.heading), plain(passage.text), passage.start
                    )
                )
                self._index.execute(
                    "INSERT INTO passages(rowid, title, heading, text) VALUES (?, ?, ?, ?)",
                    (len(self._passages), plain(document.title), plain(passage.heading), plain(passage.text)),
                )

    def find(self, question: str, most: int = MAX_PASSAGES) -> list[RetrievedPassage]:
        """Return the passages that `question` is about, the best first.

        A passage fits if it has a name of the question and half of its words. If the question names nothing, the
        passage must have more than half of its words, and two at least. So most questions about anything else find
        nothing (docs/explain/figures.md).
        """
        text = plain(question)
        names = sorted(name for name in find_entities(text) if not name.isdecimal())[:_MAX_WORDS]
        terms = [term for term in sorted(tokenize(text)) if term not in STOP_WORDS][:_MAX_WORDS]
        if not terms or not self._passages:
            return []
        with self._guard:
            hits = self._index.execute(
                f"SELECT rowid, bm25(passages, {', '.join(map(str, _WEIGHTS))}) AS score FROM passages"
                " WHERE passages MATCH ? ORDER BY score, rowid LIMIT ?",
                (" OR ".join(map(_quoted, terms)), _RANKED),
            ).fetchall()
            has = {row: self._shared([*terms, *names], row) for row, _ in hits}
        fitting = [(row, score) for row, score in hits if _fits(has[row], terms, names)]
        best = min((score for _, score in fitting), default=0.0)  # the better, the more negative
        return [self._passages[row - 1] for row, score in fitting if score <= _WEAK * best][:most]

    def _shared(self, terms: Sequence[str], row: int) -> set[str]:
        """Return which of these words a passage has, in any of their forms."""
        ask = "SELECT 1 FROM passages WHERE passages MATCH ? AND rowid = ?"
        return {term for term in dict.fromkeys(terms) if self._index.execute(ask, (_quoted(term), row)).fetchone()}

    def close(self) -> None:
        with self._guard:
            self._index.close()


def _fits(has: set[str], terms: Sequence[str], names: Sequence[str]) -> bool:
    shared = sum(term in has for term in terms)
    if names:
        enough = shared >= _SHARED * len(terms) and shared >= min(2, len(terms))
        return enough and not has.isdisjoint(names)
    return shared > _SHARED * len(terms) and shared >= 2


def _quoted(term: str) -> str:
    """Return a word as a string of FTS5's query language, in which nothing else has a meaning."""
    return '"' + term.replace('"', '""') + '"'
