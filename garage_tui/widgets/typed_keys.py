"""Which keys write a character where text is typed."""

from __future__ import annotations

from textual.dom import DOMNode
from textual.keys import KEY_NAME_REPLACEMENTS, key_to_character

_UNICODE_NAMES = {short: full for full, short in KEY_NAME_REPLACEMENTS.items()}


def typed_character(key: str) -> str | None:
    """Return the character that a key writes into a field, or None if it writes none.

    Textual's `key_to_character` does not know the names that Textual shortens: slash, minus, plus …
    """
    character = key_to_character(_UNICODE_NAMES.get(key, key))  # of Esc and Tab it returns the control character
    return character if character and character.isprintable() else None


def is_text_for(field: DOMNode | None, display: str) -> bool:
    """Return whether a key that is shown as `display` is text for the widget that has the focus."""
    return field is not None and len(display) == 1 and display.isascii() and field.check_consume_key(display, display)
