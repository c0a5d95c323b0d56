"""What a terminal may be sent: a list of what the app and its commands have a use for; all else is refused."""

from __future__ import annotations

import base64
import re
import unicodedata

_NUMBERS = rb"[\d;:]*"
APP = re.compile(
    rb"\x1b\[" + _NUMBERS + rb"m"  # colours
    rb"|\x1b\[\d*;?\d*H|\x1b\[\d*[ABCDGJKX]"  # the cursor, erasing
    rb"|\x1b\[\?(?:7|25|1000|1002|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl]"  # modes
    rb"|\x1b\[\?(?:2026|2048)\$p|\x1b\[>\d+u|\x1b\[<u|\x1b\[[56]n"
    rb"|\x1b\[>4;2m|\x1b\[>4m|\x1b\[\?4m|\x1b\[22;2t|\x1b\[23;2t"
    rb"|\x1b\[>q|\x1b\[1[46]t|\x1b\[\?[12];1;0S|\x1b\[c"  # core/terminal/capabilities.py asks
    rb"|\x1b\]2;garage [^\x00-\x1f\x7f]*\x07|\x1b\]2;\x07"  # title.py
    rb"|\x1b\]22;[a-z]*(?:\x07|\x1b\\)"  # the pointer
    rb"|\x1b_G(?:i=31,s=1,v=1,a=q,t=d,f=24|a=[Td],[a-zA-Z0-9=,]*|m=[01]|q=2,m=[01]);?[A-Za-z0-9+/=]*\x1b\\"  # kitty.py
    rb"|\x1b[78]"
    rb"|\a"  # a run has ended
)
"""Escape sequences of the app."""
COMMAND = re.compile(rb"\x1b\[" + _NUMBERS + rb"m|\x1b\[\d*[AK]|\x1b\[\?25[hl]")
"""Those of a command: colours, and a bar that is painted anew."""

# Written down here once more, by what Unicode says of them, and not as core/base/sanitize.py does.
_JOINERS = "\u200c\u200d"
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5"
_SEEN_FORMATS = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001343f]")
_CELL = "\U0010eeee"


_CLIPBOARD = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")


def refused(data: bytes, allowed: re.Pattern[bytes] = APP, *, cells: bool = False) -> list[str]:
    """Return what a terminal should not have been sent, each piece with what stands around it.

    Args:
        allowed: the sequences that may come.
        cells: True where a picture may be painted with kitty's cells.
    """
    found, at = [], 0
    for copied in _CLIPBOARD.findall(data):  # what is pasted into a shell one day
        found += _in_text(base64.b64decode(copied), 0, 1 << 30, cells=False)
    data = _CLIPBOARD.sub(b"", data)
    for match in allowed.finditer(data):
        found += _in_text(data, at, match.start(), cells)
        at = match.end()
    return found + _in_text(data, at, len(data), cells)


def _in_text(data: bytes, start: int, end: int, cells: bool) -> list[str]:
    piece = data[start:end]
    if not piece or (piece.isascii() and piece.decode().isprintable()):
        return []
    try:
        text = piece.decode()
    except UnicodeDecodeError as error:
        return [f"no UTF-8 ({error.reason}): {piece[max(0, error.start - 40) : error.start + 40]!r}"]
    around = repr(data[max(0, start - 60) : end + 60][:400])
    bad = [f"{ch!r} ({unicodedata.name(ch, '?')}) in {around}" for ch in dict.fromkeys(text) if _is_bad(ch, cells)]
    run = 0
    for ch in text:
        run = run + 1 if unicodedata.combining(ch) or unicodedata.category(ch) in ("Mn", "Me") else 0
        if run > 9:
            return [*bad, f"a flood of marks in {around}"]
    return bad


def _is_bad(ch: str, cells: bool) -> bool:
    if ch in "\n\r\t" + _JOINERS or _SEEN_FORMATS.match(ch):
        return False
    if ch == _CELL:
        return not cells
    kind = unicodedata.category(ch)
    unseen = 0xFE00 <= ord(ch) <= 0xFE0D or 0xE0000 <= ord(ch) <= 0xE0FFF or 0x180B <= ord(ch) <= 0x180F
    return kind in ("Cc", "Cf", "Cs", "Zl", "Zp") or ch in _BLANK_LETTERS or unseen
