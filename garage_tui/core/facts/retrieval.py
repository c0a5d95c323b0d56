"""Retrieval of the facts that a question is about, with BM25, for the prompt of the base model (the "open book").

Nothing is trained or downloaded: SQLite's FTS5 ranks the rows of the facts file by the words that they share with the
question (Robertson & Zaragoza 2009, k1 = 1.2, b = 0.75, as https://sqlite.org/fts5.html#the_bm25_function).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.sanitize import plain
from garage_tui.core.facts.file import FileStamp, file_stamp, load_facts
from garage_tui.core.facts.line import Fact, Line
from garage_tui.core.language.entities import STOP_WORDS, find_entities, tokenize
from garage_tui.core.language.fold import fold
from garage_tui.core.language.full_text import open_full_text

PROMPT_HEADING = "These facts are known:"
"""The first line of a prompt with facts, in the chat and in the exam."""
MAX_FACTS = 4
"""The most facts that are put into one prompt."""
_ENOUGH = 0.5
"""The share of a question's words that a fact must have, if the question names no entity."""
_WEAK = 0.25
"""A fact whose score is below this share of the best score is left out."""
_STRICT_SHARE, _STRICT_WORDS, _STRICT_WEAK = 0.5, 2, 0.5
"""The same for a strict book: more than this share, and at least so many words; and the share of the best score."""
_DATES = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december""".split()
)
"""Names that a question and a fact may share by chance, as numbers are."""
_LOOKED_AT = 100  # of the best rows: variants of one fact count once
_MAX_WORDS = 64  # of a question; a whole page pasted in has no more to say
_END = " ?!.？！。"
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
"""Chinese and Japanese, which put no spaces between words."""
_GRAMMAR = re.compile(r"[\u3040-\u309f的是了什么怎谁哪吗呢吧几多少在和与何誰]+")
"""Their function words: hiragana, and the characters that make a sentence a question."""
_WEIGHTS = (2.0, 1.0, 1.0)  # question, answer, fact: a question that was asked alike is the best sign


@dataclass(frozen=True)
class RetrievedFacts:
    """A fact that was retrieved for a question."""

    row: int
    """Its line in the facts file, from 1."""
    statement: str
    """The fact in a sentence or two."""


def prompt_with_facts(question: str, statements: Sequence[str]) -> str:
    """Return a prompt with facts before the question; without facts, only the question."""
    return "\n".join([PROMPT_HEADING, *statements, "", question]) if statements else question


class OpenBook:
    """A full-text index of the rows of a facts file. Exam questions are left out, since a book must not hold the exam.

    Args:
        strict: find only what a question is clearly about, for those who may ask about anything: neither a date alone
            nor a single word makes a fact fit ("Why is the sky blue?"), unless the row has the same question.

    Raises:
        GarageError: this Python's SQLite was built without FTS5.
    """

    def __init__(self, lines: Sequence[Line], *, strict: bool = False) -> None:
        self._strict = strict
        self._guard = threading.Lock()
        self._known = open_full_text("book", "question, answer, fact", "facts cannot be looked up")
        self._written: dict[int, tuple[str, str, str]] = {}
        """Each row's question, answer and fact as they are shown."""
        self._by_question: dict[str, set[int]] = {}
        self.add({number: line.fact for number, line in enumerate(lines, 1) if line.fact and not line.fact.exam})

    def add(self, rows: Mapping[int, Fact]) -> None:
        """Add rows by numbers that are not in use; none of them may be an exam question."""
        written = {number: (plain(row.question), plain(row.answer), plain(row.fact)) for number, row in rows.items()}
        with self._guard:
            self._written.update(written)
            for number, (question, _, _) in written.items():
                self._by_question.setdefault(_alike(question), set()).add(number)
            self._known.executemany(
                "INSERT INTO book(rowid, question, answer, fact) VALUES (?, ?, ?, ?)",
                ((number, *map(_spaced, texts)) for number, texts in written.items()),
            )

    def remove(self, numbers: Iterable[int]) -> None:
        """Remove rows by their numbers."""
        with self._guard:
            for number in numbers:
                self._by_question[_alike(self._written.pop(number)[0])].remove(number)
                self._known.execute("DELETE FROM book WHERE rowid = ?", (number,))

    def find(self, question: str, most: int = MAX_FACTS) -> list[RetrievedFacts]:
        """Return the facts that `question` is about, the best first; each once, however often it is asked for.

        A question that names something (TinyLLM, Paris) is about facts that have one of these names. One that names
        nothing is about facts that share half of its words.
        """
        return [fact for fact, _ in self.rank(question, most)]

    def rank(self, question: str, most: int) -> list[tuple[RetrievedFacts, float]]:
        """Return the same facts, each with its score: the better it fits, the more negative."""
        text = plain(question)
        spaced = _spaced(text)
        names = find_entities(spaced)
        if self._strict:
            names = frozenset(name for name in names - _DATES if not name.isdecimal())
        entities = sorted(names)[:_MAX_WORDS]
        all_terms = sorted(tokenize(spaced))[:_MAX_WORDS]
        terms = [term for term in all_terms if term not in STOP_WORDS]
        if not entities and not terms:
            return []
        same = _alike(text)
        with self._guard:
            ranked = self._ranked(entities, terms, all_terms, same)
        # The same question is first, however weak the score that a long answer leaves it.
        alike = [hit for hit in ranked if _alike(hit[1]) == same]
        weak = (_STRICT_WEAK if self._strict else _WEAK) * min((hit[4] for hit in ranked), default=0.0)
        found: dict[str, tuple[RetrievedFacts, float]] = {}
        for row, _, answer, fact, score in [*alike, *(hit for hit in ranked if hit[4] <= weak)]:
            statement = fact or answer
            found.setdefault(fold(statement), (RetrievedFacts(row, statement), score))
        return list(found.values())[:most]

    def _ranked(
        self, entities: list[str], terms: list[str], all_terms: list[str], same: str
    ) -> list[tuple[int, str, str, str, float]]:
        # Small words make no fact fit, but order those that do: "What is …?" before "Who maintains …?"
        match = f"({_any(entities or terms)}) AND ({_any([*entities, *all_terms])})"
        query = f"SELECT rowid, bm25(book, {', '.join(map(str, _WEIGHTS))}) AS score FROM book WHERE book MATCH ?"
        hits = self._known.execute(f"{query} ORDER BY score, rowid LIMIT ?", (match, _LOOKED_AT)).fetchall()
        if far := sorted(self._by_question.get(same, set()) - {row for row, _ in hits})[:_LOOKED_AT]:
            within = ", ".join("?" * len(far))  # the same question, below those that were looked at
            hits += self._known.execute(f"{query} AND rowid IN ({within})", (match, *far)).fetchall()
        ranked = [(row, *self._written[row], score) for row, score in hits]
        if entities:
            return ranked
        shared = self._shared(terms, [row for row, *_ in ranked])
        if self._strict:
            enough = max(_STRICT_WORDS, int(_STRICT_SHARE * len(terms)) + 1)
            return [hit for hit in ranked if shared[hit[0]] >= enough or _alike(hit[1]) == same]
        return [hit for hit in ranked if shared[hit[0]] >= _ENOUGH * len(terms)]

    def _shared(self, terms: list[str], rows: list[int]) -> dict[int, int]:
        """Return how many of the words each of these rows has."""
        shared = dict.fromkeys(rows, 0)
        within = ", ".join("?" * len(rows))
        for term in terms:
            hits = self._known.execute(
                f"SELECT rowid FROM book WHERE book MATCH ? AND rowid IN ({within})", (_quoted(term), *rows)
            )
            for (row,) in hits:
                shared[row] += 1
        return shared

    def close(self) -> None:
        with self._guard:
            self._known.close()


class OpenBookCache:
    """A cache of one open book: that of the facts file used last, which is read again when the file has changed."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._of: tuple[Path, FileStamp | None] | None = None
        self._book: OpenBook | None = None

    def find(self, path: Path, question: str) -> list[RetrievedFacts]:
        """Return the facts of a file that a question is about; in a thread, for the file may be long.

        Raises:
            GarageError: the file cannot be read.
        """
        with self._guard:
            found = path, file_stamp(path)
            if self._book is None or found != self._of:
                if self._book:
                    self._book.close()
                    self._book = None
                self._book = OpenBook(load_facts(path).lines if found[1] else [])
                self._of = found
            return self._book.find(question)


def _spaced(text: str) -> str:
    """Return a text with what has no spaces cut into overlapping pairs of letters, as search engines for Chinese and
    Japanese do: 花园大门 is 花园 园大 大门, and so is found by 大门.
    """

    def pairs(run: re.Match[str]) -> str:
        cut = [part[at : at + 2] for part in _GRAMMAR.split(run[0]) if part for at in range(max(1, len(part) - 1))]
        return f" {' '.join(cut)} "

    return _UNSPACED.sub(pairs, text)


def _alike(question: str) -> str:
    """Return a question in the form in which two spellings of it are the same."""
    return fold(question).rstrip(_END)


def _quoted(term: str) -> str:
    """Return a word as a string of FTS5's query language, in which nothing else has a meaning."""
    return '"' + term.replace('"', '""') + '"'


def _any(terms: Sequence[str]) -> str:
    return " OR ".join(dict.fromkeys(map(_quoted, terms)))
