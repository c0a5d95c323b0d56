"""The encoding of an image for the terminal, and the strips that put its rows into the lines of a widget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from garage_tui.core.base.errors import GarageError
from garage_tui.core.images import safe_image
from garage_tui.core.terminal import image_render, kitty, sixel
from garage_tui.core.terminal.capabilities import ImageMode, Terminal

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class StripJob:
    """The job of encoding an image for some cells. Two jobs are equal if the second would change nothing."""

    number: int
    """Grows with each new source, which is not compared itself."""
    source: Path | Image = field(compare=False)
    mode: ImageMode
    columns: int
    rows: int
    cell: tuple[int, int]
    """Width and height of a cell, in pixels."""
    background: tuple[int, int, int]


@dataclass(frozen=True)
class EncodedImage:
    """An image that is ready to be painted, as lines of text or as pieces of escape codes."""

    columns: int = 0
    rows: int = 0
    lines: Sequence[Sequence[Segment]] = ()
    """Its rows as text; empty if it has pieces."""
    piece: Callable[[int, int, int], str] | None = None
    """Returns the escape codes of a row, from one column up to another."""
    whole: Callable[[], Callable[[int, int, int], str]] | None = None
    """Returns a function that paints an uncovered image at once; None if `piece` is as good."""
    codes: Sequence[str] = ()
    """Escape codes to send before the pieces."""
    id: int = 0
    """Number of the image in kitty's protocol; 0 if the terminal stores no images."""
    mode: ImageMode = "ascii"
    error: str = ""
    """Why there is no image."""


class ImageStrip(Strip):
    """A blank line with a row of an image in it. If a widget above cuts the line, each part paints its own piece.

    Args:
        start: the cell where the image begins, counted from the line's first cell; it may be negative.
        width: cells of the image; it may end after the line.
        paint: returns the escape codes of the row, from one column up to another.
    """

    __slots__ = ("_paint", "_start", "_width")

    def __init__(self, line: Strip, start: int, width: int, paint: Callable[[int, int], str]) -> None:
        super().__init__(list(line), line.cell_length)
        self._start, self._width, self._paint = start, width, paint

    def _part(self, line: Strip, start: int) -> Strip:
        return ImageStrip(line, self._start - start, self._width, self._paint)

    def crop(self, start: int, end: int | None = None) -> Strip:
        return self._part(super().crop(start, end), start)

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        cuts = [cut for cut in cuts if cut <= self.cell_length]
        parts = Strip(list(self), self.cell_length).divide(cuts)
        return [self._part(part, start) for part, start in zip(parts, [0, *cuts], strict=False)]

    def render(self, console: Console) -> str:
        blank = Strip(list(self), self.cell_length)
        start, end = max(0, self._start), min(self.cell_length, self._start + self._width)
        if start >= end:
            return blank.render(console)
        codes = self._paint(start - self._start, end - self._start)
        return blank.crop(0, start).render(console) + codes + blank.crop(end).render(console)


def encode(job: StripJob, terminal: Terminal) -> EncodedImage:
    """Return the encoded image of a job; takes 10 to 300 ms, so call it in a thread."""
    try:
        if isinstance(job.source, Path):
            image = safe_image.read(job.source, job.background)
        else:
            image = safe_image.to_rgb(job.source, job.background)
    except GarageError as error:
        return EncodedImage(error=str(error))
    columns, rows = image_render.fit_cells(image.size, job.columns, job.rows, job.cell)
    if job.mode == "kitty":
        size = (columns * job.cell[0], rows * job.cell[1])
        id, data = kitty.new_id(tmux=terminal.tmux), kitty.encode_png(image, size, terminal.most_bytes * 3 // 4)
        codes = kitty.transmit(data, id, columns, rows, placed=False, tmux=terminal.tmux)
        return EncodedImage(columns, rows, piece=partial(kitty.placeholders, id), codes=codes, id=id, mode="kitty")
    if job.mode == "sixel":
        encoded = sixel.encode_within(image, columns, rows, job.cell, **terminal.sixel_limits)
        encoded.whole  # noqa: B018 (made here, in the thread)
        return EncodedImage(
            encoded.columns,
            encoded.rows,
            piece=partial(_sixel_piece, encoded),
            whole=partial(_WholeSixel, encoded),
            mode="sixel",
        )
    if job.mode == "half":
        return EncodedImage(
            columns,
            rows,
            list(_half_block_lines(image_render.scale_to_half_blocks(image, columns, rows), terminal.colours)),
            mode="half",
        )
    return EncodedImage(columns, rows, [[Segment(line)] for line in image_render.ascii_rows(image, columns, rows)])


def _sixel_piece(encoded: sixel.SixelImage, row: int, start: int, end: int) -> str:
    # ECH erases the old cells. Terminals leave the cursor in different places after a sixel, so DECRC restores it.
    cells = end - start
    return f"\x1b7\x1b[0m\x1b[{cells}X{encoded.piece(row, start, end)}\x1b8\x1b[{cells}C"


class _WholeSixel:
    """The paint function of an uncovered sixel: its first piece paints the whole image, the others skip their cells."""

    def __init__(self, encoded: sixel.SixelImage) -> None:
        self._encoded, self._painted = encoded, False

    def __call__(self, row: int, start: int, end: int) -> str:
        if self._painted:
            return f"\x1b[{end - start}C"
        self._painted = True
        columns, rows = self._encoded.columns, self._encoded.rows
        corner = (f"\x1b[{row}A" if row else "") + (f"\x1b[{start}D" if start else "")
        erased = "\x1b[B".join([f"\x1b[{columns}X"] * rows)
        back = f"\x1b[{rows - 1}A" if rows > 1 else ""
        return f"\x1b7\x1b[0m{corner}{erased}{back}{self._encoded.whole}\x1b8\x1b[{end - start}C"


def _half_block_lines(image: Image, colours: int) -> Iterator[list[Segment]]:
    """Yield lines of half-blocks, two pixels in each cell, in that many colours."""
    wide, names = image.width, _colours_of(image, colours)
    for top in range(0, len(names), 2 * wide):
        pairs = zip(names[top : top + wide], names[top + wide : top + 2 * wide], strict=True)
        yield [
            Segment("▀" * len(list(same)), Style(color=above, bgcolor=below)) for (above, below), same in groupby(pairs)
        ]


def _colours_of(image: Image, colours: int) -> list[Color]:
    if colours not in (16, 256):
        data = image.tobytes()
        return [Color.from_rgb(*data[at : at + 3]) for at in range(0, len(data), 3)]
    # Rich chooses by hue first, and would turn a slightly tinted white into pink.
    return [Color.from_ansi(number) for number in image_render.palette_numbers(image, colours)]
