"""JSON where half characters may be: the one way in, and the one way out.

JSON can escape half of an emoji (`\\ud83d`), and Python keeps the bytes of a file name that is not UTF-8 as such halves
too (surrogateescape). No UTF-8 can hold them, so whoever writes one fails.
"""

from __future__ import annotations

import json
import re
from typing import Any

from garage_tui.core.base.sanitize import marked

# Patterns, which `re` compiles at their first use and keeps: most starts of the app need none of them.
_HALF = "[\ud800-\udfff]"
_ESCAPE = r"(?s)\\(?:u([0-9a-fA-F]{4})|.)"
HALF_CHARACTER = "half a character (a lone {}); write the character itself"


def half_character(text: str) -> tuple[int, str] | None:
    """Return where (from 0) JSON escapes half a character, and the escape; None if it does not."""
    if "\\ud" not in text.casefold():
        return None
    pending: re.Match[str] | None = None  # the first half of a pair, perhaps
    for found in re.finditer(_ESCAPE, text):
        code = int(found[1], 16) if found[1] else 0
        if pending and not (0xDC00 <= code < 0xE000 and found.start() == pending.end()):
            return pending.start(), pending[0]
        if 0xDC00 <= code < 0xE000 and not pending:
            return found.start(), found[0]
        pending = found if 0xD800 <= code < 0xDC00 else None
    return (pending.start(), pending[0]) if pending else None


def read_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        json.JSONDecodeError: it is not JSON, or holds half a character; with line and column.
        ValueError: a number has too many digits.
        RecursionError: it is nested too deeply.
    """
    value = json.loads(text)
    if half := half_character(text):
        raise json.JSONDecodeError(HALF_CHARACTER.format(half[1]), text, half[0])
    return value


def read_any_json(data: bytes) -> Any:
    """Return the value of JSON that another program wrote, with a `�` for half a character. Raises as `read_json`."""
    value = json.loads(data)
    return replace_half_characters(value) if b"\\u" in data else value


def json_line(value: object) -> bytes:
    """Return JSON in UTF-8, without a line feed; half a character becomes an escape, as which it was read."""
    text = json.dumps(value, ensure_ascii=False)
    return escaped(text).encode()


def escaped(json_text: str) -> str:
    """Return a JSON text with an escape for each half character; they can only be within its strings."""
    return re.sub(_HALF, lambda found: f"\\u{ord(found[0]):04x}", json_text)


def struct_json(value: object, *, marks: bool = False) -> bytes:
    """Return a struct as JSON in UTF-8, with a `�` for each half character: msgspec reads no such escapes.

    Args:
        marks: write `sanitize.marked` instead: for names of files, of which a person reads the bytes.
    """
    import msgspec  # 10 ms, and who reads a log or prints a line for a status bar needs none of it

    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(replace_half_characters(msgspec.to_builtins(value), marks=marks))


def struct_document(value: object, indent: int = 1, *, marks: bool = False) -> bytes:
    """Return a struct as the JSON document of a file that people may read: indented, with a line feed at its end.

    Args:
        marks: as in `struct_json`.
    """
    import msgspec  # as in `struct_json`

    return msgspec.json.format(struct_json(value, marks=marks), indent=indent) + b"\n"


def has_half_character(value: object) -> bool:
    """Return whether a JSON value has half a character in any of its texts or keys."""
    if isinstance(value, str):
        return not value.isascii() and bool(re.search(_HALF, value))
    if isinstance(value, dict):
        return any(has_half_character(key) or has_half_character(item) for key, item in value.items())
    return isinstance(value, list | tuple) and any(map(has_half_character, value))


def replace_half_characters(value: Any, *, marks: bool = False) -> Any:
    """Return text, or a JSON value, with a `�` for each half character; with `marks`, with `sanitize.marked`."""
    if isinstance(value, str):
        return value if value.isascii() else marked(value) if marks else re.sub(_HALF, "\ufffd", value)
    if isinstance(value, dict):
        return {
            replace_half_characters(key, marks=marks): replace_half_characters(item, marks=marks)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [replace_half_characters(item, marks=marks) for item in value]
    return value
