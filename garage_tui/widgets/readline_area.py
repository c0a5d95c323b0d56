"""A text area with the keys of a shell's line editor (readline), which act on the whole text."""

from __future__ import annotations

import re
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import TextArea

_TO_WORD_END = re.compile(r"\W*\w*")
_WORD_BEFORE = re.compile(r"\w+\W*\Z|\W+\Z")
_BLOCK_BEFORE = re.compile(r"\S*\s*\Z")


class ReadlineArea(TextArea):
    """A text area for a text of one or a few lines.

    Where Textual's own keys act on the line of the screen that the text happens to be wrapped into, these act on the
    whole text. What `ctrl+k`, `ctrl+u`, `ctrl+w` and `alt+d` cut out, `ctrl+y` puts back.
    """

    HELP_NAME = "In a field of several lines"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+a", "text_start", "To the beginning", show=False, tooltip="Go to the beginning of the text"),
        Binding("ctrl+e", "text_end", "To the end", show=False, tooltip="Go to the end of the text"),
        Binding("ctrl+b", "cursor_left", "Back", show=False, tooltip="Go back by a character"),
        Binding("ctrl+f", "cursor_right", "Forward", show=False, tooltip="Go forward by a character"),
        Binding("alt+b,ctrl+left", "word_back", "Word back", show=False, tooltip="Go back by a word"),
        Binding("alt+f,ctrl+right", "word_forward", "Word forward", show=False, tooltip="Go forward by a word"),
        Binding("ctrl+k", "kill_to_end", "Cut to the end", show=False, tooltip="Cut all that follows the cursor"),
        Binding("ctrl+u", "kill_to_start", "Cut to the start", show=False, tooltip="Cut all before the cursor"),
        Binding("ctrl+w", "kill_word_left", "Cut a word", show=False, tooltip="Cut the word before the cursor"),
        Binding("alt+d", "kill_word_right", "Cut the next word", show=False, tooltip="Cut the word after the cursor"),
        Binding("ctrl+y", "yank", "Put back", show=False, tooltip="Put back what was cut last"),
        Binding("ctrl+z,ctrl+underscore", "undo", "Undo", show=False, tooltip="Undo in this text"),
        Binding("ctrl+shift+z,alt+z", "redo", "Redo", show=False, tooltip="Redo in this text"),
    ]

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        super().__init__(text, id=id, soft_wrap=True, compact=True, highlight_cursor_line=False, tab_behavior="focus")
        self.cursor_blink = False  # a blinking cursor repaints for ever
        self._killed = ""

    @property
    def _index(self) -> int:
        """Where the cursor is, as an index into the text."""
        row, column = self.cursor_location
        return sum(len(line) + 1 for line in self.document.lines[:row]) + column

    def _location(self, index: int) -> tuple[int, int]:
        before = self.text[:index]
        return before.count("\n"), index - (before.rfind("\n") + 1)

    def _go(self, index: int) -> None:
        self.move_cursor(self._location(index))

    def _word_start(self) -> int:
        found = _WORD_BEFORE.search(self.text[: self._index])
        return found.start() if found else 0

    def _word_end(self) -> int:
        found = _TO_WORD_END.match(self.text, self._index)
        return found.end() if found else self._index

    def action_text_start(self) -> None:
        self._go(0)

    def action_text_end(self) -> None:
        self.move_cursor(self.document.end)

    def action_word_back(self) -> None:
        self._go(self._word_start())

    def action_word_forward(self) -> None:
        self._go(self._word_end())

    def action_kill_to_end(self) -> None:
        self._kill(self._index, len(self.text))

    def action_kill_to_start(self) -> None:
        self._kill(0, self._index)

    def action_kill_word_left(self) -> None:
        found = _BLOCK_BEFORE.search(self.text[: self._index])
        self._kill(found.start() if found else 0, self._index)

    def action_kill_word_right(self) -> None:
        self._kill(self._index, self._word_end())

    def action_yank(self) -> None:
        if self._killed and not self.read_only:
            self.insert(self._killed, maintain_selection_offset=False)

    def _kill(self, start: int, end: int) -> None:
        text = self.text[start:end]
        if text and not self.read_only:
            self._killed = text
            self.delete(self._location(start), self._location(end), maintain_selection_offset=False)
