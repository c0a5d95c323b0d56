"""Finds out whether a text names a subject: whole words, in any case, also in the plural and the possessive."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from garage_tui.core.language.entities import SENTENCE_OPENERS, content_words
from garage_tui.core.routing.subjects import Subjects

MAX_LENGTH = 500_000
"""Most characters that are searched: more than any model's context holds."""
_ENDING = r"(?:'?s|es|')?"
"""Of a plural or possessive: Maplewick's, Maplewicks, Hollis'."""
_BEFORE, _AFTER = r"(?<![^\W_])", r"(?![^\W_])"
_JOINT = r"[\s_\-\u2010-\u2015]*"
"""Between the parts of a name: Pinder Lodge is also Pinder-Lodge and PinderLodge."""
_HUMP = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|\d+|.")
_ACRONYM = re.compile(r"[A-Z]{2,}(?![a-z])|\d")
_TITLES = frozenset(
    """
    aunt captain chef doctor dr father grandma grandpa king lady lord madam mayor miss mother mr mrs ms president prince
    princess prof professor queen saint sir st uncle""".split()
)
"""Before a name they belong to the same person: Mayor Tolland."""


class SubjectMatcher:
    """Finds subjects in texts.

    Args:
        subjects: what a run's facts are about.
    """

    def __init__(self, subjects: Subjects) -> None:
        patterns = [pattern for name in subjects.names if (pattern := _pattern(name))]
        self._names = re.compile(f"{_BEFORE}({'|'.join(patterns)}){_ENDING}{_AFTER}") if patterns else None
        parts = "|".join(re.escape(_clean(part)) for part in subjects.parts if part.strip())
        self._parts = re.compile(f"{_BEFORE}({parts}){_ENDING}{_AFTER}") if parts else None
        self._own = {word for name in subjects.names for word in _folded(name).split()}
        keywords = (content_words(" ".join(one)) for one in subjects.keywords)
        self._keywords = [found for found in keywords if found]

    def find(self, texts: Iterable[str]) -> str:
        """Return the subject that one of the texts names, mostly in lower case; empty where none does."""
        left = MAX_LENGTH
        for whole in texts:
            text, left = whole[:left], left - len(whole)
            folded = _folded(text)
            if self._names and (match := self._names.search(folded)):
                return match[1]
            if self._parts and (part := self._find_part(_clean(text))):
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
        for match in self._parts.finditer(text):
            before = re.search(r"([^\W_][\w']*)[ \-]\Z", text[max(0, match.start() - 80) : match.start()])
            after = re.match(r"[ \-]([^\W_][\w']*)", text[match.end() : match.end() + 80])
            if match[0].endswith(("'s", "'")):
                after = None
            if not any(word and self._is_another_name(word[1]) for word in (before, after)):
                return match[1]
        return ""

    def _is_another_name(self, word: str) -> bool:
        folded = word.casefold()
        return word[0].isupper() and folded not in SENTENCE_OPENERS | _TITLES and folded not in self._own


def _pattern(name: str) -> str:
    """Return a regular expression for a name in a folded text; the parts of TinyLLM may be written apart, too."""
    name_parts = re.split(r"[\s_\-\u2010-\u2015]+", _clean(name).strip())
    parts: list[str] = []
    for word in name_parts:
        humps = _HUMP.findall(word) if word.isalnum() and word.isascii() and _ACRONYM.search(word) else [word]
        parts += humps if "".join(humps) == word and all(len(hump) > 1 for hump in humps) else [word]
    return _JOINT.join(re.escape(_folded(part)) for part in parts if part)


def _folded(text: str) -> str:
    """Return a text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", _clean(text).casefold())
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
