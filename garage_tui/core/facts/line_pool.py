"""Lines that were read before, for a new reading of their file: each is handed out once, with what was found in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from garage_tui.core.facts.line import Line
from garage_tui.core.facts.three_way_merge import Choice, merge


class LinePool:
    """Hands out lines by their bytes, and none of them twice.

    A file may have two rows with the same bytes. As one object they could not be told apart: a change of one would not
    reach the other, and neither would be found to repeat the other.

    Args:
        sides: versions of a file; a line of an earlier one is handed out first.
    """

    def __init__(self, *sides: Iterable[Line]) -> None:
        self._first: dict[bytes, Line] = {}
        self._others: dict[bytes, dict[Line, None]] = {}
        self._begun: dict[bytes, Iterator[Line]] = {}
        for side in sides:
            for line in side:
                if self._first.setdefault(line.raw, line) is not line:
                    self._others.setdefault(line.raw, {})[line] = None

    def take(self, raw: bytes) -> Line | None:
        """Return a line with these bytes that was not handed out yet, else a new one like it; None if none has them."""
        first = self._first.get(raw)
        if first is None:
            return None
        others = self._begun.get(raw)
        if others is None:
            self._begun[raw] = iter(self._others.get(raw, ()))
            return first
        return next(others, None) or first.copied()


def known_lines(*sides: Sequence[Line]) -> LinePool:
    """Return the lines of versions of a file, for reading it again.

    The first line of a version is left out where something is wrong with it, which may be wrong with the whole file.
    """
    return LinePool(*(side[1:] if side and side[0].complaints else side for side in sides))


def merge_lines(
    base: Sequence[Line], mine: Sequence[Line], on_disk: Sequence[Line], choice: Choice
) -> tuple[list[Line], list[tuple[list[Line], list[Line]]]]:
    """Return the lines that two versions of `base` come to, and (mine, on disk) where both changed the same ones."""
    before, ours, theirs = ([line.raw for line in side] for side in (base, mine, on_disk))
    merged = merge(before, ours, theirs, choice)

    def lines(raws: Iterable[bytes]) -> list[Line]:
        pool = LinePool(on_disk, mine, base)
        return [line for raw in raws if (line := pool.take(raw))]

    return lines(merged.lines), [(lines(left), lines(right)) for left, right in merged.clashes]
