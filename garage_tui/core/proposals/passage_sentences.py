"""The sentences of a passage, each with where it stands."""

from __future__ import annotations

import re
from typing import NamedTuple

from garage_tui.core.facts.formats.sentences import is_question, is_sentence
from garage_tui.core.language.entities import STOP_WORDS
from garage_tui.core.language.sentence_spans import sentence_spans

_CODE = re.compile(r"\S*[/\\_=<>{}\[\]$|]\S*|\w+\(\w*\)|(?<!\S)-{1,2}\w\S*")
"""A piece that is not language: a path, an option, a name in brackets."""
_STANDS_FOR = re.compile(
    r"\W*(?:(?:in|on|at|by|for|with|from|of|to|if|when|after|before|as|while|although|because) )?"
    r"(?:this|that|these|those|it|its|they|their|such|he|she|his|her|the (?:former|latter|same)|both|otherwise"
    r"|instead)\b",
    re.IGNORECASE,
)
_MOST_BEFORE = 2
"""Sentences that are taken in before one that speaks of what they name."""
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


def could_state(text: str) -> bool:
    """Return whether a piece of text can state something though it is no whole sentence, or has code in it.

    Items of a list have no full stop ("Fixed the saving of pictures under Windows"), and manuals name programs with
    their section ("The qshape(1) program …"). Headings, code and lines of a table have no small words that bind others.
    """
    plain = re.findall(r"[^\W\d_]{2,}", _CODE.sub(" ", text))
    binds = any(word.casefold() in STOP_WORDS for word in plain)
    return len(plain) >= 5 and binds and not is_question(text) and not text.rstrip().endswith(":")


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


def begin_of_thought(spans: list[Span], start: int) -> int:
    """Return where the sentence begins that says of what the sentence at `start` speaks.

    That is the one before, where the sentence begins with a word that stands for something ("This is done by …").
    """
    before = [span for span in spans if span.end <= start]
    here = next((span for span in spans if span.start >= start), None)
    for _ in range(_MOST_BEFORE):
        if here is None or not before or not _STANDS_FOR.match(here.text):
            break
        here = before.pop()
        start = here.start
    return start


def whole_sentences(spans: list[Span], start: int, end: int) -> tuple[int, int]:
    """Return the bounds of the sentences that a span touches: "not" may stand just before a quote."""
    touched = [span for span in spans if span.start < end and span.end > start]
    return (min(start, touched[0].start), max(end, touched[-1].end)) if touched else (start, end)
