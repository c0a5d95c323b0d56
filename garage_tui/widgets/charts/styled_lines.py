"""Lines of text in pieces that each have a style: what charts are drawn as."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Picture = tuple[tuple[tuple[str, str], ...], ...]
"""Lines of pieces: a text, and its style as Textual writes it, with variables of the theme."""


def join_pieces(line: str, styles: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return a line of one-cell characters, each with its style, as pieces of one style each."""
    cuts = [0, *(at for at, (one, other) in enumerate(pairwise(styles), 1) if one != other), len(line)]
    return tuple((line[start:end], styles[start]) for start, end in pairwise(cuts))
