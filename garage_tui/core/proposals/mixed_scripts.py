"""Words with letters of two alphabets, which look like another word to a reader and like none to a search."""

from __future__ import annotations

import re

from garage_tui.core.proposals.normal_text import unify

_LATIN = "A-Za-zªºÀ-ÖØ-öø-ʯḀ-ỿ"
_CYRILLIC = "\u0400-\u0481\u048a-\u052f\u1c80-\u1c88\ua640-\ua66d\ua680-\ua69b"
_GREEK = "\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u03ff\u1f00-\u1fff"
_WORD = re.compile(r"[^\W\d_]+")
_HAS_LATIN, _HAS_CYRILLIC = re.compile(f"[{_LATIN}]"), re.compile(f"[{_CYRILLIC}]")
_TWO_ALPHABETS = re.compile(f"[{_CYRILLIC}{_GREEK}]")
_LOOK_ALIKES = dict(
    zip(
        "АВЕЅІЈКМНОРСТУХԚԜасеѕіјкорԛԝухһԁвмнт"
        "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳοϲανιρυκχ",
        "ABESIJKMHOPCTYXQWacesijkopqwyxhdbmht"
        "ABEZHIKMNOPTYXCjocavipukx",
        strict=True,
    )
)  # fmt: skip
_TO_LATIN = {ord(other): latin for other, latin in _LOOK_ALIKES.items()}
_TWINS = re.compile("[ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳοϲ]")
"""Greek letters that nobody can tell from Latin ones; units and signs of physics are not written with them."""
_NEAR_TWINS = re.compile("[ανιρυκχ]")
"""Greek letters that pass for Latin ones within a word; beside few letters they are signs: hν, TNFα, NFκB."""
_MANY = 3
"""Small Latin letters from which a word is an ordinary one, and no sign of letters such as NFκB."""


def find_mixed_word(*texts: str) -> str:
    """Return a word of one of the texts that mixes Latin letters with Cyrillic or Greek ones that look like them.

    Words of one alphabet are none, nor are units and signs: "µm", "kΩ", "α-helix", "Δt", "TNFα".
    """
    for text in texts:
        if text.isascii() or not _TWO_ALPHABETS.search(text):
            continue
        for match in _WORD.finditer(unify(text)):
            if _is_mixed(match[0]):
                return match[0]
    return ""


def latin_letters(text: str) -> str:
    """Return a text in which Cyrillic and Greek letters that look like Latin ones are these; for searches only."""
    return text if text.isascii() else text.translate(_TO_LATIN)


def _is_mixed(word: str) -> bool:
    if not _HAS_LATIN.search(word):
        return False
    if _HAS_CYRILLIC.search(word) or _TWINS.search(word):
        return True
    return bool(_NEAR_TWINS.search(word)) and sum("a" <= letter <= "z" for letter in word) >= _MANY
