"""Wrapped questions: a question with words around it that do not change it ("Please tell me: …", "… Thanks!")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from garage_tui.core.language.entities import entity_spellings
from garage_tui.core.language.fold import composed

_TOKEN = re.compile(r"[^\W_]+(?:['’.+#&-]+[^\W_]+)*[+#]*")
_POSSESSIVE = re.compile(r"['’]s$")
_PRESENT, _PAST = {"is", "are", "am", "do", "does"}, {"was", "were", "did"}
_DO = {"do", "does", "did"}
# Dropped, because their position changes between "Which license does it use?" and "… which license it uses".
_AUXILIARY = _PRESENT | _PAST | {"a", "an", "the", "can", "could", "will", "would", "may", "might", "that"}
_ASKS = {
    "who", "whom", "whose", "what", "which", "when", "where", "why", "how", "many", "much", "not", "never", "no",
    "without", "except", "than", "but", "or", "unless",
}  # fmt: skip
"""Words that make another question of it where they stand around it."""
_GREETINGS = {"hi", "hello", "hey", "dear", "ok", "okay", "thanks", "sorry", "please", "well", "good"}
_POLITE = {
    "actually", "again", "an", "answer", "anyway", "ask", "asking", "be", "brief", "briefly", "btw", "by", "can",
    "could", "do", "don't", "exactly", "for", "forgot", "have", "i", "idea", "if", "in", "keen", "know", "line", "me",
    "mind", "my", "now", "one", "please", "quickly", "remind", "say", "sentence", "short", "sir", "tell", "thank",
    "thanks", "the", "then", "there", "to", "today", "us", "want", "way", "wonder", "wondering", "you", "your",
}  # fmt: skip
"""Words that may follow a question in the same sentence without changing it."""
_LONGEST_LEAD = 14
"""Most words before a question that are taken for words around it."""


@dataclass(frozen=True)
class _Tokens:
    """A question as comparable tokens."""

    text: str
    tokens: list[str]
    """All of its words, in lower case."""
    ends: list[str]
    """The punctuation between each word and the next one."""
    kept: list[int]
    """Indices into `tokens` of those that are compared."""
    stems: tuple[str, ...]
    """What is compared: the kept words without endings."""


class WrappedQuestions:
    """An index of questions that finds those that another question contains with nothing but words around them."""

    def __init__(self, questions: Sequence[str]) -> None:
        self._questions = list[str]()
        self._indices: dict[tuple[str, ...], list[int]] = {}
        self._lengths: dict[str, set[int]] = {}
        for question in questions:
            self.add(question)

    def add(self, question: str) -> tuple[str, ...]:
        """Add a question, and return the words of it that are compared, without endings."""
        index = len(self._questions)
        self._questions.append(question)
        stems = _tokens(question).stems
        if len(stems) > 1:
            self._indices.setdefault(stems, []).append(index)
            self._lengths.setdefault(stems[0], set()).add(len(stems))
        return stems

    def find(self, question: str) -> list[int]:
        """Return the indices of the questions that `question` is one of, with or without words around it."""
        whole, found = _tokens(question), set[int]()
        for start, stem in enumerate(whole.stems):
            for length in self._lengths.get(stem, ()):
                indices = self._indices.get(whole.stems[start : start + length])
                if indices and start + length <= len(whole.stems):
                    span = slice(whole.kept[start], whole.kept[start + length - 1] + 1)
                    found.update(index for index in indices if self._is_same(whole, span, self._questions[index]))
        return sorted(found)

    @staticmethod
    def _is_same(whole: _Tokens, span: slice, question: str) -> bool:
        inner = _tokens(question)
        first, last = span.start, span.stop - 1
        while (
            last + 1 < len(whole.tokens) and whole.tokens[last + 1] in _PRESENT | _PAST and not whole.ends[last].strip()
        ):
            last += 1  # "… what TinyLLM is"
        while first and whole.tokens[first - 1] in _AUXILIARY and not whole.ends[first - 1].strip():
            first -= 1
        tense, other = set(whole.tokens[first : last + 1]), set(inner.tokens)
        if (tense & _PAST and other & _PRESENT and not other & _PAST) or (
            other & _PAST and tense & _PRESENT and not tense & _PAST
        ):
            return False
        known = set(inner.tokens)
        return _is_lead(whole, first, known) and _is_tail(whole, last + 1, known)


def _is_lead(whole: _Tokens, end: int, known: set[str]) -> bool:
    """Return whether the words before a question leave it as it is."""
    lead = whole.tokens[:end]
    if not lead:
        return True
    separator = whole.ends[end - 1]
    if len(lead) > _LONGEST_LEAD or "?" in separator:
        return False
    if re.search(r"[:.!…]", separator) or lead[0] in _GREETINGS:
        return True
    names = {name for name in entity_spellings(whole.text) if name not in known}
    return not _ASKS.intersection(lead) and not names.intersection(lead)


def _is_tail(whole: _Tokens, start: int, known: set[str]) -> bool:
    """Return whether the words after a question leave it as it is."""
    tail = whole.tokens[start:]
    if not tail:
        return True
    if re.search(r"[?.!…]", whole.ends[start - 1]):
        return not _ASKS.intersection(tail) and "?" not in "".join(whole.ends[start:])
    return set(tail) <= _POLITE


def _tokens(question: str) -> _Tokens:
    tokens: list[str] = []
    ends: list[str] = []
    at = 0
    question = composed(question)
    for match in _TOKEN.finditer(question):
        if tokens:
            ends.append(question[at : match.start()])
        tokens.append(_POSSESSIVE.sub("", match[0].casefold().replace("’", "'")))
        at = match.end()
    if tokens:
        ends.append(question[at:])
    closes = [bool(end.strip(" ,'\"")) or index == len(tokens) - 1 for index, end in enumerate(ends)]
    kept = [i for i, word in enumerate(tokens) if word not in _AUXILIARY or (word in _DO and closes[i])]
    return _Tokens(question, tokens, ends, kept, tuple(_stem(tokens[i]) for i in kept))


def _stem(word: str) -> str:
    """Return a word without the endings that differ between "it uses", "it used" and "does it use"."""
    if word in _DO:
        return "do"
    if (len(word) > 3 and word.endswith("s") and not word.endswith("ss")) or (len(word) > 4 and word.endswith("ed")):
        word = word[:-1]
    return word[:-1] if len(word) > 2 and word.endswith("e") else word
