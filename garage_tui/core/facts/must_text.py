"""The words that a right answer contains (`must`), as the text that a person writes: `MIT | MIT License, free`.

Commas stand between words that are all needed, `|` between words of which one is enough. What this cannot say, such as
words with commas in them, is written as JSON.
"""

from __future__ import annotations

import json

from garage_tui.core.base.errors import BadInputError

_JSON = ("[", "{", '"')
"""Beginnings of JSON."""
_HOW = "write words with commas between them, and | between words that mean the same"


def must_to_text(value: object) -> str:
    """Return the value of `must` as text that `must_from_text` turns into the same value; empty for None."""
    if value is None:
        return ""
    if parts := usable_must(value):
        text = ", ".join(" | ".join(part) if isinstance(part, list) else part for part in parts)
        if not text.startswith(_JSON) and _split(text) == value:
            return text
    return json.dumps(value, ensure_ascii=False)


def must_from_text(text: str) -> list[str | list[str]]:
    """Return the value of `must` that a text stands for; an empty list for an empty text.

    Raises:
        BadInputError: it begins like JSON and is no list of words, or of lists of words.
    """
    text = text.strip()
    if not text.startswith(_JSON):
        return _split(text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"this begins like JSON and is not: {_HOW}") from error
    if value == [] or (parts := usable_must(value)):
        return [] if value == [] else parts
    raise BadInputError(f"this is not a list of words: {_HOW}")


def usable_must(value: object) -> list[str | list[str]]:
    """Return a value of `must` if it is a list of words, or of lists of words; an empty list for anything else."""
    return value if isinstance(value, list) and all(_is_part(part) for part in value) else []


def _is_part(part: object) -> bool:
    options = part if isinstance(part, list) else [part]
    return bool(options) and all(isinstance(word, str) and word.strip() for word in options)


def _split(text: str) -> list[str | list[str]]:
    parts = [[word.strip() for word in part.split("|") if word.strip()] for part in text.split(",")]
    return [part if len(part) > 1 else part[0] for part in parts if part]
