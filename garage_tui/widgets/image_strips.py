"""What a picture is painted with: prepared in a thread, woven into the lines of a widget."""

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
from garage_tui.core.images import safe_image as picture_files
from garage_tui.core.terminal import image_render as pictures
from garage_tui.core.terminal import kitty, sixel
from garage_tui.core.terminal.capabilities import Terminal, Way

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class StripJob:
    """What is to be shown. Two are equal if the second would change nothing."""

    number: int
    source: Path | Image = field(compare=False)
    way: Way
    columns: int
    rows: int
    cell: tuple[int, int]
    ground: tuple[int, int, int]


@dataclass(frozen=True)
class Drawn:
    """A picture that is ready."""

    columns: int = 0
    rows: int = 0
    lines: Sequence[Sequence[Segment]] = ()
    """Its rows as text; or there is a piece instead."""
    piece: Callable[[int, int, int], str] | None = None
    """Returns what is sent for a row, from one column to before another."""
    whole: Callable[[], Callable[[int, int, int], str]] | None = None
    """Returns for one painting of a picture over which nothing lies what paints its pieces, where that is better."""
    codes: Sequence[str] = ()
    """What must be sent before the pieces."""
    id: int = 0
    way: Way = "ascii"
    words: str = ""
    """Said in its place."""


class Woven(Strip):
    """A blank line with a row of a picture in it: cut wherever something lies over it, each part paints its own part.

    Args:
        at: the cell where the picture begins, `width` cells wide; both may reach beyond the line.
        paint: returns what is sent for the picture, from one column to before another.
    """

    __slots__ = ("_at", "_paint", "_width")

    def __init__(self, line: Strip, at: int, width: int, paint: Callable[[int, int], str]) -> None:
        super().__init__(list(line), line.cell_length)
        self._at, self._width, self._paint = at, width, paint

    def _part(self, line: Strip, start: int) -> Strip:
        return Woven(line, self._at - start, self._width, self._paint)

    def crop(self, start: int, end: int | None = None) -> Strip:
        return self._part(super().crop(start, end), start)

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        cuts = [cut for cut in cuts if cut <= self.cell_length]
        parts = Strip(list(self), self.cell_length).divide(cuts)
        return [self._part(part, start) for part, start in zip(parts, [0, *cuts], strict=False)]

    def render(self, console: Console) -> str:
        blank = Strip(list(self), self.cell_length)
        start, end = max(0, self._at), min(self.cell_length, self._at + self._width)
        if start >= end:
            return blank.render(console)
        picture = self._paint(start - self._at, end - self._at)
        return blank.crop(0, start).render(console) + picture + blank.crop(end).render(console)


def prepare(job: StripJob, terminal: Terminal) -> Drawn:
    """Return the picture ready to be painted; this takes 10 to 300 ms and belongs in a thread."""
    try:
        if isinstance(job.source, Path):
            image = picture_files.read(job.source, job.ground)
        else:
            image = picture_files.flat(job.source, job.ground)
    except GarageError as error:
        return Drawn(words=str(error))
    columns, rows = pictures.fit(image.size, job.columns, job.rows, job.cell)
    if job.way == "kitty":
        size = (columns * job.cell[0], rows * job.cell[1])
        id, data = kitty.new_id(tmux=terminal.tmux), kitty.png(image, size, terminal.most_bytes * 3 // 4)
        codes = kitty.transmit(data, id, columns, rows, placed=False, tmux=terminal.tmux)
        return Drawn(columns, rows, piece=partial(kitty.cells, id), codes=codes, id=id, way="kitty")
    if job.way == "sixel":
        drawn = sixel.draw(image, columns, rows, job.cell, **terminal.sixel_limits)
        drawn.whole  # noqa: B018 (made here, in the thread)
        return Drawn(
            drawn.columns, drawn.count, piece=partial(_sixel_piece, drawn), whole=partial(_Whole, drawn), way="sixel"
        )
    if job.way == "half":
        return Drawn(
            columns, rows, list(_half_lines(pictures.halves(image, columns, rows), terminal.colours)), way="half"
        )
    return Drawn(columns, rows, [[Segment(line)] for line in pictures.ascii_rows(image, columns, rows)])


def _sixel_piece(drawn: sixel.Sixels, row: int, start: int, end: int) -> str:
    # What was there is erased (ECH); where a sixel leaves the cursor, terminals disagree, so it is put back (DECRC).
    cells = end - start
    return f"\x1b7\x1b[0m\x1b[{cells}X{drawn.piece(row, start, end)}\x1b8\x1b[{cells}C"


class _Whole:
    """One painting of a picture over which nothing lies: its first piece paints all of it, the others pass over it."""

    def __init__(self, drawn: sixel.Sixels) -> None:
        self._drawn, self._painted = drawn, False

    def __call__(self, row: int, start: int, end: int) -> str:
        if self._painted:
            return f"\x1b[{end - start}C"
        self._painted = True
        columns, rows = self._drawn.columns, self._drawn.count
        corner = (f"\x1b[{row}A" if row else "") + (f"\x1b[{start}D" if start else "")
        erased = "\x1b[B".join([f"\x1b[{columns}X"] * rows)
        back = f"\x1b[{rows - 1}A" if rows > 1 else ""
        return f"\x1b7\x1b[0m{corner}{erased}{back}{self._drawn.whole}\x1b8\x1b[{end - start}C"


def _half_lines(image: Image, colours: int) -> Iterator[list[Segment]]:
    """Yield the lines of half blocks for two pixels a cell, in that many colours."""
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
    # Rich would choose by hue first, and make pink of a white that is hardly tinted.
    return [Color.from_ansi(number) for number in pictures.palette_numbers(image, colours)]
