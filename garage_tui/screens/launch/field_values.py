"""The fields of a launch form without widgets: what each shows of a recipe, and which value its text stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import quoted


@dataclass(frozen=True)
class NumberField:
    """A number of the recipe, typed as text.

    Attributes:
        name: the recipe's attribute.
        whole: False allows a fraction.
    """

    name: str
    label: str
    whole: bool = True

    def show(self, recipe: object) -> str:
        """Return the text that the field shows for a recipe."""
        return number_text(getattr(recipe, self.name))

    def parse(self, text: str) -> float:
        """Return the number that a text stands for; an `int` if the field is whole.

        Raises:
            BadInputError: it is not such a number.
        """
        try:
            return int(text) if self.whole else float(text)
        except ValueError as error:
            kind = "whole number" if self.whole else "number"
            raise BadInputError(f"{self.label.lower()}: {quoted(text)} is not a {kind}") from error


@dataclass(frozen=True)
class ChoiceField:
    """A value of the recipe, chosen from a list.

    Attributes:
        name: the recipe's attribute.
        options: each value with its line of the list: a word, then perhaps ` · ` and an explanation.
    """

    name: str
    label: str
    options: Mapping[object, str]

    def show(self, recipe: object) -> str:
        """Return the word of the list for a recipe's value."""
        return self.word(getattr(recipe, self.name))

    def word(self, value: object) -> str:
        """Return the word of the list for a value, without its explanation."""
        return self.options[value].partition(" · ")[0]


@dataclass(frozen=True)
class ListField:
    """Something beside the recipe that is chosen from a list: the facts, the pictures, the preset.

    Attributes:
        options: (line of the list, value).
        value: the one chosen at first.
    """

    name: str
    label: str
    options: Sequence[tuple[str, object]]
    value: object


@dataclass(frozen=True)
class TextField:
    """Something beside the recipe that is typed: a folder, the base model, the run's name."""

    name: str
    label: str
    value: str
    placeholder: str


RecipeField = NumberField | ChoiceField
Field = RecipeField | ListField | TextField


def preset_lines(presets: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """Return the list of the presets, for a `ListField`."""
    return [(f"{name} · {purpose}", name) for name, purpose in presets.items()]


def number_text(value: object) -> str:
    """Return a number as a field shows it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def parse_numbers(fields: Sequence[Field], texts: Mapping[str, str]) -> dict[str, float]:
    """Return the numbers that the texts of all number fields stand for, by name.

    Raises:
        BadInputError: one is not a number; the text names the field.
    """
    return {field.name: field.parse(texts[field.name]) for field in fields if isinstance(field, NumberField)}


def change_hint(shown: str, preset: str) -> str:
    """Return the mark beside a field that differs from its preset; empty if it does not."""
    return "" if shown == preset else f"◆ changed from {preset}"


def follow_preset(fields: Sequence[Field], texts: Mapping[str, str], before: object, now: object) -> dict[str, str]:
    """Return the new texts of the number fields that showed a preset's number, where that number has changed.

    Args:
        texts: what the fields show.
        before, now: the recipe of the preset before and after the change.
    """
    return {
        field.name: field.show(now)
        for field in fields
        if isinstance(field, NumberField)
        if texts[field.name] == field.show(before) != field.show(now)
    }
