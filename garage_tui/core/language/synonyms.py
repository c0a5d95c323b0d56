"""Questions with one word replaced by a synonym, from `garage_tui/data/synonyms.txt`."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from garage_tui.core.base.package_path import DATA
from garage_tui.core.language.inflection import participle, past, plural, stem, third_person

_FILE = DATA / "synonyms.txt"
_LONGEST = 4
"""Words of an entry."""
_WORD = re.compile(r"[\w'’-]+")
_ARTICLE = re.compile(r"\b([Aa])n? \Z")
_VOWEL = re.compile(
    r"(?:hour|honest|honou?r|heir|[fhlmnrsx][b-df-hj-np-tv-xz\d]*\b)|(?!(?:uni(?!n|m)|us[aeu]|usb|u[kr]l?\b|eu|one\b|once\b))[aeiou]",
    re.IGNORECASE,
)
"""The beginning of a word that is spoken with a vowel, letter by letter if it has none: an hour, an sms, a unit."""


def swap_synonyms(question: str, name: str = "") -> list[str]:
    """Return the question with one word, or its opening, replaced by a synonym, in the order of the words.

    Args:
        name: what it is about; its words stay.
    """
    tokens = list(_WORD.finditer(question))
    kept = [match.span() for match in re.finditer(re.escape(name), question)] if name else []
    found: dict[str, None] = {}
    for first in range(len(tokens)):
        for count in range(min(_LONGEST, len(tokens) - first), 0, -1):
            start, end = tokens[first].start(), tokens[first + count - 1].end()
            if any(start < last and end > begun for begun, last in kept):
                continue
            here = question[start:end]
            others = _openers().get(here.casefold(), ()) if first == 0 else ()
            # A word with a capital inside a sentence is a name.
            if not others and (first == 0 or here == here.lower()):
                others = _forms().get(here.casefold(), ())
            for other in others:
                new = re.sub(r"\bi\b", "I", other[:1].upper() + other[1:] if here[:1].isupper() else other)
                found.setdefault(_with_article(question[:start], new) + question[end:])
            if others:
                break  # of "look after" the "look" is no other verb
    return list(found)


def single_words() -> frozenset[str]:
    """Return all forms of the single words of the file, in lower case: the words of everyday questions."""
    return frozenset(form for form in _forms() if form.isalpha())


def _with_article(before: str, word: str) -> str:
    """Return a text and the word after it; an article at the text's end becomes a or an, as the word is spoken."""
    fitting = r"\1n " if _VOWEL.match(word) else r"\1 "
    return _ARTICLE.sub(fitting, before) + word


@functools.cache
def _forms() -> dict[str, tuple[str, ...]]:
    """Return for each form of a word the same form of those that mean the same."""
    found: dict[str, tuple[str, ...]] = {}
    odd = dict(_irregular())
    for kind, members in _groups():
        rows = {"v": lambda word: _verb(word, odd), "n": lambda word: [word, plural(word)]}.get(
            kind, lambda word: [word]
        )
        if kind == "q":
            continue
        for forms in zip(*map(rows, members), strict=True):
            for form in forms:
                others = tuple(other for other in dict.fromkeys(forms) if other not in ("", form))
                if form and others:
                    found.setdefault(form, others)
    return found


@functools.cache
def _openers() -> dict[str, tuple[str, ...]]:
    return {
        member: tuple(other for other in members if other != member)
        for kind, members in _groups()
        if kind == "q"
        for member in members
    }


def _verb(entry: str, odd: dict[str, tuple[str, str]]) -> list[str]:
    """Return base, third person, past, participle and -ing form of an entry, whose first word is inflected."""
    base, _, rest = entry.partition(" ")
    before, done = odd.get(base) or (past(base), participle(base))
    return [f"{form} {rest}".strip() for form in (base, third_person(base), before, done, stem(base, "ing") + "ing")]


def _groups() -> Iterator[tuple[str, list[str]]]:
    for kind, text in _lines():
        if kind != "i":
            yield kind, [member.strip() for member in text.split("|")]


def _irregular() -> Iterator[tuple[str, tuple[str, str]]]:
    for kind, text in _lines():
        if kind == "i":
            base, past, done = text.split()
            yield base, (past, done)


@functools.cache
def _lines() -> list[tuple[str, str]]:
    lines = (line.strip() for line in _FILE.read_text(encoding="utf-8").splitlines())
    return [(line[0], line[2:].strip()) for line in lines if line and not line.startswith("#")]
