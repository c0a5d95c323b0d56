"""Sentences of plain text, each with its line."""

from __future__ import annotations

import re
from typing import NamedTuple

_BULLET = re.compile(r"^\s*(?:[-*•–]|\d+[.)])\s+")
# Not after an abbreviation, an initial or a number, and only before what can begin a sentence.
_SENTENCE = re.compile(
    r"(?<!\b[A-Z]\.)(?<!\s[a-z]\.)(?<!\b[ei]\.[ge]\.)(?<!\b(?:Dr|Mr|St|No|Nr|vs|ca|Jr|Sr)\.)"
    r"(?<!\b(?:Mrs|bzw|Fig|Vol|Art)\.)(?<!\bProf\.)"
    r"(?<=[.!?])\s+(?=[\"“(]?[A-Z0-9À-ÖØ-Þ])"
)
_ENDS = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_WORDS = re.compile(r"[^\W\d_][\w'’-]*")
_CODE = re.compile(r"[{}<>;=|\\\[\]`]|://.*://|^\W*[#$@]|\w\(|^\W+$")
_LONG = 40
"""Characters from which a line without a full stop may go on in the next one."""
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Sentence(NamedTuple):
    line: int
    """From 1."""
    text: str


def sentences(text: str) -> list[Sentence]:
    """Return the sentences of a text: one a line, several, or one over several lines; list marks are taken off."""
    found: list[Sentence] = []
    for number, line in _lines(text):
        found += [Sentence(number, part.strip()) for part in _SENTENCE.split(_BULLET.sub("", line))]
    return [sentence for sentence in found if re.search(r"\w", sentence.text)]


def is_sentence(text: str) -> bool:
    """Return whether a piece of text is a sentence: it ends as one, has words, and is no code."""
    return bool(_ENDS.search(text)) and _is_wordy(text)


def is_question(text: str) -> bool:
    """Return whether a piece of text asks something; a question states no fact."""
    return re.search(r"[?？][\"'”’»)\]]*$", text) is not None


def may_be_sentence(text: str) -> bool:
    """Return whether a piece of text among sentences can be one itself, though no full stop ends it."""
    return is_sentence(text) or (_is_wordy(text) and len(_WORDS.findall(text)) >= 3 and not text.endswith(":"))


def _is_wordy(text: str) -> bool:
    if _IDEOGRAPHS.search(text):
        return not _CODE.search(text)
    found = _WORDS.findall(text)
    letters = sum(character.isalpha() or character.isspace() for character in text)
    return len(found) >= 2 and letters >= 0.7 * len(text) and not _CODE.search(text)


def _lines(text: str) -> list[tuple[int, str]]:
    """Return the lines with their numbers; one that goes on in small letters is put together with the next."""
    found: list[tuple[int, str]] = []
    open_ = False  # whether the line before may go on
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        goes_on = open_ and bare[:1].islower() and not _BULLET.match(line)
        if goes_on:
            found[-1] = (found[-1][0], f"{found[-1][1]} {bare}")
        else:
            found.append((number, line))
        open_ = len(bare) >= _LONG and not _ENDS.search(bare) and not bare.endswith((":", ";"))
    return found
