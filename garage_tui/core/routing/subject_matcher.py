"""Finds out whether a text names a subject: whole words, in any case, also in the plural and the possessive."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from garage_tui.core.language.entities import SENTENCE_OPENERS, content_words
from garage_tui.core.routing.everyday_words import everyday_words
from garage_tui.core.routing.subjects import Subjects

MAX_LENGTH = 500_000
"""Most characters that are searched: more than any model's context holds."""
_ENDING = r"(?:'?s|es|'?S|ES|')?"
"""Of a plural or possessive: Maplewick's, Maplewicks, Hollis'."""
_BEFORE, _AFTER = r"(?<![^\W_])", r"(?![^\W_])"
_JOINT = r"[\s_\-\u2010-\u2015]*"
"""Between the parts of a name: Pinder Lodge is also Pinder-Lodge and PinderLodge."""
_AND = ("&", "and", "And")
_HUMP = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|\d+|.")
_ACRONYM = re.compile(r"[A-Z]{2,}(?![a-z])|\d")
_TITLES = frozenset(
    """
    aunt captain chef doctor dr father grandma grandpa king lady lord madam mayor miss mother mr mrs ms president prince
    princess prof professor queen saint sir st uncle
    frau fraulein herr madame mlle mme monsieur senor senora senorita signor signora signorina""".split()
)
"""Before a name they belong to the same person: Mayor Tolland."""


class SubjectMatcher:
    """Finds subjects in texts.

    Args:
        subjects: what a run's facts are about.
    """

    def __init__(self, subjects: Subjects) -> None:
        # In lower case an everyday word is that word: of Rose, "prices rose" says nothing.
        everyday = {name for name in subjects.names if name[:1].isupper() and _folded(name) in everyday_words()}
        patterns = [pattern for name in subjects.names if name not in everyday and (pattern := _pattern(name))]
        self._names = _compiled(patterns)
        self._everyday = _compiled([_capital_pattern(name) for name in everyday])
        self._parts = _compiled([_capital_pattern(part) for part in subjects.parts if part.strip()])
        self._own = {word for name in subjects.names for word in _folded(name).split()}
        keywords = (content_words(" ".join(one)) for one in subjects.keywords)
        self._keywords = [found for found in keywords if found]

    def find(self, texts: Iterable[str]) -> str:
        """Return the subject that one of the texts names, mostly in lower case; empty where none does."""
        left = MAX_LENGTH
        for whole in texts:
            text, left = whole[:left], left - len(whole)
            plain = _without_accents(text)
            folded = plain.casefold()
            if self._names and (match := self._names.search(folded)):
                return match[1]
            if self._everyday and (match := self._everyday.search(plain)):
                return match[1]
            if self._parts and (part := self._find_part(plain)):
                return part
            if found := self._find_keywords(text, folded):
                return found
            if left <= 0:
                break
        return ""

    def _find_keywords(self, text: str, folded: str) -> str:
        # Without its last letter a word is part of its plural, too: it costs little to see that a text lacks it.
        likely = [one for one in self._keywords if all(_folded(word)[:-1] in folded for word in one)]
        content = content_words(text) if likely else frozenset()
        found = next((one for one in likely if one <= content), frozenset[str]())
        return " ".join(sorted(found))

    def _find_part(self, text: str) -> str:
        """Return a word of a name that means the whole name: not where another name continues it (Anna Tolland)."""
        assert self._parts
        shouting = text.isupper()  # then no capital makes a name
        for match in self._parts.finditer(text):
            before = re.search(r"([^\W_][\w']*)[ \-]\Z", text[max(0, match.start() - 80) : match.start()])
            after = re.match(r"[ \-]([^\W_][\w']*)", text[match.end() : match.end() + 80])
            if match[0].endswith(("'s", "'S", "'")):
                after = None
            if shouting or not any(word and self._is_another_name(word[1]) for word in (before, after)):
                return match[1]
        return ""

    def _is_another_name(self, word: str) -> bool:
        folded = _folded(word)
        return word[0].isupper() and folded not in SENTENCE_OPENERS | _TITLES and folded not in self._own


def _compiled(patterns: Sequence[str]) -> re.Pattern[str] | None:
    """Return a regular expression for whole words of which each is one of these, also in the plural and possessive."""
    return re.compile(f"{_BEFORE}({'|'.join(patterns)}){_ENDING}{_AFTER}") if patterns else None


def _capital_pattern(word: str) -> str:
    """Return a regular expression for a word in a text without accents: as it is spelled, or with other capitals."""
    spelled = _without_accents(word).strip()
    return "|".join(
        _with_plural(re.escape(one)) for one in dict.fromkeys((spelled, spelled.upper(), spelled.capitalize()))
    )


def _with_plural(pattern: str) -> str:
    """Return a pattern that also matches the plural in -ies of what ends in a consonant and y: bakery, bakeries."""
    return re.sub(
        r"(?<=[b-df-hj-np-tv-xz])y\Z", "(?:y|ies)", re.sub(r"(?<=[B-DF-HJ-NP-TV-XZ])Y\Z", "(?:Y|IES)", pattern)
    )


def _pattern(name: str) -> str:
    """Return a regular expression for a name in a folded text; the parts of TinyLLM may be written apart, too."""
    name_parts = re.split(r"[\s_\-\u2010-\u2015]+", _clean(name).strip())
    parts: list[str] = []
    for word in name_parts:
        humps = _HUMP.findall(word) if word.isalnum() and word.isascii() and _ACRONYM.search(word) else [word]
        parts += humps if "".join(humps) == word and all(len(hump) > 1 for hump in humps) else [word]
    escaped = ("(?:&|and)" if part in _AND else re.escape(_folded(part)) for part in parts if part)
    return _with_plural(_JOINT.join(escaped))


def _folded(text: str) -> str:
    """Return a text without case and accents."""
    return _without_accents(text).casefold()


def _without_accents(text: str) -> str:
    """Return a text without accents and invisible characters, its case as it is."""
    decomposed = unicodedata.normalize("NFKD", _clean(text).replace("ß", "ss").replace("ẞ", "SS"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _clean(text: str) -> str:
    """Return a text without invisible characters, its apostrophes all alike."""
    text = unicodedata.normalize("NFC", text).replace("’", "'").replace("\u02bc", "'")
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")


def conversation_texts(messages: Sequence[dict[str, object]]) -> list[str]:
    """Return what user and assistant have written in a conversation, the newest first.

    System prompts and results of tools are left out: they are the program's, and name the same in every conversation.
    """
    found = [message.get("content") for message in reversed(messages) if message.get("role") in ("user", "assistant")]
    return [text for text in found if isinstance(text, str)]
