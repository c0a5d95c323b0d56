"""The sentences of a passage, each with where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from garage_tui.core.facts.formats.sentences import is_question, is_sentence

_END = re.compile(r"[.!?…。！？]+[\"'”’»)\]]*(?=\s+[\"“‘«(\[]?[^\W_a-z]|\s*$)|[。！？]")
"""The end of a sentence: a sign, and after it the end of the line or what can begin a sentence."""
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|[DMS]r|Mrs|Ms|Prof|St|No|Nr|Fig|Figs|Sec|Eq|Vol|Ch|Ed|cf|ca|approx|vs|resp|incl|excl|e\.g|i\.e|z\.B|d\.h"
    r"|u\.a|bzw|al|pp?)|\bU\.S)\.$"
)
_LIST_MARK = re.compile(r"\s*(?:[-*•–o]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+")


class Span(NamedTuple):
    """A sentence of a text."""

    start: int
    end: int
    text: str

    @property
    def states(self) -> bool:
        """Whether it is a whole sentence that could state something: no heading, no question, no code."""
        return is_sentence(self.text) and not is_question(self.text)


def sentence_spans(text: str) -> list[Span]:
    """Return the sentences of a text in their order; a line begins a sentence, since passages have a paragraph a line.

    Marks of list items are taken off. Every character that is no blank and no such mark is in exactly one of them.
    """
    found: list[Span] = []
    for start, end in _lines(text):
        mark = _LIST_MARK.match(text, start, end)
        at = mark.end() if mark and mark.end() < end else start
        for stop in [*_ends(text, at, end), end]:
            piece = text[at:stop]
            lead = len(piece) - len(piece.lstrip())
            if piece.strip():
                found.append(Span(at + lead, at + len(piece.rstrip()), piece.strip()))
            at = stop
    return found


def whole_sentences(spans: list[Span], start: int, end: int) -> tuple[int, int]:
    """Return the bounds of the sentences that a span touches: "not" may stand just before a quote."""
    touched = [span for span in spans if span.start < end and span.end > start]
    return (min(start, touched[0].start), max(end, touched[-1].end)) if touched else (start, end)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for line in text.split("\n"):
        yield at, at + len(line)
        at += len(line) + 1


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    for match in _END.finditer(text, start, end):
        if match.end() < end and not _ABBREVIATION.search(text, max(start, match.start() - 8), match.start() + 1):
            yield match.end()
