"""Sanitising of text from outside (files, logs, models, servers), once, where it is read."""

from __future__ import annotations

import re
from collections.abc import Callable

# ECMA-48 sequences, with their C1 one-character forms; a string sequence (OSC, DCS, SOS, PM, APC) that never ends
# is cut at the end of the line, so that a hostile opener cannot swallow what follows.
_SEQUENCES = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"  # every other escape
)
# C0 but tab and newline, DEL, C1.
_C0_C1 = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
# Bidirectional controls, invisible tags, and the cell that kitty replaces by a part of a picture.
_DECEIVING = r"\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\U0010eeee"
# Lone surrogates: half an emoji, and bytes that are not UTF-8 as Python keeps them (`surrogateescape`).
_HALVES = r"\ud800-\udfff"
# Invisible characters: hyphens and spaces without width, direction marks, separators, fillers, annotations, variation
# selectors but those of emoji (U+FE0E, U+FE0F). The joiners U+200C and U+200D are needed in emoji and in Persian.
_UNSEEN = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028\u2029\u2060-\u2065\u206a-\u206f"
    r"\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0080-\U000e0fff"
)
MAX_MARKS = 8
"""Most combining marks on one letter; no language needs more, and a hundred cover the lines around it."""

ORDINARY = (
    r"[\x20-\x7e\xa0-\xac\xae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u21ff\u2200-\u22ff\u2500-\u25fc\u2800-\u28ff]*"
)
"""Pattern of text whose characters are safe, and one cell wide in every terminal that shows the app at all: nearly
all that is painted. `re` compiles it once for whoever uses it."""

UNSEEN = f"{_UNSEEN}{_DECEIVING}\u200c\u200d\ufe0e\ufe0f"
"""What stands in a text without being seen, as the inside of a pattern's `[]`; the joiners and emoji selectors too."""

# Patterns, which `re` compiles at their first use and keeps: most starts of the app need none of them.
_SILENT = f"[{_C0_C1}{_UNSEEN}]"
_LOUD = f"[{_DECEIVING}]+"
_HALF = f"[{_HALVES}]"
_HIDDEN = f"[{_C0_C1}{_UNSEEN}{_DECEIVING}{_HALVES}]"
# A possible flood of marks: more characters that are neither letters nor spaces than fit over one letter.
_FLOOD = rf"[^\w\s\x00-\x7f]{{{MAX_MARKS + 1},}}"
_LEFT_OUT = r"⟨\+\d+ marks⟩"
_SHOWN_MARK = "[\u2400-\u241f\u2421]|⟨(U\\+|0x)([0-9A-F]{2,6})⟩"
# Escapes of `repr`, but for those whose backslash is itself escaped.
_ESCAPE = r"(?<!\\)((?:\\\\)*)\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U(000[0-9a-f]{5}))"


def plain(text: str) -> str:
    """Return `text` safe to send to a terminal: printable characters, tabs and newlines only.

    Escape sequences are removed whole; a carriage return becomes a newline. Deceptive
    characters (bidirectional controls, invisible tags) become a `�`. Bytes that are not UTF-8 become what `shown`
    makes of them.
    """
    if text.isascii() and text.isprintable():
        return text
    text = re.sub(_SEQUENCES, "", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = re.sub(_SILENT, "", text)
    if text.isascii():
        return text
    return re.sub(_FLOOD, _thinned, re.sub(_LOUD, "\ufffd", marked(text)))


def one_line(text: str, limit: int = 200) -> str:
    """Return `text` sanitised, folded to one line, and cut to `limit` characters with an ellipsis."""
    return _folded(plain(_beginning(text, limit)), text, limit)


def shown(text: str) -> str:
    """Return `text` safe to paint with every character visible, for editing and review.

    Control characters become their pictures (`␛`, `␀`); other invisible or bidirectional characters become their code
    points (`⟨U+202E⟩`). A byte that is not UTF-8, as `decoded` and file names have it, becomes its value (`⟨0xE9⟩`).
    Tabs and newlines stay.
    """
    if text.isascii() and text.isprintable():
        return text
    text = re.sub(_HIDDEN, lambda found: _mark(found[0]), text)
    return text if text.isascii() else re.sub(_FLOOD, lambda found: _thinned(found, counted=True), text)


def shown_line(text: str, limit: int = 200) -> str:
    """Return the result of `shown`, folded to one line, and cut to `limit` characters with an ellipsis."""
    return _folded(shown(_beginning(text, limit)), text, limit)


def quoted(text: str, limit: int = 80) -> str:
    """Return `text` as a message names it: the result of `shown_line`, between quotation marks."""
    return f"'{shown_line(text, limit)}'"


def unescaped(message: str) -> str:
    """Return a message of a library that names a text by its `repr`, with the escapes in it as `shown` has them."""
    return re.sub(_ESCAPE, lambda found: found[1] + shown(chr(int(found[2] or found[3] or found[4], 16))), message)


def marked(text: str) -> str:
    """Return `text` with the marks of `shown` for what UTF-8 cannot hold, and all else as it is."""
    return text if text.isascii() else re.sub(_HALF, lambda found: _mark(found[0]), text)


def decoded(data: bytes) -> str:
    """Return UTF-8 as text for `plain` and `shown`, which show each byte that is not UTF-8."""
    return data.decode(errors="surrogateescape")


def blanked(text: str, cells: Callable[[str], int]) -> str:
    """Return `text` of the same width, with blanks in place of unsafe characters, tabs and newlines.

    Args:
        cells: returns the width of a character.
    """
    if (text.isascii() and text.isprintable()) or re.fullmatch(ORDINARY, text):
        return text
    return re.sub(_HIDDEN, lambda found: " " * cells(found[0]), text.replace("\t", " ").replace("\n", " "))


def hidden(text: str) -> list[str]:
    """Return the marks of all characters that `shown` makes visible, each once, in their order."""
    if text.isascii() and text.isprintable():
        return []
    marks = [_mark(character) for character in dict.fromkeys(re.findall(_HIDDEN, text))]
    floods = (re.search(_LEFT_OUT, _thinned(found, counted=True)) for found in re.finditer(_FLOOD, text))
    return marks + [flood[0] for flood in floods if flood][:1]


def from_shown(text: str) -> str:
    """Return `text` with the marks of `shown` turned into the characters that they stand for."""
    return re.sub(_SHOWN_MARK, _meant, text)


def _beginning(text: str, limit: int) -> str:
    """Return enough of a text for its first line, so that ten million characters need not be sanitised."""
    return text[: _enough(limit)]


def _enough(limit: int) -> int:
    return 50 * limit + 10_000


def _folded(clean: str, text: str, limit: int) -> str:
    folded = " ".join(clean.split())
    if len(folded) <= limit and len(text) <= _enough(limit):
        return folded
    return folded[: limit - 1] + "…"


def _mark(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if 0xDC80 <= code <= 0xDCFF:
        return f"⟨0x{code - 0xDC00:02X}⟩"
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"


def _thinned(found: re.Match[str], counted: bool = False) -> str:
    """Return characters with at most `MAX_MARKS` marks on a letter; if `counted`, with the number of removed ones."""
    import unicodedata

    kept: list[str] = []
    count = 0
    for sign in f"{found[0]} ":
        if unicodedata.category(sign) in ("Mn", "Me") or sign in "\u200c\u200d":
            count += 1
            if count > MAX_MARKS:
                continue
        else:
            if counted and count > MAX_MARKS:
                kept.append(f"⟨+{count - MAX_MARKS} marks⟩")
            count = 0
        kept.append(sign)
    return "".join(kept[:-1])


def _meant(found: re.Match[str]) -> str:
    if found[1] is None:
        return "\x7f" if found[0] == "\u2421" else chr(ord(found[0]) - 0x2400)
    code = int(found[2], 16) + (0xDC00 if found[1] == "0x" else 0)
    character = chr(code) if code <= 0x10FFFF else ""
    if not character or not re.fullmatch(_HIDDEN, character):
        return found[0]
    return character if _mark(character) == found[0] else found[0]
