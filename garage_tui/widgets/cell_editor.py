"""The editor of a table cell: it lies over the cell, and grows with its text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import TextArea

from garage_tui.core.base.sanitize import shown, unshown
from garage_tui.widgets._textual_internals import forward_key, has_binding, press_bound_key, type_key

if TYPE_CHECKING:
    from garage_tui.core.facts.row_draft import FinishKey

MAX_LINES = 8


class CellEditor(TextArea):
    """A text area over a table cell. Enter finishes, Tab goes to the next cell, Esc cancels.

    It calls its owner directly, and takes its keys in the order of typing (a priority binding would overtake letters
    that still wait): so text that was typed ahead, as it comes over a slow line, goes to the right cell.

    Args:
        finish: called when the text is done, with the key's meaning: enter, tab, back or save.
        give_up: called when Esc is pressed.
        earlier: awaited before each key: keys that were typed before this had the focus come first, through `take`.
    """

    HELP_NAME = "While you write in a cell"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "finish('enter')", "Done"),
        Binding("tab", "finish('tab')", "Next"),
        Binding("shift+tab", "finish('back')", "Previous cell", show=False),
        Binding("ctrl+j", "newline", "New line", key_display="^j"),
        Binding("ctrl+s", "finish('save')", "Save", show=False),
        Binding("escape", "give_up", "Cancel", key_display="Esc"),
    ]

    def __init__(
        self,
        finish: Callable[[FinishKey], object],
        give_up: Callable[[], object],
        earlier: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(soft_wrap=True, compact=True, highlight_cursor_line=False, tab_behavior="focus")
        self._finish, self._give_up, self._earlier = finish, give_up, earlier
        self.column = self.was = self._began = ""
        self._marked = False
        self.closed = False
        """True once its owner has removed it; keys that were typed ahead go to whoever has the focus then."""
        self._cell, self._bottom = Region(), 1
        self.cursor_blink = False  # a blinking cursor repaints for ever

    def begin(self, text: str, column: str, cell: Region, bottom: int) -> None:
        """Begin to edit a cell.

        Args:
            text: what it holds.
            column: its name.
            cell: where it is, from the corner of the editor's parent.
            bottom: the line below the last one that the editor may cover.
        """
        self.column, self.was, self._cell, self._bottom = column, text, cell, bottom
        self._marked = False
        self.put(text)
        self._began = self.text
        self._fit()

    def put(self, text: str) -> None:
        """Replace the text; invisible characters are shown as visible marks."""
        visible = shown(text)
        self._marked = self._marked or visible != text
        self.load_text(visible)
        self.move_cursor(self.document.end)

    @property
    def written(self) -> str:
        """The text to keep: marks are turned back into the characters that they stand for."""
        return unshown(self.text) if self._marked else self.text

    @property
    def value(self) -> str:
        """The value for the cell: what it held if nothing was changed, else the text without surrounding spaces."""
        visible = self.text.strip()
        return (unshown(visible) if self._marked else visible) if self.changed else self.was

    def on_text_area_changed(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Take as many lines as the text has: below the cell where there is space, else also above it."""
        width = max(1, self._cell.width - 1)  # the last column is the cursor's
        lines = sum(max(1, -(-len(line) // width)) for line in self.text.split("\n"))
        wrapped = self.wrapped_document.height if self.size.width else lines
        height = max(1, min(MAX_LINES, max(lines, wrapped), self._bottom))
        top = max(0, min(self._cell.y, self._bottom - height))
        self.styles.width, self.styles.height = self._cell.width, height
        self.styles.offset = (self._cell.x, top)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint the lines; one that is being removed has lost its styles and may still be asked for a last frame."""
        return super().render_lines(crop) if self.is_attached else [Strip.blank(crop.width)] * crop.height

    @property
    def changed(self) -> bool:
        return self.text != self._began

    async def on_key(self, event: events.Key) -> None:
        await self._earlier()
        await self.take(event)

    async def take(self, event: events.Key) -> None:
        """Handle a key press."""
        if self.closed:
            event.stop()
            event.prevent_default()
            if self.screen.focused not in (None, self):
                forward_key(self.screen.focused, event)
        else:
            if has_binding(self, event.key) or not await type_key(self, event):
                # No letter: its turn is now, not once it has bubbled up.
                event.stop()
                event.prevent_default()
                await press_bound_key(self.app, event.key)

    def action_finish(self, by: FinishKey) -> None:
        self._finish(by)

    def action_newline(self) -> None:
        self.insert("\n")

    def action_give_up(self) -> None:
        self._give_up()
