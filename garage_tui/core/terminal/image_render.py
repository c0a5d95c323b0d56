"""Renders a picture file for a terminal: by kitty's protocol, as sixel, in half-blocks or in ASCII.

Sizes are in pixels, or in columns and rows of cells; the size of a cell, in pixels, comes from the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.images.montage import Canvas
from garage_tui.core.images.safe_image import read
from garage_tui.core.terminal import kitty, sixel
from garage_tui.core.terminal.capabilities import ImageMode, Terminal

if TYPE_CHECKING:
    from PIL.Image import Image

VT340_CELL = (10, 20)
"""Size of a cell, in pixels, where the terminal does not report its own."""
MAX_COLUMNS, MAX_ROWS = len(kitty.DIACRITICS), 200
"""Size of the largest picture, in cells: kitty's protocol has no more numbers for columns."""

_SHADES = b" .:-=+*#%@"


def fit_cells(size: tuple[int, int], columns: int, rows: int, cell: tuple[int, int]) -> tuple[int, int]:
    """Return the columns and rows that a picture of `size` pixels fills in its own proportions, within those given."""
    columns, rows = min(columns, MAX_COLUMNS), min(rows, MAX_ROWS)
    scale = min(columns * cell[0] / size[0], rows * cell[1] / size[1])
    wide, high = round(size[0] * scale / cell[0]), round(size[1] * scale / cell[1])
    return max(1, min(columns, wide)), max(1, min(rows, high))


def scale_to_half_blocks(image: Image, columns: int, rows: int) -> Image:
    """Return an image with two pixels for each cell, one above the other, in the mean colours of what they cover."""
    from PIL.Image import Resampling

    return image.resize((columns, 2 * rows), Resampling.BOX)


def ascii_rows(image: Image, columns: int, rows: int) -> list[str]:
    """Return lines of ten characters from dark to bright, for bright text on a dark background."""
    from PIL import ImageOps
    from PIL.Image import Resampling

    grey = ImageOps.autocontrast(image.convert("L").resize((columns, rows), Resampling.BOX))
    characters = grey.tobytes().translate(bytes(_SHADES[value * len(_SHADES) // 256] for value in range(256))).decode()
    return [characters[at : at + columns] for at in range(0, len(characters), columns)]


def render(path: Path, terminal: Terminal, columns: int, rows: int) -> str:
    """Return what shows a picture file at the cursor, which is at the left edge, and leaves the cursor below it.

    Raises:
        BadInputError: the file cannot be shown.
    """
    image = read(path)
    cell = terminal.cell or VT340_CELL
    columns, rows = fit_cells(image.size, columns, rows, cell)
    if terminal.image_mode == "ascii":
        return "".join(f"{line.rstrip()}\n" for line in ascii_rows(image, columns, rows))
    if terminal.image_mode == "half":
        return "".join(_half_block_lines(scale_to_half_blocks(image, columns, rows), terminal.colours))
    # Lines are made before they are drawn on, and the cursor is put back: terminals disagree where a picture leaves it,
    # and a picture that touches the last line scrolls.
    if terminal.image_mode == "sixel":
        encoded = sixel.encode_within(image, columns, rows, cell, **terminal.sixel_limits)
        if rows < MAX_ROWS:  # there is a screen to fit on
            return "\n" * encoded.rows + f"\x1b[{encoded.rows}A\x1b7{encoded.whole}\x1b8\x1b[{encoded.rows}B"
        pieces = (encoded.piece(row, 0, encoded.columns) for row in range(encoded.rows))
        return "".join(f"\n\x1b[A\x1b7{piece}\x1b8\n" for piece in pieces)
    size = (columns * cell[0], rows * cell[1])
    data, id = kitty.encode_png(image, size, terminal.most_bytes * 3 // 4), kitty.new_id(tmux=terminal.tmux)
    codes = "".join(kitty.transmit(data, id, columns, rows, placed=not terminal.tmux, tmux=terminal.tmux))
    if terminal.tmux:
        return codes + "".join(f"{kitty.placeholders(id, row, 0, columns)}\n" for row in range(rows))
    return "\n" * rows + f"\x1b[{rows}A\x1b7{codes}\x1b8\x1b[{rows}B"


def _half_block_lines(image: Image, colours: int) -> Iterator[str]:
    """Yield lines of half-blocks, two pixels in each cell, in that many colours."""
    names = _sgr_colours(image, colours)
    for at in range(0, len(names), 2 * image.width):
        above, below, line = "", "", ""
        for over, under in zip(names[at : at + image.width], names[at + image.width :], strict=False):
            codes = [*([f"3{over}"] if over != above else []), *([f"4{under}"] if under != below else [])]
            line += f"\x1b[{';'.join(codes)}m▀" if codes else "▀"
            above, below = over, under
        yield f"{line}\x1b[0m\n"


def _sgr_colours(image: Image, colours: int) -> list[str]:
    """Return each pixel's colour as an SGR parameter without its first digit (3: foreground, 4: background)."""
    if colours > 256:
        data = image.tobytes()
        return [f"8;2;{data[at]};{data[at + 1]};{data[at + 2]}" for at in range(0, len(data), 3)]
    numbers = palette_numbers(image, colours)
    return [f"8;5;{number}" if colours == 256 else str(number) for number in numbers]


def palette_numbers(image: Image, colours: int) -> list[int]:
    """Return the number of the nearest colour of each pixel: of the 240 of 256 that all terminals share, or of 8."""
    from PIL import Image
    from PIL.Image import Dither

    # xterm's own: a cube of 6 × 6 × 6 and 24 greys from number 16; the first eight, which are all that SGR 30–47 name.
    steps = (0, 95, 135, 175, 215, 255)
    cube = [part for r in steps for g in steps for b in steps for part in (r, g, b)]
    greys = [part for level in range(8, 248, 10) for part in (level,) * 3]
    eight = [205 * (number >> bit & 1) for number in range(8) for bit in range(3)]
    palette = Image.new("P", (1, 1))
    palette.putpalette(cube + greys if colours == 256 else eight)
    chosen = image.quantize(palette=palette, dither=Dither.NONE).tobytes()
    return [16 + number if colours == 256 else number for number in chosen]


def canvas_for(columns: int, rows: int, cell: tuple[int, int], mode: ImageMode) -> Canvas:
    """Return the canvas of so many cells, in pixels; for half-blocks twice as many, so that a dot is whole pixels."""
    wide, high = cell
    if mode == "half":
        return Canvas(columns * 2 * wide, rows * 2 * high, (2 * wide, high))
    if mode == "ascii":
        return Canvas(columns * wide, rows * high, (wide, high))
    return Canvas(columns * wide, rows * high, enlarge=mode != "kitty")
