"""The open book of the model server: the facts of a facts file that the model in service has not learned.

A question is looked up in an index of these facts in memory. It is made again when the facts file, the run in service,
or the report card of that run has changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.sanitize import plain
from garage_tui.core.exam.report import REPORT
from garage_tui.core.facts.file import FileStamp, file_stamp, load_facts
from garage_tui.core.facts.line import Fact, Line
from garage_tui.core.facts.line_pool import known_lines
from garage_tui.core.facts.retrieval import MAX_FACTS, OpenBook, prompt_with_facts
from garage_tui.core.language.entities import content_words, find_entities, tokenize
from garage_tui.core.language.fold import fold
from garage_tui.core.runs.folder import FACTS
from garage_tui.core.runs.record import Run
from garage_tui.core.school.exam_results import FactStanding, TaughtRun, fact_standing, read_results, taught_facts
from garage_tui.core.school.same_statement import names_answer

MAX_LENGTH = 600
"""Most characters of a fact in a prompt; a longer one is left out, since half of it may say the opposite."""
_BESIDE_LEARNED = 0.9
"""How well an untaught fact must fit a question that a learned fact fits, as a share of how well that one does."""
_MAX_KEPT = 4096
"""Most questions of which the facts are kept: the earlier messages of a conversation come again with each turn."""
_PRONOUNS = frozenset("he she it they him her them his its their theirs this that these those there".split())

_Stamps = tuple[tuple[Path, FileStamp | None], ...]
_Texts = tuple[str, str, str]
"""Question, answer and fact of a row; rows that are alike in them are in the book once."""


@dataclass(frozen=True)
class MessagesWithFacts:
    """The messages of a conversation with the facts in front of the user's messages."""

    messages: list[dict[str, Any]]
    statements: tuple[str, ...] = ()
    """The facts that were put in, in their order; empty where the messages are as they were."""


class ServedBook:
    """Looks up questions in the untaught facts of a facts file; can be used by several threads.

    Args:
        find_file: returns the path of the facts file, which need not be there.
    """

    def __init__(self, find_file: Callable[[], Path]) -> None:
        self._find_file = find_file
        self._guard = threading.Lock()
        self._stamps: _Stamps = ()
        self._keys: dict[Line, str] = {}
        """The lines of the facts file that hold a row and no exam question, each with its folded content."""
        self._taught: tuple[_Stamps, TaughtRun | None] = ((), None)
        self._standings: dict[str, tuple[list[Line], FactStanding]] = {}
        """How each fact stands with that run, and the lines of which that was said."""
        self._book: OpenBook | None = None
        self._rows: dict[int, Fact] = {}
        """What is in the index now."""
        self._numbers: dict[_Texts, int] = {}
        self._learned: set[int] = set()
        """The rows of learned facts: they compete for a question, and are in no prompt."""
        self._next = 1
        self._problem = ""
        self._found: dict[str, tuple[str, ...]] = {}
        """The facts of the questions that were looked up since."""

    @property
    def problem(self) -> str:
        """Why the facts file could not be read the last time, in a sentence; empty if it was."""
        return self._problem

    def find(self, question: str, run: Run | None) -> tuple[str, ...]:
        """Return the untaught facts that a question is about, the best first. Blocks: it looks at files.

        Args:
            run: the run in service; None while it is the base model, which has learned nothing.

        Raises:
            GarageError: this Python's SQLite cannot look up facts.
        """
        with self._guard:
            self._update(run)
            return self._find(question)

    def put_into(self, messages: Sequence[Mapping[str, Any]], run: Run | None) -> MessagesWithFacts:
        """Return a conversation with its facts: each in front of the first message of the user that is about it.

        The earlier messages get the same facts with each turn. So the prompt of a turn begins with that of the turn
        before, of which an engine computes nothing again, and what was said of a fact stays understandable. A message
        that names nothing itself (Who runs it?) is looked up together with the last one that had facts.

        Raises:
            GarageError: this Python's SQLite cannot look up facts.
        """
        booked = [dict(message) for message in messages]
        statements: dict[str, None] = {}
        with self._guard:
            self._update(run)
            topic = ""
            for message in booked:
                content = message.get("content")
                if message.get("role") != "user" or not isinstance(content, str):
                    continue
                found = self._find(content)
                if found:
                    topic = content
                elif topic and _points_back(content):
                    found = self._find(f"{topic}\n{content}")
                new = [statement for statement in found if statement not in statements]
                statements.update(dict.fromkeys(new))
                message["content"] = prompt_with_facts(content, new)
        return MessagesWithFacts(booked, tuple(statements))

    def _find(self, question: str) -> tuple[str, ...]:
        if self._book is None:
            return ()
        found = self._found.get(question)
        if found is None:
            if len(self._found) >= _MAX_KEPT:
                self._found.clear()
            hits = self._book.rank(question, 4 * MAX_FACTS)
            # Beside a learned fact that the question is about, others would only lead the model astray.
            rival = min((score for hit, score in hits if hit.row in self._learned), default=0.0)
            fitting = (hit.row for hit, score in hits if score <= _BESIDE_LEARNED * rival)
            rows = (self._rows[number] for number in fitting if number not in self._learned)
            statements = (one for one in map(_statement, rows) if len(one) <= MAX_LENGTH)
            found = tuple(dict.fromkeys(statements))[:MAX_FACTS]
            self._found[question] = found
        return found

    def _update(self, run: Run | None) -> None:
        """Make the index that of the files as they are now; rows that stay are not written again."""
        path = self._find_file()
        of_run = [run.path / name for name in (FACTS, REPORT)] if run else []
        stamps = tuple((each, file_stamp(each)) for each in (path, *of_run))
        if stamps == self._stamps:
            return
        if stamps[0] not in self._stamps:
            self._read_lines(*stamps[0])
        taught = self._read_taught(run, stamps[1:])
        facts: dict[str, list[Line]] = {}
        for line, key in self._keys.items():
            facts.setdefault(key, []).append(line)
        rows: dict[_Texts, Fact] = {}
        learned: set[_Texts] = set()
        for key, lines in facts.items():
            is_learned, found = self._as_they_stand(key, lines, taught)
            for row in found:
                texts = row.question, row.answer, row.fact
                rows.setdefault(texts, row)
                if is_learned:
                    learned.add(texts)
        if rows and self._book is None:
            self._book = OpenBook((), strict=True)
        gone = {texts: number for texts, number in self._numbers.items() if texts not in rows}
        new = {self._next + at: texts for at, texts in enumerate(texts for texts in rows if texts not in self._numbers)}
        if self._book:
            self._book.remove(gone.values())
            self._book.add({number: rows[texts] for number, texts in new.items()})
        for texts, number in gone.items():
            del self._numbers[texts], self._rows[number]
        for number, texts in new.items():
            self._numbers[texts], self._rows[number] = number, rows[texts]
        self._next += len(new)
        self._learned = {self._numbers[texts] for texts in learned}
        self._found.clear()
        self._stamps = stamps

    def _read_lines(self, path: Path, stamp: FileStamp | None) -> None:
        """Read the facts file; lines that are as they were are taken over."""
        before, self._keys, self._problem = self._keys, {}, ""
        if stamp is None:  # there are no facts yet
            return
        try:
            lines = load_facts(path, known_lines(list(before))).lines
        except (GarageError, OSError) as error:
            self._problem = f"the open book is empty: {reason_of(error)}"
            return
        rows = ((line, line.fact) for line in lines)
        self._keys = {line: before.get(line) or fold(row.content) for line, row in rows if row and not row.exam}

    def _read_taught(self, run: Run | None, stamps: _Stamps) -> TaughtRun | None:
        """Return what the run in service was taught and what its card says."""
        if self._taught[0] != stamps:
            found = TaughtRun(run.id, taught_facts(run.path), read_results(run.path)) if run else None
            self._taught = (stamps, found)
            self._standings.clear()
        return self._taught[1]

    def _as_they_stand(self, key: str, lines: list[Line], taught: TaughtRun | None) -> tuple[bool, list[Fact]]:
        """Return whether the model in service has learned a fact, and its rows as the book has them."""
        rows = [line.fact for line in lines if line.fact]
        if taught is None:
            return False, rows
        known = self._standings.get(key)
        if known is None or known[0] != lines:
            known = self._standings[key] = (lines, fact_standing(key, rows, taught))
        if known[1] == "changed":  # its name may say what it was before
            return False, [Fact(row.question, row.answer) for row in rows if row.question]
        return known[1] == "learned", rows


def _statement(row: Fact) -> str:
    """Return what a row says as one line; an answer with no word of its question says it only together with that."""
    # A mere name, such as that of the dog, states nothing.
    has_sentence = bool(row.fact) and (row.is_statement or row.fact.endswith((".", "!")) or names_answer(row))
    text = row.fact if has_sentence else row.answer
    if not (has_sentence or content_words(row.question) & content_words(text)):
        text = f"{row.question} {text}"
    return " ".join(plain(text).split())


def _points_back(text: str) -> bool:
    """Return whether a message is about what was named before: it has a pronoun, and names nothing."""
    return bool(tokenize(text) & _PRONOUNS) and not find_entities(text)
