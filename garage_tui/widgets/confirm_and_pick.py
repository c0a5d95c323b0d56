"""The dialogs for small questions: yes or no, or one of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar


class Confirm(Dialog[bool]):
    """The dialog of a question with two answers; `yes` and `no` say what each answer does."""

    HELP = "The app asks this before it does something that you may not want."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "Yes", key_display="y", tooltip="Yes: do it"),
        Binding("n,escape", "answer(False)", "No", key_display="Esc", tooltip="No: leave everything as it is"),
    ]

    def __init__(self, title: str, text: str, yes: str, no: str) -> None:
        super().__init__()
        self._title, self._text, self._answers = title, text, (yes, no)

    def compose(self) -> ComposeResult:
        yes, no = self._answers
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            yield Static(Content(self._text), classes="text")
            yield Static(
                Content.assemble(
                    ("y ", "bold $primary"), (yes, "$muted"), "   ", ("Esc ", "bold $primary"), (no, "$muted")
                )
            )

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)


class Choices(OptionList):
    """The list of a `Pick`; the key bar shows its key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Choose", tooltip="Take the entry under the cursor")
    ]
    HELP_NAME = "In the list"


class Pick(Dialog[int | None]):
    """The dialog in which the user chooses one entry of a list; its result is the entry's index, or None.

    Args:
        current: the index of the entry under the cursor at first.
        text: shown above the list; empty shows nothing.
    """

    HELP = (
        "A list to choose from: ↑ and ↓ move the cursor, Enter takes the entry, Esc closes the list without a choice."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]

    def __init__(self, title: str, choices: Sequence[str], current: int = 0, text: str = "") -> None:
        super().__init__()
        self._title, self._choices, self._current, self._text = title, choices, current, text

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            if self._text:
                yield Static(Content(self._text), classes="text")
            yield Choices(*(Content(choice) for choice in self._choices))
            yield KeyBar()

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = self._current
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)

    def action_choose(self) -> None:
        self.dismiss(self.query_one(OptionList).highlighted)

    def action_cancel(self) -> None:
        self.dismiss(None)


class PickOrDelete(Pick):
    """A `Pick` whose entries can be deleted: if `to_delete` is True, the result is the index of the entry to delete."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "d,delete",
            "delete",
            "Delete",
            key_display="d",
            tooltip="Delete the entry under the cursor; the app asks first",
        ),
    ]
    to_delete = False

    def action_delete(self) -> None:
        self.to_delete = True
        self.action_choose()
