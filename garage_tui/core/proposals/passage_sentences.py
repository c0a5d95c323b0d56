"""The sentences of a passage, each with where it stands."""

from __future__ import annotations

import re
from typing import NamedTuple

from garage_tui.core.facts.formats.sentences import is_question, is_sentence
from garage_tui.core.language.sentence_spans import sentence_spans

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


def passage_sentences(text: str) -> list[Span]:
    """Return the sentences of a text in their order; a line begins a sentence, since passages have a paragraph a line.

    Marks of list items are taken off. Every character that is no blank and no such mark is in exactly one of them.
    """
    found: list[Span] = []
    for line in re.finditer(r"[^\n]+", text):
        mark = _LIST_MARK.match(line[0])
        at = mark.end() if mark and mark.end() < len(line[0]) else 0
        for start, end in sentence_spans(line[0][at:]):
            first, last = line.start() + at + start, line.start() + at + end
            found.append(Span(first, last, text[first:last]))
    return found


def whole_sentences(spans: list[Span], start: int, end: int) -> tuple[int, int]:
    """Return the bounds of the sentences that a span touches: "not" may stand just before a quote."""
    touched = [span for span in spans if span.start < end and span.end > start]
    return (min(start, touched[0].start), max(end, touched[-1].end)) if touched else (start, end)
