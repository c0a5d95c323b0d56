"""The question for the name of a new facts file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.line_input import LineInput
from garage_tui.widgets.notice import Notice

_ENDING = ".jsonl"


class NewFileDialog(Dialog[Path | None]):
    """The name of a facts file that is not there yet; the result is its path, or None.

    Args:
        folder: where it will be.
    """

    HELP_PAGE = "guide/facts.md"
    HELP = "The name of a new facts file. The file is written with its first row; o goes back to the others."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "begin", "Begin it", key_display="⏎", priority=True),
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._parent_folder = folder

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = Content("A new facts file")
            text = f"Its name in {self._parent_folder.name}/, as in animals{_ENDING}. Enter begins it."
            yield Static(Content(text), classes="text")
            yield LineInput(compact=True)
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        line = self.query_one(Input)
        line.cursor_blink = False
        line.focus()

    def action_begin(self) -> None:
        name = self.query_one(Input).value.strip().removesuffix(_ENDING)
        path = self._parent_folder / f"{name}{_ENDING}"
        if not name or name.startswith(".") or "/" in name or not name.isprintable() or len(path.name.encode()) > 200:
            self.notice.wrong("Write a file name without /, such as animals")
        elif path.exists():
            self.notice.wrong(f"{path.name} already exists: choose it from the list, or write another name")
        else:
            self.dismiss(path)

    def action_cancel(self) -> None:
        self.dismiss(None)
