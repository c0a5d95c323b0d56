"""Small questions: yes or no, one of a list."""

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
    """A question with two answers; `yes` and `no` say what each does."""

    HELP = "A question that is asked before something is done that you may not want."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "Yes", key_display="y", tooltip="Yes: do it"),
        Binding("n,escape", "answer(False)", "No", key_display="Esc", tooltip="No: leave everything as it is"),
    ]

    def __init__(self, title: str, text: str, yes: str, no: str) -> None:
        super().__init__()
        self._title, self._text, self._words = title, text, (yes, no)

    def compose(self) -> ComposeResult:
        yes, no = self._words
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            yield Static(Content(self._text), classes="words")
            yield Static(
                Content.assemble(
                    ("y ", "bold $primary"), (yes, "$muted"), "   ", ("Esc ", "bold $primary"), (no, "$muted")
                )
            )

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)


class Choices(OptionList):
    """A list that says in the line of keys how one of it is taken."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Choose", tooltip="Take the chosen one")]
    HELP_NAME = "In the list"


class Pick(Dialog[int | None]):
    """One of a list, below `words` that say what it is about; the answer is its place, or None."""

    HELP = "One of a list: choose it with ↑ and ↓, and take it with Enter. Esc takes none."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]

    def __init__(self, title: str, choices: Sequence[str], current: int = 0, words: str = "") -> None:
        super().__init__()
        self._title, self._choices, self._current, self._words = title, choices, current, words

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            if self._words:
                yield Static(Content(self._words), classes="words")
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
    """One of a list of which each can be deleted too: then `to_delete` is True, and the answer is its place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,delete", "delete", "Delete", key_display="d", tooltip="Delete the chosen one, after a question"),
    ]
    to_delete = False

    def action_delete(self) -> None:
        self.to_delete = True
        self.action_choose()
