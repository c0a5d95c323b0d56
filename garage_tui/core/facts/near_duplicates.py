"""Exam questions that are nearly the same as a taught one, and so prove nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from garage_tui.core.facts.coverage import fold
from garage_tui.core.facts.line import Line
from garage_tui.core.language.entities import find_entities, tokenize

MAX_PAIRS = 5_000_000
"""Comparisons, a second or so, above which an open file is not searched after every change."""
CHUNK_SIZE = 2000
"""Questions compared in one go: a fraction of a millisecond, in which nothing else of the app can run."""
_RATIO = 90.0
_SORTED_RATIO = 95.0
_NO_WORD = re.compile(r"[^\w+#]+|_+")
# One letter makes "When was it built?" of "Where was it built?", which is another question.
_ASKS = {"who", "whom", "whose", "when", "where", "why", "how", "many", "much", "not", "never", "no", "without"}


def strip_punctuation(text: str) -> str:
    """Return a text without case and punctuation."""
    return _NO_WORD.sub(" ", text.casefold()).strip()


def find_near_duplicates(question: str, others: Sequence[str]) -> list[int]:
    """Return which of the others, as indices, ask nearly the same."""
    return _Haystack(others).find(question)


def near_duplicate_pairs(lines: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    """Give every exam question with each taught one that is nearly the same, both in the order of the file."""
    exams = [line for line in lines if line.fact and line.fact.question and line.fact.exam]
    if not exams:
        return
    taught = [line for line in lines if line.fact and line.fact.question and not line.fact.exam]
    haystack = _Haystack([line.fact.question for line in taught if line.fact])
    for line in exams:
        assert line.fact
        for index in haystack.find(line.fact.question):
            yield line, taught[index]
    haystack.clear()


def near_duplicates_by_exam(lines: Sequence[Line]) -> dict[int, list[Line]]:
    """Return for each exam question that is nearly taught, by its line's `id`, the lines that do it.

    Those that stand there word for word are no near ones: `Coverage` knows them. Of a file with too many questions to
    compare nothing is said; `garage facts check` takes the time.
    """
    exams = sum(bool(line.fact and line.fact.exam) for line in lines)
    if exams * (len(lines) - exams) > MAX_PAIRS:
        return {}
    found: dict[int, list[Line]] = {}
    for exam, taught in near_duplicate_pairs(lines):
        assert exam.fact and taught.fact
        if fold(exam.fact.question) != fold(taught.fact.question):
            found.setdefault(id(exam), []).append(taught)
    return found


class _Haystack:
    """Questions by their length, so that one is compared only with those that can be near.

    Buckets and no sorted list: one sort of 100,000 would hold everything else up for 20 ms.
    """

    def __init__(self, questions: Sequence[str]) -> None:
        self._questions = questions
        self._buckets: dict[int, tuple[list[int], tuple[list[str], list[str]]]] = {}
        for index, question in enumerate(questions):
            text = strip_punctuation(question)
            bucket = self._buckets.setdefault(len(text), ([], ([], [])))
            bucket[0].append(index)
            bucket[1][0].append(text)
            bucket[1][1].append(_in_order(text))

    def clear(self) -> None:
        """Let go of the texts bit by bit: all at once would hold everything else up for 10 ms."""
        for indices, columns in self._buckets.values():
            for part in (indices, *columns):
                while part:
                    del part[-CHUNK_SIZE:]

    def find(self, question: str) -> list[int]:
        """Return the indices of those that ask nearly the same."""
        from rapidfuzz import fuzz, process

        text = strip_punctuation(question)
        wanted = ((text, _RATIO), (_in_order(text), _SORTED_RATIO))
        mine, known, asks = find_entities(question), tokenize(question), _asks(question)
        # Looking for its names first spares most comparisons; a long number may be written 2,000 or 2000.
        held = [strip_punctuation(name) for name in mine if len(name) < 4 or not name.isdigit()]
        found: set[int] = set()
        for length, (indices, texts) in self._buckets.items():
            # Two texts are 90 % alike only where the shorter has nine elevenths of the longer's length.
            if min(length, len(text)) * 11 < max(length, len(text)) * 9:
                continue
            places: Sequence[int] = range(len(indices))
            for name in held:
                places = [place for place in places if name in texts[0][place]]
            for start in range(0, len(places), CHUNK_SIZE):
                chunk = places[start : start + CHUNK_SIZE]
                for (query, cutoff), column in zip(wanted, texts, strict=True):
                    choices = [column[place] for place in chunk]
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
