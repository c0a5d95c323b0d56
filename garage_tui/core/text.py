"""Outside text (files, logs, models, servers) is cleaned once, where it is read, before anything paints it."""

from __future__ import annotations

import re

# ECMA-48 sequences, with their C1 one-character forms; a string sequence (OSC, DCS, SOS, PM, APC) that never ends
# is cut at the end of the line, so that a hostile opener cannot swallow what follows.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"  # every other escape
)
# C0 but tab and newline, DEL, C1, lone surrogates, bidi controls, zero-width characters, line/paragraph separators.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def plain(text: str) -> str:
    """Return `text` safe to send to a terminal: printable characters, tabs and newlines only.

    Escape sequences are removed whole; a carriage return becomes a newline, as a progress bar meant it.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", _SEQUENCES.sub("", text))


def one_line(text: str, limit: int = 200) -> str:
    """Return `text` cleaned, folded to one line, and cut to `limit` characters with an ellipsis."""
    folded = " ".join(plain(text).split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"


def model_label(base: str) -> str:
    """Return a base model's name as people say it: of a folder's path the last part, of any other name all."""
    return base.rstrip("/").rsplit("/", 1)[-1] if base.startswith("/") else base


def duration(seconds: float | None) -> str:
    """Return seconds in words a person reads at a glance: `8 s`, `3 min 20 s`, `2 h 5 min`; `–` for None."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 and whole < 600 else f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
