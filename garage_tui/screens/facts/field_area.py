"""The text area in which the open field of a row is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from garage_tui.core.base.sanitize import plain
from garage_tui.widgets._textual_internals import has_binding, press_bound_key, type_key
from garage_tui.widgets.readline_area import ReadlineArea

if TYPE_CHECKING:
    from garage_tui.core.facts.row_draft import FinishKey

_SWITCH_KEYS = ("space", "left", "right", "x")


class FieldArea(ReadlineArea):
    """A text area for one field of a row. Enter is done with it, Tab goes to the next field, Esc cancels.

    It calls its owner directly, and takes its keys in the order of typing (a priority binding would overtake letters
    that still wait). All fields share this one area, which has the focus while a row is written.

    Args:
        finish: called when the field is left, with the key's meaning: enter, tab, back or save.
        give_up: called when Esc is pressed.
        switch: called when the value of a field with two values is switched.
    """

    HELP_NAME = "While you write a row"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "finish('enter')", "Done"),
        Binding("tab", "finish('tab')", "Next", tooltip="Go to the next field"),
        Binding("escape", "give_up", "Cancel", key_display="Esc"),
        Binding("ctrl+j,alt+enter,shift+enter", "newline", "New line", key_display="^j"),
        Binding("shift+tab", "finish('back')", "Previous field", show=False),
        Binding("ctrl+s", "finish('save')", "Save", show=False, tooltip="Save the row"),
        # Textual's text area selects its line with F6 and everything with F7, which are screens here.
        Binding("f6", "app.show('gpu')", "GPU", show=False, system=True),
        Binding("f7", "app.show('school')", "School", show=False, system=True),
        Binding("f10", "app.show('documents')", "Documents", show=False, system=True),
    ]

    def __init__(
        self,
        finish: Callable[[FinishKey], object],
        give_up: Callable[[], object],
        switch: Callable[[], object],
    ) -> None:
        super().__init__(id="facts-field")
        self._finish, self._give_up, self._switch = finish, give_up, switch
        self.has_two_values = False
        """True while the field is switched between two values, and no text is written in it."""
        self.closed = True
        """True while no row is written."""

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        return super().check_consume_key(key, character) or bool(character and character.isprintable())

    async def on_key(self, event: events.Key) -> None:
        await self.take(event)

    async def take(self, event: events.Key) -> None:
        """Handle a key press."""
        if self.closed:
            event.prevent_default()  # it bubbles to the screen, and types nothing here
        elif self.has_two_values and (event.is_printable or event.key in _SWITCH_KEYS):
            event.stop()
            event.prevent_default()
            if event.key in _SWITCH_KEYS:  # a letter does nothing here, least of all what it does in the table
                self._switch()
        elif leaves := self._leaves_by(event.key):
            event.stop()
            event.prevent_default()
            self._finish(leaves)
        elif has_binding(self, event.key) or not await type_key(self, event):
            # No letter: its turn is now, not once it has bubbled up.
            event.stop()
            event.prevent_default()
            await press_bound_key(self.app, event.key)

    def _leaves_by(self, key: str) -> FinishKey | None:
        """Return how an arrow key leaves the field: up from its first line, down from its last."""
        where = self.cursor_location
        if key == "up" and (self.has_two_values or self.navigator.is_first_wrapped_line(where)):
            return "back"
        if key == "down" and (self.has_two_values or self.navigator.is_last_wrapped_line(where)):
            return "tab"
        return None

    async def on_paste(self, event: events.Paste) -> None:
        if self.closed:
            return  # it bubbles to the screen, which adds rows
        event.prevent_default()
        event.stop()
        self.paste(event.text)

    def paste(self, text: str) -> None:
        """Put pasted text where the cursor is; it is sanitised, and line feeds at its end are left out."""
        if not self.read_only:
            self.replace(plain(text).rstrip("\n"), *self.selection, maintain_selection_offset=False)

    def action_finish(self, by: FinishKey) -> None:
        self._finish(by)

    def action_newline(self) -> None:
        if not self.read_only:
            self.insert("\n")

    def action_give_up(self) -> None:
        self._give_up()
