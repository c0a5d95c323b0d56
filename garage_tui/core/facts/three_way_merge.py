"""Three-way merge of lines: the changes that two sides made to a common base."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Generic, Literal, TypeVar

import msgspec

T = TypeVar("T", bound=Hashable)
Choice = Literal["both", "mine", "theirs"]
_SMALL = 32
"""Lines of a gap that are compared each with each other."""


class MergeResult(msgspec.Struct, Generic[T], frozen=True):
    """The merged lines, and the conflicts between both sides."""

    lines: list[T]
    clashes: list[tuple[list[T], list[T]]]
    """(mine, theirs) for each group of lines that both sides changed in different ways."""


class _Edit(msgspec.Struct, Generic[T], frozen=True):
    """`new` replaces `base[start:end]`."""

    start: int
    end: int
    new: list[T]
    mine: bool


def merge(base: Sequence[T], mine: Sequence[T], theirs: Sequence[T], choice: Choice = "both") -> MergeResult[T]:
    """Merge two versions of `base`: the changes of both, where they do not overlap.

    Unlike diff3 (Khanna, Kunal, Pierce 2007) it lets changes of neighbouring rows stand side by side, since facts do
    not depend on their neighbours. Rows that both added at one position all stay, theirs first.

    Args:
        choice: what is taken where both changed the same lines: one side's version, or both, theirs first.
    """
    found = [*_edits(base, theirs, False), *_edits(base, mine, True)]
    edits = deque(sorted(found, key=lambda edit: (edit.start, edit.end, edit.mine)))
    merged: list[T] = []
    clashes: list[tuple[list[T], list[T]]] = []
    at = 0
    while edits:
        together = [edits.popleft()]
        end = together[0].end
        while edits and _touches(together, edits[0], end):
            together.append(edits.popleft())
            end = max(end, together[-1].end)
        start = together[0].start
        merged += base[at:start]
        at = end
        ours, others = (
            _with(base, start, end, [edit for edit in together if edit.mine is side]) for side in (True, False)
        )
        changed = {edit.mine for edit in together}
        if len(changed) == 1:
            merged += ours if True in changed else others
        elif ours == others:
            merged += ours
        else:
            clashes += [(ours, others)] if start < end else []
            if start < end and choice != "both":
                merged += ours if choice == "mine" else others
            else:
                known = set(others)
                merged += [*others, *(line for line in ours if line not in known)]
    return MergeResult([*merged, *base[at:]], clashes)


def _touches(together: list[_Edit[T]], edit: _Edit[T], end: int) -> bool:
    """Return whether an edit changes lines that those before it change too, or adds where they add."""
    last = together[-1]
    both_add = edit.start == edit.end == last.start == last.end
    return edit.start < end or both_add


def _with(base: Sequence[T], start: int, end: int, edits: list[_Edit[T]]) -> list[T]:
    lines: list[T] = []
    for edit in edits:
        lines += [*base[start : edit.start], *edit.new]
        start = edit.end
    return [*lines, *base[start:end]]


def _edits(base: Sequence[T], new: Sequence[T], mine: bool) -> list[_Edit[T]]:
    edits: list[_Edit[T]] = []
    start = at = 0
    for position, new_position in [*enumerate(_new_positions(base, new)), (len(base), len(new))]:
        if new_position is None:
            continue
        if (start, at) != (position, new_position):
            edits.append(_Edit(start, position, list(new[at:new_position]), mine))
        start, at = position + 1, new_position + 1
    return edits


def _new_positions(old: Sequence[T], new: Sequence[T]) -> list[int | None]:
    """Return for each line of `old` where it went in `new`; None where it is gone.

    It takes little more than linear time, for it is done while the file is locked: lines that both have once are
    anchors (Bram Cohen's patience diff), and only what lies between two of them is compared in earnest.
    """
    positions: list[int | None] = [None] * len(old)
    once_old, once_new = _places_of_single_lines(old), _places_of_single_lines(new)
    anchors = _longest_rising([(at, once_new[line]) for line, at in once_old.items() if line in once_new])
    start, new_start = 0, 0
    for end, new_end in [*anchors, (len(old), len(new))]:
        for at, new_at in _pairs(old[start:end], new[new_start:new_end]):
            positions[start + at] = new_start + new_at
        if end < len(old):
            positions[end] = new_end
        start, new_start = end + 1, new_end + 1
    return positions


def _places_of_single_lines(lines: Sequence[T]) -> dict[T, int]:
    """Return the place of each line that stands there once, in their order."""
    places: dict[T, int] = {}
    for at, line in enumerate(lines):
        places[line] = -1 if line in places else at
    return {line: at for line, at in places.items() if at >= 0}


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the most pairs of which the second number rises as the first one does, by which they are sorted."""
    ends: list[int] = []  # the least number with which a rising row of each length ends
    last: list[int] = []  # which pair that is
    before: list[int] = []
    for at, (_, number) in enumerate(pairs):
        length = bisect_left(ends, number)
        before.append(last[length - 1] if length else -1)
        if length == len(ends):
            ends.append(number)
            last.append(at)
        else:
            ends[length], last[length] = number, at
    found = []
    at = last[-1] if last else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]


def _pairs(old: Sequence[T], new: Sequence[T]) -> list[tuple[int, int]]:
    """Return the places of lines that are the same on both sides, between two anchors."""
    start, most = 0, min(len(old), len(new))
    while start < most and old[start] == new[start]:
        start += 1
    end = 0
    while end < most - start and old[-1 - end] == new[-1 - end]:
        end += 1
    pairs = [(at, at) for at in range(start)]
    old_gap, new_gap = old[start : len(old) - end], new[start : len(new) - end]
    pairs += [(start + at, start + new_at) for at, new_at in _pairs_in_gap(old_gap, new_gap)]
    return pairs + [(len(old) - at, len(new) - at) for at in range(end, 0, -1)]


def _pairs_in_gap(old: Sequence[T], new: Sequence[T]) -> list[tuple[int, int]]:
    """Return the pairs of a gap whose first lines differ, and whose last ones do."""
    if not old or not new:
        return []
    if max(len(old), len(new)) > _SMALL:
        # Many lines that each stand there often, such as blank ones: the first of a kind is paired with the first.
        places = {line: at for at, line in enumerate(_numbered(new))}
        return _longest_rising([(at, places[line]) for at, line in enumerate(_numbered(old)) if line in places])
    from difflib import SequenceMatcher  # most files are never merged

    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return [(block.a + offset, block.b + offset) for block in blocks for offset in range(block.size)]


def _numbered(lines: Iterable[T]) -> Iterator[tuple[T, int]]:
    """Give each line with the number of lines like it that came before."""
    counts: dict[T, int] = {}
    for line in lines:
        counts[line] = counts.get(line, 0) + 1
        yield line, counts[line]
