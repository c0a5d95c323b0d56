"""What all dialogs have in common: their looks, in a file of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from textual.screen import ModalScreen

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A box over a dimmed screen; the result type is the answer's."""

    CSS_PATH = str(Path(__file__).parents[1] / "dialogs.tcss")
