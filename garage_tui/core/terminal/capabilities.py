"""The capabilities of a terminal: the query for them (sent by `core/terminal/query.py`), and the parser of its reply.

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
from typing import Literal, TypedDict, get_args

import msgspec

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import quoted

ImageMode = Literal["kitty", "sixel", "half", "ascii"]
"""The image modes: kitty's protocol, DEC's sixel, two colours in each cell (half-blocks, ▀), or letters."""
IMAGE_MODES: tuple[ImageMode, ...] = get_args(ImageMode)
VARIABLE = "GARAGE_PICTURES"
"""Environment variable that overrides the setting `pictures`."""

_NO_REPLY = frozenset({"", "dumb", "unknown", "linux"})
"""Values of TERM whose terminals reply nothing, or would print the query."""
_KITTY_QUERY = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_OTHER_QUERIES = "\x1b[>q\x1b[16t\x1b[14t\x1b[?1;1;0S\x1b[?2;1;0S\x1b[c"
"""Name, pixels of a cell and of the window, colours and pixels of a sixel; last DA1, which every terminal answers."""
_HAVE_PLACEHOLDERS = ("kitty", "ghostty")
"""Terminals that draw a picture into cells of text; others with kitty's protocol would leave ghosts of it."""
_CELL_PIXELS = (2, 200)
"""Least and most pixels of a cell's side; a reply outside of this is ignored."""
_SLOW_SECONDS = 0.15
_FAST_BYTES, _SLOW_BYTES = 384 * 1024, 64 * 1024


class SixelLimits(TypedDict):
    """Upper limits of a sixel picture; the keyword arguments of `sixel.encode_within`."""

    registers: int
    most_bytes: int
    most_pixels: tuple[int, int] | None


class Terminal(msgspec.Struct, frozen=True):
    """The capabilities of a terminal."""

    image_mode: ImageMode = "ascii"
    """The best mode, or the one that is forced."""
    cell: tuple[int, int] | None = None
    """Width and height of a cell, in pixels."""
    colours: int = 0
    """Number of colours of text: 0, 16, 256 or 16,777,216."""
    registers: int = 256
    """Number of colours in one sixel picture."""
    most_pixels: tuple[int, int] | None = None
    """Width and height of the largest sixel picture: a larger one is not shown at all. None where it is unknown."""
    seconds: float | None = None
    """Seconds that the reply took; None if there was none."""
    tmux: bool = False
    """Whether output goes through tmux."""
    image_modes: tuple[ImageMode, ...] = ("ascii",)
    """All modes that it has, the best first."""

    def ascii_only(self) -> Terminal:
        """Return the same terminal for an app that paints in ASCII alone."""
        return msgspec.structs.replace(self, image_mode="ascii", image_modes=("ascii",))

    @property
    def most_bytes(self) -> int:
        """Bytes that one picture may take: a terminal that takes long to reply is behind a slow line."""
        return _SLOW_BYTES if self.seconds is not None and self.seconds > _SLOW_SECONDS else _FAST_BYTES

    @property
    def sixel_limits(self) -> SixelLimits:
        """Upper limits of a sixel picture."""
        return {"registers": self.registers, "most_bytes": self.most_bytes, "most_pixels": self.most_pixels}


def next_mode(mode: ImageMode, modes: tuple[ImageMode, ...] = IMAGE_MODES) -> ImageMode:
    """Return the next of some modes in the cycle kitty → sixel → half → ascii."""
    cycle = [*IMAGE_MODES[IMAGE_MODES.index(mode) + 1 :], *IMAGE_MODES]
    return next((other for other in cycle if other in modes), mode)


def forced_mode(env: Mapping[str, str], setting: str = "auto") -> ImageMode | None:
    """Return the mode that `$GARAGE_PICTURES`, else the setting, forces; None where the terminal is to be asked.

    Raises:
        BadInputError: it is none of the modes.
    """
    name = env.get(VARIABLE) or setting
    if name == "auto":
        return None
    for mode in IMAGE_MODES:
        if mode == name:
            return mode
    raise BadInputError(f"{quoted(name, 40)} is not a way to show pictures: choose auto, {', '.join(IMAGE_MODES)}")


def query_text(forced: ImageMode | None, env: Mapping[str, str], reader: int, writer: int) -> str:
    """Return the query to send to the terminal; empty where its reply would change nothing, or would not come."""
    term = env.get("TERM", "")
    if forced in ("half", "ascii") or (forced is None and _is_plain(env, reader, writer)):
        return ""
    if term in _NO_REPLY or not (os.isatty(reader) and os.isatty(writer) and _in_front(reader)):
        return ""
    # tmux would take the query of kitty for a new title of its pane.
    return _OTHER_QUERIES if _is_multiplexed(env) else _KITTY_QUERY + _OTHER_QUERIES


def measure_cell(writer: int = 1) -> tuple[int, int] | None:
    """Return a cell's width and height in pixels as the kernel knows them (TIOCGWINSZ), or None."""
    try:
        rows, columns, width, height = struct.unpack("4H", fcntl.ioctl(writer, termios.TIOCGWINSZ, bytes(8)))
    except OSError:
        return None
    return _cell(width // columns, height // rows) if rows and columns else None


def is_utf8(env: Mapping[str, str]) -> bool:
    """Return whether the locale's characters are UTF-8: what `LC_ALL`, `LC_CTYPE` and `LANG` say, in this order."""
    names = ["LC_ALL", "LC_CTYPE", "LANG"]
    if env is os.environ and sys.flags.utf8_mode and env.get("LC_CTYPE") == "C.UTF-8":
        names.remove("LC_CTYPE")  # Python has put it there itself, because the locale is C (PEP 538)
    locale = next((env[name] for name in names if env.get(name)), "C")
    return locale.lower().replace("-", "").partition(".")[2].startswith("utf8")


def why_unpaintable(env: Mapping[str, str]) -> str:
    """Return why the app cannot be painted on the terminal that `TERM` names; empty where it can."""
    term = env.get("TERM", "")
    if term not in _NO_REPLY - {"linux"}:
        return ""
    named = f"TERM is {term}" if term else "TERM is not set"
    return f"{named}, so the app cannot be shown; `garage --help` lists the commands, `TERM=xterm garage` tries anyway"


def why_ascii(env: Mapping[str, str]) -> str:
    """Return why the app should paint in ASCII there; empty where it need not."""
    if not is_utf8(env):
        return "the locale is not UTF-8 (LANG=C.UTF-8 would be)"
    return "the font of the Linux console has few symbols" if env.get("TERM") == "linux" else ""


def _is_plain(env: Mapping[str, str], reader: int, writer: int) -> bool:
    """Return whether there is no terminal, or one that shows ASCII alone."""
    here = os.isatty(reader) and os.isatty(writer)
    return not here or env.get("TERM", "") in _NO_REPLY - {"linux"} or not is_utf8(env)


def _is_multiplexed(env: Mapping[str, str]) -> bool:
    return env.get("TERM", "").startswith(("tmux", "screen")) or bool(env.get("TMUX"))


def _in_front(reader: int) -> bool:
    """Return whether this process is in the foreground: one in the background would be stopped for touching the tty."""
    try:
        return os.tcgetpgrp(reader) == os.getpgrp()
    except OSError:
        return True  # not the controlling terminal, so nobody is stopped


def parse_reply(
    reply: bytes, seconds: float | None, forced: ImageMode | None, env: Mapping[str, str], reader: int, writer: int
) -> Terminal:
    """Return what a terminal can show.

    Args:
        reply: what it replied, or nothing.
        seconds: how long the end of the reply took to come; None where it did not.
        forced: the mode in which pictures are shown, whatever the terminal replies.
    """

    def numbers(pattern: bytes) -> list[int]:
        found = re.search(pattern, reply)
        return [int(digits[:6]) for digits in found.groups()] if found else []

    version = re.search(rb"\x1bP>\|([^\x1b]*)\x1b\\", reply)
    name = version[1].decode(errors="replace").lower() if version else ""
    tmux = bool(env.get("TMUX")) or name.startswith("tmux")
    cell = _cell(*reversed(numbers(rb"\x1b\[6;(\d+);(\d+)t"))) or measure_cell(writer)
    if cell is None and (window := numbers(rb"\x1b\[4;(\d+);(\d+)t")):
        size = os.get_terminal_size(writer)
        cell = _cell(window[1] // max(1, size.columns), window[0] // max(1, size.lines))
    # A device attribute of 4 is sixel; without the pixels of a cell a picture could not be made to fit.
    device = re.search(rb"\x1b\[\?([\d;]*)c", reply)
    sixel = bool(device and b"4" in device[1].split(b";")[1:] and cell)
    if _is_multiplexed(env) or tmux:
        sixel = sixel and bool(env.get("TMUX")) and "sixel" in _tmux_client(env)
    kitty = b"\x1b_Gi=31;OK" in reply and name.startswith(_HAVE_PLACEHOLDERS)
    most = numbers(rb"\x1b\[\?2;0;(\d+);(\d+)S")
    colours = 1 << 24 if name.startswith(_HAVE_PLACEHOLDERS) and not env.get("NO_COLOR") else _colours(env)
    plain = _is_plain(env, reader, writer)
    has = {"kitty": kitty, "sixel": sixel, "half": bool(colours) and not plain, "ascii": True}
    modes = tuple(mode for mode in IMAGE_MODES if mode == forced or has[mode])
    return Terminal(
        image_mode=forced or ("ascii" if plain else modes[0]),
        image_modes=modes,
        cell=cell,
        colours=colours,
        registers=min(256, *(numbers(rb"\x1b\[\?1;0;(\d+)S") or [256])) or 256,
        most_pixels=(most[0], most[1]) if most and min(most) > 0 else None,
        seconds=seconds,
        tmux=tmux,
    )


def _cell(width: int = 0, height: int = 0) -> tuple[int, int] | None:
    low, high = _CELL_PIXELS
    return (width, height) if low <= width <= high and low <= height <= high else None


def _tmux_client(env: Mapping[str, str]) -> list[str]:
    """Return the features of the terminal around tmux: since 3.4 tmux claims sixel itself, whatever that one has."""
    try:
        done = subprocess.run(
            ["tmux", "display-message", "-p", "#{client_termfeatures}"],
            env=dict(env),
            capture_output=True,
            text=True,
            timeout=1.0,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.strip().split(",")


def _colours(env: Mapping[str, str]) -> int:
    term = env.get("TERM", "")
    if env.get("NO_COLOR") or term in _NO_REPLY - {"linux"}:
        return 0
    if env.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return 1 << 24
    return 256 if "256color" in term or term in ("xterm-kitty", "xterm-ghostty") else 16
