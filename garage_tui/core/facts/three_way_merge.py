"""Three-way merge of lines: the changes that two sides made to a common base."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Generic, Literal, TypeVar

import msgspec

T = TypeVar("T", bound=Hashable)
Choice = Literal["both", "mine", "theirs"]


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
    edits = sorted(
        [*_edits(base, theirs, False), *_edits(base, mine, True)],
        key=lambda edit: (edit.start, edit.end, edit.mine),
    )
    merged: list[T] = []
    clashes: list[tuple[list[T], list[T]]] = []
    at = 0
    while edits:
        together = [edits.pop(0)]
        end = together[0].end
        while edits and _touches(together, edits[0], end):
            together.append(edits.pop(0))
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
    """Return for each line of `old` where it went in `new`; None where it is gone."""
    positions: list[int | None] = [None] * len(old)
    start, most = 0, min(len(old), len(new))
    while start < most and old[start] == new[start]:
        positions[start] = start
        start += 1
    end = 0
    while end < most - start and old[-1 - end] == new[-1 - end]:
        positions[len(old) - 1 - end] = len(new) - 1 - end
        end += 1
    from difflib import SequenceMatcher  # most files are never merged

    # Only what lies between is compared in earnest: an edit of one row in 100,000 costs nothing.
    blocks = SequenceMatcher(None, old[start : len(old) - end], new[start : len(new) - end], autojunk=False)
    for a, b, size in blocks.get_matching_blocks():
        for offset in range(size):
            positions[start + a + offset] = start + b + offset
    return positions
