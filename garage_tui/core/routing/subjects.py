"""The subjects of taught facts: the names in the taught questions, and for rows without a name their words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.line import Fact
from garage_tui.core.language.entities import SENTENCE_OPENERS, STOP_WORDS, content_words, entity_spellings, tokenize
from garage_tui.core.rewording.similar_names import find_subject
from garage_tui.core.routing.everyday_words import VERBS, common_words, everyday_words

MAX_SUBJECTS = 2000
"""Most entries of each kind."""
_INSIDE = re.compile(r" (?:of the|of|the|and|&) ")
"""Joins two names into one (Bank of America), or a thing and where it is (Tom Hask of Harrowmere)."""
_ENGLISH = STOP_WORDS - set("a an as in is me no on so he do us i and".split())
"""Function words that hardly any other language has."""
_SHORTEST_PART = 3


class Subjects(msgspec.Struct, frozen=True):
    """What the facts of a run are about, as far as a conversation can be recognised by it."""

    names: list[str] = []
    """Names of things, people and places, in any case: `Maplewick`, `Beatrix Tolland`."""
    parts: list[str] = []
    """Single words of these names that mean the same where they are written with a capital: `Tolland`."""
    keywords: list[list[str]] = []
    """Words, in lower case, that mean a row without a name where one message has all of them: `bin`, `day`."""
    gap: str = ""
    """Why the facts cannot all be recognised, in one sentence; empty where they can. Then nothing is routed."""


def find_subjects(rows: Sequence[Fact]) -> Subjects:
    """Return the subjects of taught rows."""
    names = _names(row.question for row in rows)
    keywords, gaps = [], []
    folded = [_folded(name) for name in names]
    for row in rows:
        if any(_contains(_folded(row.question), name) for name in folded):
            continue
        if found := _distinctive_words(row.question):
            keywords.append(sorted(found))
            names += [name for name in _names([row.answer]) if not _is_common(name)]
        else:
            gaps.append(row.question)
    gap = "" if rows else "it has no taught rows by which a question could be recognised"
    if gaps:
        gap = f'the question "{one_line(gaps[0], 80)}" has no name and no words by which it could be recognised'
    if rows and 2 * sum(_is_english(row.question) for row in rows) < len(rows):
        gap = "the names in its questions cannot be told from other words: most of them are not English"
    names = list(dict.fromkeys(names))[:MAX_SUBJECTS]
    unique = [list(one) for one in dict.fromkeys(map(tuple, keywords))]
    return Subjects(names, _parts(names), unique[:MAX_SUBJECTS], gap)


def _names(questions: Iterable[str]) -> list[str]:
    """Return the names in questions that mean what they are about, those of most questions first."""
    runs = [_runs(question) for question in questions]
    whole = {run for found in runs for run in found}
    split = [[name for run in found for name in _split(run, whole)] for found in runs]
    count = Counter(name for found in split for name in set(found))
    chosen: dict[str, None] = {}
    for found in split:
        ranked = sorted(found, key=lambda name: (_is_common(name), -count[name], -len(name)))
        kept = ranked[:1] + [name for name in ranked[1:] if not _is_common(name) and count[name] > 1]
        longest = max(found, key=len, default="")
        if longest and not _is_common(longest):
            kept.append(longest)
        chosen.update(dict.fromkeys(kept))
    by_count = sorted(chosen, key=lambda name: -count[name])
    folded = {name: _folded(name) for name in by_count}
    return [
        name
        for name in by_count
        if not any(other != name and _contains(folded[name], folded[other]) for other in by_count)
    ]


def _split(run: str, whole: set[str]) -> list[str]:
    """Return the names in a run of names: its pieces where one of them is a name elsewhere, else the run itself."""
    pieces = _INSIDE.split(run)
    return pieces if whole & set(pieces) else [run]


def _runs(question: str) -> list[str]:
    """Return the names in a question, neighbouring ones as one."""
    found, rest = [], question
    while run := find_subject(rest):
        found.append(run)
        rest = re.sub(rf"(?<!\w){re.escape(run)}(?!\w)", lambda match: "," * len(match[0]), rest)
        if len(found) > 20:
            break
    return found


def _distinctive_words(question: str) -> frozenset[str]:
    """Return the words that a question without a name can be recognised by; empty if they are in many questions."""
    content = content_words(question)
    found = content - VERBS or content
    nouns = frozenset(word for word in found if not word.endswith(("ed", "ing")))
    found = nouns if len(nouns) > 1 else found
    return found if len(found) > 1 or found - common_words() else frozenset()


def _parts(names: Sequence[str]) -> list[str]:
    """Return the words of names of several words that mean the same alone; those of several names mean none.

    A word that everybody uses (the Court of Ives Court, the Hall of Dr Hall) means none either.
    """
    count = Counter(word for name in names for word in {*name.split()} if len(name.split()) > 1)
    return [
        word
        for word, number in count.items()
        if number == 1
        and len(word) >= _SHORTEST_PART
        and word.isalpha()
        and word[0].isupper()
        and word.casefold() not in SENTENCE_OPENERS
        and not everyday_words() & {word.casefold(), *tokenize(word)}
    ]


def _is_common(name: str) -> bool:
    return tokenize(name) <= common_words()


def _is_english(question: str) -> bool:
    """Return whether a question has an English function word, or nothing but names."""
    found = tokenize(question)
    return bool(found & _ENGLISH) or found <= entity_spellings(question).keys()


def _contains(text: str, name: str) -> bool:
    return f" {name} " in f" {text} "


def _folded(text: str) -> str:
    """Return the words of a text in lower case, without possessive endings, separated by spaces."""
    return " ".join(re.sub(r"['’]s?$", "", word) for word in re.findall(r"[\w'’]+", text.casefold()))
