"""The fields of a launch form as one widget: a row of label, field and hint for each."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Grid, Horizontal
from textual.content import Content
from textual.widgets import Input, Label, Select, Static

from garage_tui.core.hardware.gpus import parse_gpus
from garage_tui.screens.launch.field_values import (
    ChoiceField,
    Field,
    ListField,
    NumberField,
    TextField,
    change_hint,
    follow_preset,
    parse_numbers,
)
from garage_tui.widgets.line_input import LineInput


class RecipeFields(Grid):
    """Labels, fields and hints in two columns. Each field has its name as id, its hint `NAME-was`.

    Args:
        fields: from top to bottom.
        recipe: what the fields of the recipe show at first.
    """

    def __init__(self, fields: Sequence[Field], recipe: object) -> None:
        super().__init__(id="launch-fields")
        self._fields, self._recipe = tuple(fields), recipe
        self.filled: dict[str, str] = {}
        """The text of each input as the form filled it in; what differs was typed."""

    def compose(self) -> ComposeResult:
        for field in self._fields:
            yield Label(field.label, id=f"{field.name}-label")
            match field:
                case NumberField():
                    with Horizontal():
                        yield self._input(field.name, field.show(self._recipe))
                        yield Static(id=f"{field.name}-was", classes="hint")
                case ChoiceField():
                    options = [(line, value) for value, line in field.options.items()]
                    with Horizontal():
                        yield self._select(field.name, options, getattr(self._recipe, field.name))
                        yield Static(id=f"{field.name}-was", classes="hint")
                case ListField():
                    yield self._select(field.name, field.options, field.value)
                case TextField():
                    yield self._input(field.name, field.value, field.placeholder)

    def _input(self, name: str, value: str, placeholder: str = "") -> Input:
        field = LineInput(value, placeholder=placeholder, id=name, compact=True, select_on_focus=False)
        field.cursor_blink = False  # a blinking cursor would repaint all the time
        self.filled[name] = value
        return field

    def _select(self, name: str, options: Sequence[tuple[str, object]], value: object) -> Select[object]:
        lines = [(Content(line), option) for line, option in options]
        return Select(lines, value=value, allow_blank=False, id=name, compact=True)

    def text(self, name: str) -> str:
        """Return the text of an input, without spaces around it."""
        return self.query_one(f"#{name}", Input).value.strip()

    def chosen(self, name: str) -> object:
        """Return the value that is chosen in a list."""
        return self.query_one(f"#{name}", Select).value

    def texts(self) -> dict[str, str]:
        """Return the text of each input as it stands, by name."""
        return {field.id: field.value for field in self.query(Input) if field.id}

    def numbers(self) -> dict[str, float]:
        """Return the recipe's numbers.

        Raises:
            BadInputError: a field does not hold a number.
        """
        return parse_numbers(self._fields, {name: text.strip() for name, text in self.texts().items()})

    def choices(self) -> dict[str, object]:
        """Return the recipe's values that are chosen from lists."""
        return {field.name: self.chosen(field.name) for field in self._fields if isinstance(field, ChoiceField)}

    def gpus(self) -> tuple[int, ...]:
        """Return the indices of the GPUs that were typed; empty where there is nothing to choose from.

        Raises:
            BadInputError: the text is not a list of numbers.
        """
        return parse_gpus(self.text("gpus")) if self.query("#gpus") else ()

    def fill(self, recipe: object) -> None:
        """Show another recipe."""
        for field in self._fields:
            if isinstance(field, NumberField):
                self._write(field.name, field.show(recipe))
            elif isinstance(field, ChoiceField):
                self.query_one(f"#{field.name}", Select).value = getattr(recipe, field.name)

    def follow_preset(self, before: object, now: object) -> None:
        """Update the numbers that showed those of a preset, after the preset's own numbers have changed."""
        for name, text in follow_preset(self._fields, self.texts(), before, now).items():
            self._write(name, text)

    def _write(self, name: str, text: str) -> None:
        self.query_one(f"#{name}", Input).value = self.filled[name] = text

    def mark_changes(self, preset: object) -> None:
        """Show beside each field of the recipe what the preset has, where that differs."""
        for field in self._fields:
            if isinstance(field, NumberField):
                hint = change_hint(self.text(field.name), field.show(preset))
            elif isinstance(field, ChoiceField):
                hint = change_hint(field.word(self.chosen(field.name)), field.show(preset))
            else:
                continue
            self.query_one(f"#{field.name}-was", Static).update(Content(hint))
