"""A double buffer of the terminal's cells: what it shows, what it should show, and the fewest bytes between the two.

Textual sends whole widgets, with a style around each single "─" of a border: 12 KB for a cursor one line down, 25 KB
for a switch of screens, which is three seconds at 64 kbit/s. Here the output is parsed into cells, and what the
terminal shows already is not sent again. What is painted while the last frame is still on its way is only kept as
cells: however slow the connection, there is never more to send than one screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import repeat

from rich.cells import cell_len, split_graphemes

from garage_tui.core.base.sanitize import ORDINARY

Cell = tuple[str, str] | None
"""Text and style (parameters of SGR) of a cell. "" continues the text before, which is wider than a cell; None means
that nothing is known."""

_TOKEN = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[([\d;:]*)m|([^\x00-\x1f\x7f-\x9f\U0010eeee]+)|\n(?=\x1b\[\d+;\d+H)")
"""All that an update consists of; output with anything else in it, such as a picture, is sent as it is."""
_SYNC = re.compile(r"\x1b\[\?2026[hl]")
_PAINTS_NOTHING = re.compile(
    r"(?:\x07|\x1b\[\?(?:25|7|1000|1002|1003|1004|1006|1015|1016|2004|2048)[hl]|\x1b\[\?\d+\$p|\x1b\[6n|\x1b\[c"
    r"|\x1b\[2[23];2t|\x1b\[[<>]\d*u|\x1b\[\d* q|\x1b\](?:0|2|52|22);[^\x07\x1b]*(?:\x07|\x1b\\)|\x1b_G[^\x1b]*\x1b\\)*"
)
_PLAIN = re.compile(ORDINARY)
_Update = list[tuple[int, int, list[Cell]]]


class ScreenDiff:
    """The cells that a terminal should show and those that it shows. Not thread-safe."""

    def __init__(self) -> None:
        self._target: list[list[Cell]] = []
        self._shown: list[list[Cell]] = []
        self._changed: dict[int, tuple[int, int]] = {}
        self._cursor: tuple[int, int] | None = None
        self._moved = self._in_sync = False

    def write(self, text: str) -> str:
        """Take output of the app. Return what has to be sent now, in order; `flush` returns what may wait."""
        text, synchronised = _SYNC.subn("", text)
        self._in_sync = self._in_sync or bool(synchronised)
        if not text:
            return ""
        if (update := self._parse(text)) is not None:
            cells, cursor = update
            for row, column, new in cells:
                self._set_cells(row, column, new)
            if cursor is not None and cursor != self._cursor:
                self._cursor, self._moved = cursor, True
            return ""
        before = self.flush()
        if not _PAINTS_NOTHING.fullmatch(text):
            self.forget()
        return before + text

    def flush(self) -> str:
        """Return what makes the terminal show its target; from now on it is taken to show that."""
        parts: list[str] = []
        style = ""
        for row, (start, end) in sorted(self._changed.items()):
            for column, cells in self._differences(row, start, end):
                parts.append(f"\x1b[{row + 1};{column + 1}H")
                for text, own in filter(None, cells):
                    if own != style:
                        parts.append(f"\x1b[0;{own}m" if own and style else f"\x1b[{own or 0}m")
                        style = own
                    parts.append(text)
            self._shown[row][start:end] = self._target[row][start:end]
        self._changed.clear()
        if not (parts or self._moved):
            return ""
        self._moved = False
        if style:
            parts.append("\x1b[0m")
        if self._cursor is not None:
            parts.append(f"\x1b[{self._cursor[0] + 1};{self._cursor[1] + 1}H")
        return f"\x1b[?2026h{''.join(parts)}\x1b[?2026l" if self._in_sync else "".join(parts)

    def forget(self) -> None:
        """Forget what the terminal shows, because something else has painted there."""
        self._target, self._shown, self._cursor = [], [], None
        self._changed.clear()

    @property
    def is_complete(self) -> bool:
        """Whether `flush` has nothing to send."""
        return not (self._changed or self._moved)

    def _parse(self, text: str) -> tuple[_Update, tuple[int, int] | None] | None:
        """Return the cells of an update and where it leaves the cursor; None where it is more than cells."""
        update: _Update = []
        at = column = 0
        row = -1
        style, cells = "", list[Cell]()
        for token in _TOKEN.finditer(text):
            if token.start() != at:
                return None
            at = token.end()
            kind = token.lastindex
            if kind == 4:
                if row < 0:
                    return None
                chars = token[4]
                if chars.isascii() or _PLAIN.fullmatch(chars):
                    cells += zip(chars, repeat(style))
                else:
                    spans, width = split_graphemes(chars)
                    if width != cell_len(chars):
                        return None  # Textual counts it otherwise
                    for start, end, wide in spans:
                        if not wide:
                            return None
                        cells += [(chars[start:end], style), *repeat(("", style), wide - 1)]
            elif kind == 3:
                sgr = token[3]
                style = "" if sgr in ("", "0") else f"{style};{sgr}" if style else sgr
            elif kind == 2:
                if cells:
                    update.append((row, column, cells))
                    cells = []
                row, column = int(token[1]) - 1, int(token[2]) - 1
        if at != len(text) or style or row < 0:
            return None
        if cells:
            update.append((row, column, cells))
            return update, None
        return update, (row, column)

    def _set_cells(self, row: int, column: int, new: list[Cell]) -> None:
        while len(self._target) <= row:
            self._target.append([])
            self._shown.append([])
        target, shown, end = self._target[row], self._shown[row], column + len(new)
        for line in (target, shown):
            line.extend(repeat(None, end + 1 - len(line)))
        first, last = self._changed.get(row, (column, end))
        # Half of a character that is wider than a cell is unknown: terminals disagree on what is left of it.
        before = column
        while before > 0 and (cell := target[before]) and not cell[0]:
            before -= 1
            target[before] = None
        after = end
        while after < len(target) and (cell := target[after]) and not cell[0]:
            target[after] = None
            after += 1
        target[column:end] = new
        self._changed[row] = min(first, before), max(last, after)

    def _differences(self, row: int, start: int, end: int) -> Iterator[tuple[int, list[Cell]]]:
        """Yield what differs in a part of a row: a column, and the cells from there on."""
        target, shown = self._target[row][start:end], self._shown[row][start:end]
        if target == shown:
            return
        first, last = 0, len(target)
        if all(cell is None or len(cell[0]) == 1 for line in (target, shown) for cell in line):
            while target[first] == shown[first]:
                first += 1
            while target[last - 1] == shown[last - 1]:
                last -= 1
        while first < last:
            if target[first] is None:
                first += 1
                continue
            stop = first
            while stop < last and target[stop] is not None:
                stop += 1
            yield start + first, target[first:stop]
            first = stop
