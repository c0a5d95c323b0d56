"""Near duplicates: exam questions that nearly repeat a taught one, and so prove nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from garage_tui.core.facts.line import Line
from garage_tui.core.facts.wrapped_questions import WrappedQuestions
from garage_tui.core.language.entities import find_entities, tokenize
from garage_tui.core.language.fold import composed, fold

MAX_PAIRS = 5_000_000
"""Comparisons (about a second) above which an open file is not searched after every change."""
CHUNK_SIZE = 2000
"""Questions compared at once: a fraction of a millisecond, during which no other thread runs."""
_RATIO = 90.0
_SORTED_RATIO = 95.0
_NO_WORD = re.compile(r"[^\w+#]+|_+")
# One letter makes "When was it built?" of "Where was it built?", which is another question.
_ASKS = {"who", "whom", "whose", "when", "where", "why", "how", "many", "much", "not", "never", "no", "without"}


def strip_punctuation(text: str) -> str:
    """Return a text in lower case without punctuation."""
    return _NO_WORD.sub(" ", composed(text).casefold()).strip()


def find_near_duplicates(question: str, others: Sequence[str]) -> list[int]:
    """Return the indices of the other questions that are near duplicates of `question`."""
    return _QuestionIndex(others).find(question)


def near_duplicate_pairs(lines: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    """Yield every exam question with each taught near duplicate of it, in the order of the file.

    That is a question in almost the same words, or one of the two with words around it ("Please tell me: …").
    """
    exams = [line for line in lines if line.fact and line.fact.question and line.fact.exam]
    if not exams:
        return
    taught = [line for line in lines if line.is_taught]
    questions = [line.fact.question for line in taught if line.fact]
    exam_questions = [line.fact.question for line in exams if line.fact]
    repeats = RepeatedQuestions(questions, exam_questions)
    for line, question in zip(exams, exam_questions, strict=True):
        for index in repeats.find(question):
            yield line, taught[index]
    repeats.clear()


def inexact_duplicate_pairs(lines: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    """Yield the pairs of `near_duplicate_pairs` whose questions differ: `Coverage` finds the exact duplicates."""
    for exam, taught in near_duplicate_pairs(lines):
        assert exam.fact and taught.fact
        if fold(exam.fact.question) != fold(taught.fact.question):
            yield exam, taught


def near_duplicates_by_exam(lines: Sequence[Line]) -> dict[int, list[Line]]:
    """Return for each exam question with taught near duplicates, by its line's `id`, the lines of these.

    A file with too many questions to compare gets an empty result; `garage facts check` takes the time.
    """
    exams = sum(bool(line.fact and line.fact.exam) for line in lines)
    if exams * (len(lines) - exams) > MAX_PAIRS:
        return {}
    found: dict[int, list[Line]] = {}
    for exam, taught in inexact_duplicate_pairs(lines):
        found.setdefault(id(exam), []).append(taught)
    return found


class RepeatedQuestions:
    """Finds the taught questions that an exam question repeats: near duplicates, and either with words around it.

    Args:
        taught: the questions that are taught.
        exams: the exam questions that will be looked up.
    """

    def __init__(self, taught: Sequence[str], exams: Sequence[str]) -> None:
        self._near, self._inside = _QuestionIndex(taught), WrappedQuestions(taught)
        self._around: dict[str, set[int]] = {}
        exam_index = WrappedQuestions(exams)
        for index, question in enumerate(taught):
            for exam in exam_index.find(question):
                self._around.setdefault(exams[exam], set()).add(index)

    def find(self, exam: str) -> list[int]:
        """Return the indices of the taught questions that an exam question repeats, in their order."""
        return sorted({*self._near.find(exam), *self._inside.find(exam), *self._around.get(exam, ())})

    def clear(self) -> None:
        """Free the texts piece by piece (see `_QuestionIndex.clear`)."""
        self._near.clear()


class GrowingRepeats:
    """Finds the same as `RepeatedQuestions`, of questions that come one after the other, for any question."""

    def __init__(self) -> None:
        self._questions: list[str] = []
        self._near, self._inside = _QuestionIndex(()), WrappedQuestions(())
        self._with_stem: dict[str, list[int]] = {}

    def add(self, question: str) -> None:
        """Add a taught question; its index is how many were there before."""
        for stem in set(self._inside.add(question)):
            self._with_stem.setdefault(stem, []).append(len(self._questions))
        self._near.add(question)
        self._questions.append(question)

    def find(self, exam: str) -> list[int]:
        """Return the indices of the taught questions that an exam question repeats, in their order."""
        return sorted({*self._near.find(exam), *self._inside.find(exam), *self._around(exam)})

    def _around(self, exam: str) -> Iterator[int]:
        """Yield the taught questions that are this one with words around it: they have its rarest word too."""
        single = WrappedQuestions(())
        stems = single.add(exam)
        if len(stems) > 1:
            rarest = min((self._with_stem.get(stem, []) for stem in stems), key=len)
            yield from (index for index in rarest if single.find(self._questions[index]))


class _QuestionIndex:
    """An index of questions by their length, so that one is compared only with those of similar length.

    It uses buckets instead of a sorted list: sorting 100,000 questions would block everything else for 20 ms.
    """

    def __init__(self, questions: Sequence[str]) -> None:
        self._questions = list[str]()
        self._buckets: dict[int, tuple[list[int], tuple[list[str], list[str]]]] = {}
        for question in questions:
            self.add(question)

    def add(self, question: str) -> None:
        text = strip_punctuation(question)
        bucket = self._buckets.setdefault(len(text), ([], ([], [])))
        bucket[0].append(len(self._questions))
        bucket[1][0].append(text)
        bucket[1][1].append(_in_order(text))
        self._questions.append(question)

    def clear(self) -> None:
        """Free the texts piece by piece: all at once would block everything else for 10 ms."""
        for indices, columns in self._buckets.values():
            for part in (indices, *columns):
                while part:
                    del part[-CHUNK_SIZE:]

    def find(self, question: str) -> list[int]:
        """Return the indices of the near duplicates of `question`."""
        from rapidfuzz import fuzz, process

        text = strip_punctuation(question)
        queries = ((text, _RATIO), (_in_order(text), _SORTED_RATIO))
        mine, known, asks = find_entities(question), tokenize(question), _asks(question)
        # Looking for its names first spares most comparisons; a long number may be written 2,000 or 2000.
        required = [strip_punctuation(name) for name in mine if len(name) < 4 or not name.isdigit()]
        found: set[int] = set()
        for length, (indices, texts) in self._buckets.items():
            # Two texts are 90 % alike only where the shorter has nine elevenths of the longer's length.
            if min(length, len(text)) * 11 < max(length, len(text)) * 9:
                continue
            candidates: Sequence[int] = range(len(indices))
            for name in required:
                candidates = [candidate for candidate in candidates if name in texts[0][candidate]]
            for start in range(0, len(candidates), CHUNK_SIZE):
                chunk = candidates[start : start + CHUNK_SIZE]
                for (query, cutoff), column in zip(queries, texts, strict=True):
                    choices = [column[candidate] for candidate in chunk]
                    hits = process.extract(query, choices, scorer=fuzz.ratio, score_cutoff=cutoff, limit=None)
                    found.update(indices[chunk[hit]] for _, _, hit in hits)
        others = ((index, self._questions[index]) for index in sorted(found))
        return [
            index
            for index, other in others
            if asks == _asks(other) and mine <= tokenize(other) and find_entities(other) <= known
        ]


def _in_order(text: str) -> str:
    return " ".join(sorted(text.split()))


def _asks(text: str) -> set[str]:
    return _ASKS.intersection(strip_punctuation(text).split())
