"""Reads what a terminal was sent, as the terminal would: small decoders of kitty's protocol, sixel and colours."""

from __future__ import annotations

import base64
import io
import re

from PIL import Image

APC = re.compile(r"\x1b_G([^;\x1b]*);?([^\x1b]*)\x1b\\")
SIXEL = re.compile(r"\x1bP[\d;]*q[^\x1b]*\x1b\\")


def kitty_codes(sent: str) -> list[tuple[dict[str, str], str]]:
    """Return keys and payload of every escape code of kitty's protocol."""
    return [(dict(pair.split("=") for pair in keys.split(",") if pair), payload) for keys, payload in APC.findall(sent)]


def kitty_images(sent: str) -> dict[int, tuple[dict[str, str], Image.Image]]:
    """Return for each id the keys of its first code and the picture that its chunks make."""
    images, keys, parts = {}, None, []
    for more, payload in kitty_codes(sent):
        if more.get("a") in ("q", "d"):
            assert keys is None, "something came between the codes of a picture"
            continue
        assert len(payload) <= 4096
        assert keys is None or "a" not in more, "a picture began before the last one had ended"
        keys, parts = keys or more, [*parts, payload]
        if more["m"] == "0":
            file = io.BytesIO(base64.b64decode("".join(parts), validate=True))
            images[int(keys["i"])] = keys, Image.open(file).convert("RGB")
            keys, parts = None, []
    assert keys is None, "the last picture was not sent to its end"
    return images


def sixel_image(code: str) -> Image.Image:
    """Return the picture of one sixel sequence. As in xterm, giving a register its colour does not choose it."""
    wide, high, data = re.fullmatch(r'\x1bP[\d;]*q"1;1;(\d+);(\d+)([^\x1b]*)\x1b\\', code).groups()
    image, colours, colour = Image.new("RGB", (int(wide), int(high)), (255, 0, 255)), {}, None
    pixels, x, y = image.load(), 0, 0
    for token in re.findall(r"#\d+(?:;[\d;]+)?|!\d+[?-~]|[?-~]|[$-]", data):
        if token[0] == "#":
            number, _, parts = token[1:].partition(";")
            if parts:
                colours[number] = tuple(round(int(part) * 2.55) for part in parts.split(";")[1:])
            else:
                colour = colours[number]
        elif token == "$":
            x = 0
        elif token == "-":
            x, y = 0, y + 6
        else:
            count = int(token[1:-1]) if token[0] == "!" else 1
            bits = ord(token[-1]) - 63
            for column in range(x, x + count):
                for bit in range(6):
                    if bits >> bit & 1:
                        pixels[column, y + bit] = colour
            x += count
    return image


def sixel_rows(sent: str) -> Image.Image:
    """Return the picture that sixels one below the other make."""
    rows = [sixel_image(code) for code in SIXEL.findall(sent)]
    whole = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)))
    top = 0
    for row in rows:
        whole.paste(row, (0, top))
        top += row.height
    return whole


def coloured(line: str) -> list[tuple[str, str | None, str | None]]:
    """Return each letter of a line with the SGR words of its colour and its ground."""
    cells, ink, ground = [], None, None
    for codes, letter in re.findall(r"\x1b\[([\d;]*)m|([^\x1b\n])", line):
        if letter:
            cells.append((letter, ink, ground))
        elif codes in ("", "0"):
            ink = ground = None
        for kind, colour in re.findall(r"(?:^|;)([34])(8;2;\d+;\d+;\d+|8;5;\d+|[0-79])(?=;|$)", codes):
            if kind == "3":
                ink = None if colour == "9" else colour
            else:
                ground = None if colour == "9" else colour
    return cells


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures' channels, from 0 to 255."""
    assert one.size == other.size
    pairs = zip(one.convert("RGB").tobytes(), other.convert("RGB").tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (3 * one.width * one.height)


def butterfly(wide: int = 96, high: int = 96) -> Image.Image:
    """Return a picture with soft and hard edges, different left and right, above and below."""
    image = Image.new("RGB", (wide, high))
    image.putdata(
        [
            (
                255 * x // wide,
                255 * y // high,
                230 if (x - wide * 0.7) ** 2 + (y - high * 0.3) ** 2 < (wide * high) / 30 else 40,
            )
            for y in range(high)
            for x in range(wide)
        ]
    )
    return image
