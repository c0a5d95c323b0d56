"""Rows of a facts file that ask the same and should not: repeated, with another answer, or taught and examined."""

from __future__ import annotations

from garage_tui.core.facts.line import Line
from garage_tui.core.language.fold import fold

_SAME = "the same question and answer as"
_OTHER = "another answer to the same question as"


def find_clash(line: Line, other: Line) -> str:
    """Return what is wrong with two lines that ask the same, or nothing where they are variants of one fact."""
    assert line.fact and other.fact
    if line.fact.exam != other.fact.exam:
        return "taught and also an exam question, so its answer proves nothing; delete one: the same question as"
    if fold(line.fact.answer) == fold(other.fact.answer):
        return _SAME
    if line.fact.fact and fold(line.fact.fact) == fold(other.fact.fact):
        return ""
    return _OTHER


def clash_text(what: str, line: int) -> str:
    """Return what `find_clash` found with the number of the other line, and what to do about it."""
    remedies = {_SAME: "; delete one", _OTHER: '; delete one, or give both the same "fact" if both are right'}
    return f"{what} line {line}{remedies.get(what, '')}"
