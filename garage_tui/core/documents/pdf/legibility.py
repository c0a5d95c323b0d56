"""Whether the text of a page is text: a font may name wrong letters, or none."""

from __future__ import annotations

import re

_MAX_UNREADABLE = 0.1
"""Share of characters without a letter above which a page is left out."""
_MIN_WORDS = 40
_MAX_ODD = 0.35
"""Share of words that no language writes like that; in manuals it is below 0.1, with shifted letters above 0.6."""
_WORD = re.compile(r"[A-Za-z]{2,}|[A-Za-z]*[0-9%$&@#*+=<>~^|\\{}]+[A-Za-z][A-Za-z0-9%$&@#*+=<>~^|\\{}]*")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")


def why_illegible(text: str, unreadable: int) -> str:
    """Return why the text of a page is no text that a person sees on it, or an empty text.

    Args:
        unreadable: how many of its characters have no letter.
    """
    characters = sum(not character.isspace() for character in text)
    if unreadable > _MAX_UNREADABLE * characters:
        return f"its font does not say which letters it paints ({unreadable:,} of {characters:,} characters)"
    if _is_garbled(text):
        return "its font names other letters than it paints: what can be copied from it is no language"
    return ""


def _is_garbled(text: str) -> bool:
    """Return whether a text in Latin letters has few words that can be spoken, as where each letter is shifted."""
    found = _WORD.findall(text)
    if len(found) < _MIN_WORDS or sum(character.isascii() for character in text) < 0.8 * len(text):
        return False
    return sum(_is_odd(word) for word in found) > _MAX_ODD * len(found)


def _is_odd(word: str) -> bool:
    if len(word) < 3:
        return False
    vowels = len(_VOWEL.findall(word))
    return vowels == 0 or len(word) / vowels > 7
