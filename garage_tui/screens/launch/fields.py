"""The fields of a form for a run: a preset fills them, each is explained, what differs from the preset is marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label, Select, Static

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.hardware.gpus import parse_gpus
from garage_tui.core.runs.record import Run
from garage_tui.widgets.dialog import Dialog


class FormFields(Dialog[Path | None]):
    """What a form asks, and what was answered.

    Args:
        recipe: what the fields say at first.
        like: a run that the form begins with.
        gpus: how many GPUs there are to choose from; the choice is shown from two on.
    """

    LABELS: ClassVar[Mapping[str, str]]
    """Of the fields that hold a number."""
    FRACTIONS: ClassVar[tuple[str, ...]]
    """Those of them that need not be whole."""
    WORDS: ClassVar[Mapping[str, str]]
    """What each field is."""

    def __init__(self, recipe: Any, like: Run | None, gpus: int) -> None:
        super().__init__()
        self._recipe, self._like, self._gpus = recipe, like, gpus

    def preset(self, name: str) -> Any:
        """Return the recipe of a preset."""
        raise NotImplementedError

    # Making rows

    def choice(self, id: str, label: str, options: Sequence[tuple[Content, object]], value: object) -> ComposeResult:
        """Make a row with a list to choose from."""
        yield Label(label)
        yield Select(options, value=value, allow_blank=False, id=id, compact=True)

    def text(self, id: str, label: str, value: str, placeholder: str) -> ComposeResult:
        """Make a row with a text."""
        yield Label(label, id=f"{id}-label")
        yield self._input(id, value, placeholder)

    def number(self, name: str) -> ComposeResult:
        """Make a row with a number, and room for what the preset has."""
        yield Label(self.LABELS[name])
        with Horizontal():
            yield self._input(name, in_field(getattr(self._recipe, name)), "")
            yield Static(id=f"{name}-was", classes="hint")

    def last_fields(self, placeholder: str) -> ComposeResult:
        """Make the rows of the GPUs and of the name."""
        if self._gpus > 1:
            yield from self.text("gpus", "GPUs", "", "the first that is free")
        suggested = self._like.id.split("-", 3)[-1] if self._like else ""
        yield from self.text("name", "Name", suggested, placeholder)

    @staticmethod
    def _input(id: str, value: str, placeholder: str) -> Input:
        field = Input(value, placeholder=placeholder, id=id, compact=True, select_on_focus=False)
        field.cursor_blink = False  # a blinking cursor repaints for ever
        return field

    # Helping to fill them

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Explain the field that has the focus."""
        words = self.WORDS.get(event.widget.id or "", "")
        self.query_one("#launch-words", Static).update(Content.styled(words, "$muted"))

    def fill(self) -> None:
        """Have the fields say what the recipe says."""
        for name in self.LABELS:
            self.query_one(f"#{name}", Input).value = in_field(getattr(self._recipe, name))

    def mark_changes(self, preset: Any) -> None:
        """Say beside each field what the preset has, where it differs."""
        for name in self.LABELS:
            self.mark(name, self.value(name), in_field(getattr(preset, name)))

    def mark(self, id: str, value: str, usual: str) -> None:
        """Say beside a field what the preset has, where that is something else."""
        words = "" if value == usual else f"◆ changed from {usual}"
        self.query_one(f"#{id}-was", Static).update(Content(words))

    # What they say

    def chosen(self, id: str) -> object:
        """Return what is chosen in a list."""
        return self.query_one(f"#{id}", Select).value

    def value(self, id: str) -> str:
        """Return what a field says."""
        return self.query_one(f"#{id}", Input).value.strip()

    def numbers(self) -> dict[str, float]:
        """Return what the fields of numbers say.

        Raises:
            BadInputError: one holds no number.
        """
        found: dict[str, float] = {}
        for name, label in self.LABELS.items():
            try:
                number = float(self.value(name))
                found[name] = number if name in self.FRACTIONS else int(self.value(name))
            except ValueError as error:
                whole = "" if name in self.FRACTIONS else "whole "
                raise BadInputError(f"{label.lower()}: {self.value(name)!r} is not a {whole}number") from error
        return found

    def gpus_wanted(self) -> tuple[int, ...]:
        """Return the GPUs that were named.

        Raises:
            BadInputError: they are no numbers.
        """
        return parse_gpus(self.value("gpus")) if self._gpus > 1 else ()


def in_field(value: object) -> str:
    """Return a value as a field shows it."""
    return f"{value:g}" if isinstance(value, float) else str(value)
