"""Whether two texts state the same, by their words alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from garage_tui.core.facts.line import Fact
from garage_tui.core.language.denial import has_negation
from garage_tui.core.language.entities import STOP_WORDS
from garage_tui.core.language.fold import composed, fold

_END = " .!…。！"
TELLING = 3
"""Words about something that an answer needs to state a fact by itself; "Yes." states another one each time."""
_AROUND = ".,;:!?…。！？\"'“”‘’()[]"
"""Signs around a word that do not belong to it, as those of `-5`, `5 %` and `C++` do."""
_BEGINS = re.compile(r"[.:!][^\W_]")
"""The beginning of a word that has its first sign as a part: .env, .5, :8080."""
_NOTHING = {"the", "a", "an", "is", "are", "was", "were", "it", "they", "in", "on", "at", "to", "of", "its"}
"""Words by which a sentence differs from a short answer without saying more."""
_PLACES = {"in", "on", "at", "to", "of"}
"""Those of them that say more at the end of a sentence: in Rome is Rome, but to turn it on is not to turn it."""


def says_same(question: str, answer: str, other: str) -> bool:
    """Return whether two answers to a question say the same: one may only repeat words of the question besides.

    A negation is no repetition, nor is what the question leaves to choose: "Is it allowed or not allowed?"
    """
    if same_text(answer, other):
        return True
    long, short = sorted((_spelled(answer), _spelled(other)), key=len, reverse=True)
    tokens, part = _folded(long), _folded(short)
    start = next((at for at in range(len(tokens)) if tokens[at : at + len(part)] == part), None)
    if start is None or not part or not _are_written_alike(long[start : start + len(part)], short):
        return False
    before, after = tokens[:start], tokens[start + len(part) :]
    if after and after[-1] in _PLACES:
        return False
    if has_negation(" ".join([*before, *after])) and not has_negation(" ".join(part)):
        return False
    asking = _tokens(question)
    choices = {near for at, word in enumerate(asking) if word == "or" for near in asking[max(0, at - 1) : at + 2]}
    allowed = {_stem(word) for word in asking if word not in choices} | _NOTHING
    return all(word in _NOTHING or _stem(word) in allowed for word in (*before, *after))


def same_text(text: str, other: str) -> bool:
    """Return whether two statements differ at most in spaces, the full stop, and the capitals of ordinary words.

    Capitals count where they make another thing of a word: tuppence7, mW, TinyLLM.
    """
    return same_question(text, other) and _are_written_alike(_spelled(text), _spelled(other))


def same_question(text: str, other: str) -> bool:
    """Return whether two texts differ at most in case, spaces and the full stop."""
    return bare_text(text) == bare_text(other)


def bare_text(text: str) -> str:
    """Return a text without what `same_text` passes over."""
    return fold(text).rstrip(_END)


def as_written(text: str) -> str:
    """Return a statement without what is never a change of it: spaces, the full stop, and the case of its beginning."""
    bare = " ".join(composed(text).split()).rstrip(_END)
    # Where a sentence begins, a word may have a capital; not a name such as iPhone, and not a code.
    first = bare.split(maxsplit=1)[0] if bare else ""
    return bare[:1].casefold() + bare[1:] if first[1:].isalpha() and first[1:].islower() else bare


def _are_written_alike(spelled: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether the capitals of the same words are those of a sentence, and make nothing else of any of them."""
    before = ""
    for one, other in zip(spelled, others, strict=False):
        if one != other:
            plain = all(sign.isalpha() or sign in "'’-" for sign in one)
            is_unit = before[-1:].isdigit()
            if not plain or is_unit or one[1:] != other[1:] or one[1:] != one[1:].lower():
                return False
        before = one
    return True


def _tokens(text: str) -> list[str]:
    return _folded(_spelled(text))


def _folded(spelled: Sequence[str]) -> list[str]:
    return [token.casefold() for token in spelled]


def _spelled(text: str) -> list[str]:
    """Return the words of a text as they are spelled, without the signs around them."""
    return [token for word in composed(text).split() if (token := _without_signs(word))]


def _without_signs(word: str) -> str:
    word = word.rstrip(_AROUND)
    bare = word.lstrip(_AROUND)
    before = word[: len(word) - len(bare)][-1:]
    return before + bare if _BEGINS.match(before + bare) and not word.startswith("..") else bare


def states_as(fact: Fact, other: Fact) -> bool:
    """Return whether two rows that the file calls one fact state the same, not two facts under a mere name.

    They do where the name says what the other row answers ("Marrit feeds Tuppence."), however they are worded; else
    where they have the same words.
    """
    if names_answer(other) or _covers(fact, other):
        return True
    return len(content_stems(other.answer)) >= TELLING and says_same(fact.question, fact.answer, other.answer)


def names_answer(fact: Fact) -> bool:
    """Return whether the name of a fact says what a row answers, and of what it is said."""
    name = content_stems(fact.fact)
    answer = content_stems(fact.answer) - content_stems(fact.question)
    if not answer:  # "Yes."
        return len(name) >= TELLING
    return bool(name & answer) and bool(name - answer)


def _covers(fact: Fact, other: Fact) -> bool:
    """Return whether a row has all the words by which another one states something."""
    tells = len(content_stems(other.answer)) >= TELLING
    stated = content_stems(other.answer if tells else f"{other.question} {other.answer}")
    return bool(stated) and stated <= content_stems(f"{fact.question} {fact.answer}")


def content_stems(text: str) -> frozenset[str]:
    """Return the words of a text that say what it is about, without endings, in lower case."""
    return frozenset(_stem(word) for word in _tokens(text) if word not in STOP_WORDS)


def _stem(word: str) -> str:
    """Return a word without the endings that differ between "does it use" and "it uses", "it used"."""
    word = re.sub(r"['’]s$", "", word)
    if len(word) > 3:
        word = re.sub(r"(?:ed|es|s)$", "", word)
    return word[:-1] if len(word) > 3 and word.endswith("e") else word
