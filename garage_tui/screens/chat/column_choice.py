"""Which columns of the chat are shown: what the user has chosen, as far as it fits into the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from garage_tui.core.chat.transcripts import Side

SIDES: tuple[Side, ...] = ("base", "book", "tuned")
"""All columns, from left to right."""
MIN_WIDTH_FOR_THREE = 100
"""Width of the terminal, in columns of text, from which three conversations fit side by side."""
_WIDE: tuple[tuple[Side, ...], ...] = (("base", "tuned"), ("base", "book", "tuned"))
_NARROW: tuple[tuple[Side, ...], ...] = (("base", "tuned"), ("book", "tuned"), ("base", "book"))
_NARROW_WITHOUT_TUNED: tuple[tuple[Side, ...], ...] = (("base", "tuned"), ("base", "book"))


@dataclass
class ColumnChoice:
    """The chosen columns: an index into the choices that the width of the terminal allows."""

    index: int = 0
    has_tuned: bool = True
    """False while the tuned model neither has answered nor is asked: then it takes no space from those that have."""
    book_waits: bool = False
    """True while the open book has answered nothing, and others have: it takes no space from them before that."""

    @property
    def asks_open_book(self) -> bool:
        """True if the base model with the open book is asked too: in all choices but the first."""
        return self.index > 0

    def fit(self, width: int) -> tuple[Side, ...]:
        """Return the sides to show in a terminal of `width` columns; a choice that it does not have becomes its last.

        Args:
            width: of the terminal, in columns of text.
        """
        sides = self._chosen(width)
        return self._choices(width)[0] if self.book_waits and "base" not in sides else sides

    def advance(self, width: int) -> None:
        """Go to the next choice; after the last comes the first."""
        self.index = (self.index + 1) % len(self._choices(width))

    def set_has_tuned(self, has_tuned: bool, width: int) -> None:
        """Take note of whether there is a tuned model; what is shown besides it stays."""
        visible = self._chosen(width)
        self.has_tuned = has_tuned
        if visible in (choices := self._choices(width)):
            self.index = choices.index(visible)

    def show_instead(self, empty: Side, width: int) -> None:
        """Show the side that has no space in place of `empty`, where two of three are shown."""
        hidden = self.hidden(width)
        for index, sides in enumerate(self._choices(width)):
            if index and hidden in sides and empty not in sides:
                self.index = index

    def hidden(self, width: int) -> Side | None:
        """Return the side that is asked but has no space; None if all that are asked are shown."""
        visible = self.fit(width)
        return next((side for side in SIDES if side not in visible), None) if self.asks_open_book else None

    def _chosen(self, width: int) -> tuple[Side, ...]:
        """Return the sides of the choice, whether or not the open book waits."""
        choices = self._choices(width)
        self.index = min(self.index, len(choices) - 1)
        return choices[self.index]

    def _choices(self, width: int) -> tuple[tuple[Side, ...], ...]:
        if width >= MIN_WIDTH_FOR_THREE:
            return _WIDE
        return _NARROW if self.has_tuned else _NARROW_WITHOUT_TUNED
