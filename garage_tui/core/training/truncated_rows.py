"""Which rows of a file are truncated, because they have more tokens than training takes; each is counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.facts.line import Fact, Line
from garage_tui.core.training import token_preview


def describe_cut(count: int, cut: int, limit: int) -> str:
    """Return what is wrong with a row of `count` tokens of which `cut` of its answer are lost."""
    lost = f"{plural(cut, 'token')} of the answer {'is' if cut == 1 else 'are'} cut off"
    return f"{count} tokens, and training takes {limit}: {lost}; split it into several"


class TruncatedRows:
    """A cache of token counts by question and answer, so that no row is counted twice.

    Args:
        base: the base model whose tokens count.
        limit: tokens after which training cuts a row.
    """

    def __init__(self, base: str, limit: int) -> None:
        self._base, self._limit = base, limit
        self._known: dict[tuple[str, str], str] = {}

    def find(self, lines: Sequence[Line]) -> Mapping[int, str]:
        """Return what is wrong with each line that is too long, by the line's `id`.

        It takes two seconds where long rows are new, milliseconds where none are. A model that is not on this box
        yet counts nothing: the launch form and `garage facts check --base` say that it is missing.
        """
        # A token has at least one byte, so a shorter line fits whatever the tokenizer.
        long = [
            line for line in lines if len(line.raw) + token_preview.TEMPLATE_TOKENS > self._limit and line.is_taught
        ]
        new = {_key(line.fact): line.fact for line in long if line.fact and _key(line.fact) not in self._known}
        if new:
            try:
                found = token_preview.too_long(self._base, new.values(), self._limit)
            except GarageError:
                found = []
            self._known.update(dict.fromkeys(new, ""))
            self._known.update({_key(fact): describe_cut(count, cut, self._limit) for fact, count, cut in found})
        return {id(line): text for line in long if line.fact and (text := self._known[_key(line.fact)])}


def _key(fact: Fact) -> tuple[str, str]:
    return fact.question, fact.answer
