"""What the terminal can show: what it is asked (`core/terminal/query.py` does), and what its answer means.

Sources: the kitty graphics protocol (https://sw.kovidgoyal.net/kitty/graphics-protocol/) for its query, and xterm's
"Control Sequences" (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html) for DA1, XTVERSION, CSI 14 t, CSI 16 t
and XTSMGRAPHICS. A pixel is a pixel of the terminal's own window.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypedDict, get_args

from garage_tui.core.base.errors import BadInputError

Way = Literal["kitty", "sixel", "half", "ascii"]
"""How a picture is shown: kitty's protocol, DEC's sixel, two colours in each cell (▀), or letters."""
WAYS: tuple[Way, ...] = get_args(Way)
VARIABLE = "GARAGE_PICTURES"
"""Environment variable that fixes the way, over the setting."""

_MUTE = frozenset({"", "dumb", "unknown", "linux"})
"""Values of TERM whose terminals answer nothing, or would print the question."""
_KITTY = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_OTHERS = "\x1b[>q\x1b[16t\x1b[14t\x1b[?1;1;0S\x1b[?2;1;0S\x1b[c"
"""Name, pixels of a cell, of the window, colours and pixels of a sixel; and last what every terminal answers: DA1."""
_PLACEHOLDERS = ("kitty", "ghostty")
"""The terminals that draw a picture into cells of text; others with kitty's protocol would leave ghosts of it."""
_CELLS = (2, 200)
"""A cell's pixels: an answer outside of this is none."""
_SLOW_SECONDS = 0.15
_FAST_BYTES, _SLOW_BYTES = 384 * 1024, 64 * 1024


class SixelLimits(TypedDict):
    """What a sixel picture may be at most."""

    registers: int
    most_bytes: int
    most_pixels: tuple[int, int] | None


@dataclass(frozen=True)
class Terminal:
    """What a terminal can show."""

    pictures: Way = "ascii"
    """The best way, or the one that is fixed."""
    cell: tuple[int, int] | None = None
    """Width and height of a cell, in pixels."""
    colours: int = 0
    """Of text: 0, 16, 256 or 16,777,216."""
    registers: int = 256
    """Colours in one sixel picture."""
    most_pixels: tuple[int, int] | None = None
    """Width and height of the largest sixel picture; of a larger one nothing is seen. None where nobody said."""
    seconds: float | None = None
    """How long the answer took; None where there was none."""
    tmux: bool = False
    ways: tuple[Way, ...] = ("ascii",)
    """All that it can do, the best first."""

    def in_letters(self) -> Terminal:
        """Return the same for an app that paints in ASCII alone."""
        return replace(self, pictures="ascii", ways=("ascii",))

    @property
    def most_bytes(self) -> int:
        """What one picture may cost: a terminal that takes long to answer is behind a slow line."""
        return _SLOW_BYTES if self.seconds is not None and self.seconds > _SLOW_SECONDS else _FAST_BYTES

    @property
    def sixel_limits(self) -> SixelLimits:
        """What `sixel.draw` is given."""
        return {"registers": self.registers, "most_bytes": self.most_bytes, "most_pixels": self.most_pixels}


def way_after(way: Way, ways: tuple[Way, ...] = WAYS) -> Way:
    """Return the next of some ways in the cycle kitty → sixel → half → ascii."""
    cycle = [*WAYS[WAYS.index(way) + 1 :], *WAYS]
    return next((other for other in cycle if other in ways), way)


def fixed_way(env: Mapping[str, str], setting: str = "auto") -> Way | None:
    """Return the way that `$GARAGE_PICTURES`, else the setting, fixes; None where the terminal is to be asked.

    Raises:
        BadInputError: it is none of the ways.
    """
    word = env.get(VARIABLE) or setting
    if word == "auto":
        return None
    for way in WAYS:
        if way == word:
            return way
    raise BadInputError(f"{word[:40]!r} is no way to show pictures: choose auto, {', '.join(WAYS)}")


def question(fixed: Way | None, env: Mapping[str, str], reader: int, writer: int) -> str:
    """Return what to ask the terminal; empty where it matters to nobody, or where nobody would answer."""
    term = env.get("TERM", "")
    if fixed in ("half", "ascii") or (fixed is None and _is_plain(env, reader, writer)):
        return ""
    if term in _MUTE or not (os.isatty(reader) and os.isatty(writer) and _in_front(reader)):
        return ""
    # tmux would take the query of kitty for a new title of its pane.
    return _OTHERS if _is_multiplexed(env) else _KITTY + _OTHERS


def measured(writer: int = 1) -> tuple[int, int] | None:
    """Return a cell's width and height in pixels as the kernel knows them (TIOCGWINSZ), or None."""
    try:
        rows, columns, width, height = struct.unpack("4H", fcntl.ioctl(writer, termios.TIOCGWINSZ, bytes(8)))
    except OSError:
        return None
    return _cell(width // columns, height // rows) if rows and columns else None


def utf8(env: Mapping[str, str]) -> bool:
    """Return whether the locale's characters are UTF-8: what `LC_ALL`, `LC_CTYPE` and `LANG` say, in this order."""
    names = ["LC_ALL", "LC_CTYPE", "LANG"]
    if env is os.environ and sys.flags.utf8_mode and env.get("LC_CTYPE") == "C.UTF-8":
        names.remove("LC_CTYPE")  # Python has put it there itself, because the locale is C (PEP 538)
    locale = next((env[name] for name in names if env.get(name)), "C")
    return locale.lower().replace("-", "").partition(".")[2].startswith("utf8")


def cannot_paint(env: Mapping[str, str]) -> str:
    """Return why no app can be painted on the terminal that `TERM` names; empty where it can."""
    term = env.get("TERM", "")
    if term not in _MUTE - {"linux"}:
        return ""
    named = f"TERM is {term}" if term else "TERM is not set"
    return f"{named}: the app cannot be painted there; `garage --help` lists commands, `TERM=xterm garage` tries it"


def why_ascii(env: Mapping[str, str]) -> str:
    """Return why the app should paint in ASCII there; empty where it need not."""
    if not utf8(env):
        return "the locale is not UTF-8 (LANG=C.UTF-8 is)"
    return "the Linux console's font has few signs" if env.get("TERM") == "linux" else ""


def _is_plain(env: Mapping[str, str], reader: int, writer: int) -> bool:
    """Return whether there is no terminal, or one that shows letters alone."""
    here = os.isatty(reader) and os.isatty(writer)
    return not here or env.get("TERM", "") in _MUTE - {"linux"} or not utf8(env)


def _is_multiplexed(env: Mapping[str, str]) -> bool:
    return env.get("TERM", "").startswith(("tmux", "screen")) or bool(env.get("TMUX"))


def _in_front(reader: int) -> bool:
    """Return whether the terminal is ours: a process in the background would be stopped for touching it."""
    try:
        return os.tcgetpgrp(reader) == os.getpgrp()
    except OSError:
        return True  # not the controlling terminal, so nobody is stopped


def understand(
    answer: bytes, took: float | None, fixed: Way | None, env: Mapping[str, str], reader: int, writer: int
) -> Terminal:
    """Return what a terminal can show.

    Args:
        answer: what it answered, or nothing.
        took: how many seconds its last word took to come; None where it did not.
        fixed: the way to show pictures, whatever the terminal says.
    """

    def numbers(pattern: bytes) -> list[int]:
        found = re.search(pattern, answer)
        return [int(word[:6]) for word in found.groups()] if found else []

    told = re.search(rb"\x1bP>\|([^\x1b]*)\x1b\\", answer)
    name = told[1].decode(errors="replace").lower() if told else ""
    tmux = bool(env.get("TMUX")) or name.startswith("tmux")
    cell = _cell(*reversed(numbers(rb"\x1b\[6;(\d+);(\d+)t"))) or measured(writer)
    if cell is None and (window := numbers(rb"\x1b\[4;(\d+);(\d+)t")):
        size = os.get_terminal_size(writer)
        cell = _cell(window[1] // max(1, size.columns), window[0] // max(1, size.lines))
    # A device attribute of 4 is sixel; without the pixels of a cell a picture could not be made to fit.
    device = re.search(rb"\x1b\[\?([\d;]*)c", answer)
    sixel = bool(device and b"4" in device[1].split(b";")[1:] and cell)
    if _is_multiplexed(env) or tmux:
        sixel = sixel and bool(env.get("TMUX")) and "sixel" in _tmux_client(env)
    kitty = b"\x1b_Gi=31;OK" in answer and name.startswith(_PLACEHOLDERS)
    most = numbers(rb"\x1b\[\?2;0;(\d+);(\d+)S")
    colours = 1 << 24 if name.startswith(_PLACEHOLDERS) and not env.get("NO_COLOR") else _colours(env)
    plain = _is_plain(env, reader, writer)
    can = {"kitty": kitty, "sixel": sixel, "half": bool(colours) and not plain, "ascii": True}
    ways = tuple(way for way in WAYS if way == fixed or can[way])
    return Terminal(
        pictures=fixed or ("ascii" if plain else ways[0]),
        ways=ways,
        cell=cell,
        colours=colours,
        registers=min(256, *(numbers(rb"\x1b\[\?1;0;(\d+)S") or [256])) or 256,
        most_pixels=(most[0], most[1]) if most and min(most) > 0 else None,
        seconds=took,
        tmux=tmux,
    )


def _cell(width: int = 0, height: int = 0) -> tuple[int, int] | None:
    low, high = _CELLS
    return (width, height) if low <= width <= high and low <= height <= high else None


def _tmux_client(env: Mapping[str, str]) -> list[str]:
    """Return what tmux knows of the terminal around it: since 3.4 it claims sixel itself, whatever that one can do."""
    try:
        told = subprocess.run(
            ["tmux", "display-message", "-p", "#{client_termfeatures}"],
            env=dict(env),
            capture_output=True,
            text=True,
            timeout=1.0,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return told.stdout.strip().split(",")


def _colours(env: Mapping[str, str]) -> int:
    term = env.get("TERM", "")
    if env.get("NO_COLOR") or term in _MUTE - {"linux"}:
        return 0
    if env.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return 1 << 24
    return 256 if "256color" in term or term in ("xterm-kitty", "xterm-ghostty") else 16
