"""What all dialogs have in common: their looks, in a file of their own."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A box over a dimmed screen; the result type is the answer's."""

    HELP: ClassVar[str] = ""
    """What it is for, in a sentence or two; then paragraphs on what else is good to know."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "app.help", "Help", show=False, key_display="F1", tooltip="Help for what is in front"),
    ]
    CSS_PATH = str(Path(__file__).parents[1] / "dialogs.tcss")
