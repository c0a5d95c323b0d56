"""The kitty graphics protocol: a PNG in chunks, and the placeholder characters in whose cells it is shown.

Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/ ("Unicode placeholders" for the latter, which kitty and
Ghostty have). To everything but the terminal, a picture in placeholders is text: what overwrites them overwrites it.
"""

from __future__ import annotations

import base64
import io
import math
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_CHUNK = 4096
"""Most characters of payload in one escape code."""
_PLACEHOLDER = "\U0010eeee"
# Combining characters that number rows and columns (kitty's rowcolumn-diacritics.txt), as ranges.
_NUMBERS = """305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1 5a8-5a9
 5ab-5ac 5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733 735-736 73a 73d 73f-741 743 745
 747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954 f82-f83 f86-f87 135d-135f 17dd 193a 1a17 1a75-1a7c
 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0 1dc0-1dc1 1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1 20d4-20d7 20db-20dc 20e1
 20e7 20e9 20f0 2cef-2cf1 2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3 aab7-aab8 aabe-aabf aac1 fe20-fe26
 10a0f 10a38 1d185-1d189 1d1aa-1d1ad 1d242-1d244"""
DIACRITICS = "".join(
    chr(code)
    for first, *last in (one.split("-") for one in _NUMBERS.split())
    for code in range(int(first, 16), int((last or [first])[0], 16) + 1)
)
"""The combining character of row or column 0, 1, 2 …"""


def new_id(*, tmux: bool = False) -> int:
    """Return a random id, so that it is hardly ever in use: 24 bits, as many as the colour of a placeholder has.

    Within tmux it has 8 bits: tmux may keep no more of a colour than its number in the palette.
    """
    return os.urandom(1)[0] or 1 if tmux else int.from_bytes(os.urandom(3)) | 1 << 16


def encode_png(image: Image, most_pixels: tuple[int, int], most_bytes: int) -> bytes:
    """Return a PNG of at most so many bytes: to fit, it loses pixels that no cell shows, then colours, then pixels."""
    from PIL.Image import Dither, Quantize, Resampling

    image = image.copy()
    image.thumbnail(most_pixels, Resampling.LANCZOS)
    candidate = image
    while True:
        file = io.BytesIO()
        candidate.save(file, "PNG")
        if file.tell() <= most_bytes or max(image.size) <= 16:
            return file.getvalue()
        if candidate is not image:
            share = min(0.9, math.sqrt(most_bytes / file.tell()))
            image.thumbnail((max(1, int(image.width * share)), max(1, int(image.height * share))), Resampling.LANCZOS)
        candidate = image.quantize(256, Quantize.MEDIANCUT, dither=Dither.FLOYDSTEINBERG)


def transmit(data: bytes, id: int, columns: int, rows: int, *, placed: bool, tmux: bool = False) -> list[str]:
    """Return the escape codes that send a PNG, each complete; the terminal sends no reply.

    Args:
        placed: show it at once at the cursor, which stays there; else it is shown where `placeholders` are written.
        tmux: wrap them for tmux, whose option allow-passthrough must be on.
    """
    payload = base64.standard_b64encode(data).decode()
    parts = [payload[at : at + _CHUNK] for at in range(0, len(payload), _CHUNK)]
    head = f"a=T,f=100,q=2,i={id},c={columns},r={rows},{'C=1' if placed else 'U=1'},"
    codes = []
    for number, part in enumerate(parts, 1):
        codes.append(f"\x1b_G{head}m={int(number < len(parts))};{part}\x1b\\")
        head = "q=2,"
    return [_through_tmux(code) for code in codes] if tmux else codes


def delete(id: int, *, tmux: bool = False) -> str:
    """Return the escape code that deletes a picture from the terminal, wherever it is shown."""
    code = f"\x1b_Ga=d,d=I,i={id},q=2\x1b\\"
    return _through_tmux(code) if tmux else code


def placeholders(id: int, row: int, start: int, end: int) -> str:
    """Return the text in whose cells a row of the picture is shown, from column `start` to before `end`."""
    characters = "".join(f"{_PLACEHOLDER}{DIACRITICS[row]}{DIACRITICS[column]}" for column in range(start, end))
    colour = f"5;{id}" if id < 256 else f"2;{id >> 16 & 255};{id >> 8 & 255};{id & 255}"
    return f"\x1b[0;38;{colour}m{characters}\x1b[0m"


def _through_tmux(code: str) -> str:
    return "\x1bPtmux;" + code.replace("\x1b", "\x1b\x1b") + "\x1b\\"
