"""Whether two texts state the same, by their words alone."""

from __future__ import annotations

import re

from garage_tui.core.language.entities import STOP_WORDS
from garage_tui.core.language.fold import composed, fold

_END = " .!…。！"
TELLING = 3
"""Words about something that an answer needs to state a fact by itself; "Yes." states another one each time."""
_AROUND = ".,;:!?…。！？\"'“”‘’()[]"
"""Signs around a word that do not belong to it, as those of `-5`, `5 %` and `C++` do."""
_NOTHING = {"the", "a", "an", "is", "are", "was", "were", "it", "they", "in", "on", "at", "to", "of", "its"}
"""Words by which a sentence differs from a short answer without saying more."""


def says_same(question: str, answer: str, other: str) -> bool:
    """Return whether two answers to a question say the same: one may only repeat words of the question besides."""
    if same_text(answer, other):
        return True
    long, short = sorted((_tokens(answer), _tokens(other)), key=len, reverse=True)
    start = next((at for at in range(len(long)) if long[at : at + len(short)] == short), None)
    if start is None or not short:
        return False
    rest = long[:start] + long[start + len(short) :]
    allowed = {_stem(word) for word in _tokens(question)} | _NOTHING
    return all(word in _NOTHING or _stem(word) in allowed for word in rest)


def same_text(text: str, other: str) -> bool:
    """Return whether two texts differ at most in case, spaces and the full stop."""
    return _bare(text) == _bare(other)


def _bare(text: str) -> str:
    return fold(text).rstrip(_END)


def _tokens(text: str) -> list[str]:
    return [token for word in composed(text).casefold().split() if (token := word.strip(_AROUND))]


def content_stems(text: str) -> frozenset[str]:
    """Return the words of a text that say what it is about, without endings, in lower case."""
    return frozenset(_stem(word) for word in _tokens(text) if word not in STOP_WORDS)


def _stem(word: str) -> str:
    """Return a word without the endings that differ between "does it use" and "it uses", "it used"."""
    word = re.sub(r"['’]s$", "", word)
    if len(word) > 3:
        word = re.sub(r"(?:ed|es|s)$", "", word)
    return word[:-1] if len(word) > 3 and word.endswith("e") else word
