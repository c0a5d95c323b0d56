"""The form that starts a LoRA run: which facts to teach, to which model, with which recipe, and what it will cost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Select

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import plain
from garage_tui.core.facts import training_file
from garage_tui.core.facts.row_counts import count_rows
from garage_tui.core.hardware.busy import busy_text
from garage_tui.core.hardware.gpus import usable
from garage_tui.core.launch import start
from garage_tui.core.launch.paired_launch import PairedLaunch, start_both
from garage_tui.core.launch.rerun import command_of, facts_of, recipe_of, rows_of
from garage_tui.core.models.base_models import find
from garage_tui.core.runs.record import Run
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.estimate import estimate_lora
from garage_tui.core.training.quantization import announce_4bit
from garage_tui.core.training.recipe import LoraRecipe, make_recipe, presets
from garage_tui.core.training.recipe_help import EXPLANATIONS, LABELS
from garage_tui.screens.launch.field_values import Field, ListField, NumberField, TextField, preset_lines
from garage_tui.screens.launch.form import RunForm

_FRACTIONS = ("epochs", "lr", "kl")


class LoraForm(RunForm[LoraRecipe]):
    """The form of a run that teaches facts; if it starts two runs, the result is the folder of the first.

    Args:
        files: facts files to choose from.
        chosen: the file that is chosen at first; by default the first one.
        like: a run whose recipe and facts the form begins with.
        gpus: number of GPUs in this box; from two on there is a field for them.
        preset: that replaces the recipe of `like`; empty: none.
        epochs: that replace those of `like`; None: they stay.
        unsaved: what of a file is not saved, as a sentence; the run would be without it.
    """

    HELP_PAGE = "guide/runs.md"
    HELP = (
        "A run that teaches your facts to a model. All fields are filled in with values that work: Ctrl+S starts the "
        "run. The text below the fields explains the current field and shows what the run will cost.\n\n"
        "The preset default teaches the facts and keeps all other answers as they were; story is plain LoRA training, "
        "which forgets other things; quick is a first try of 3 epochs, too short to learn everything. Ctrl+T starts "
        "default and story, so that you can compare their report cards. Esc closes the form and starts nothing."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True, tooltip="Start the run"),
        Binding("ctrl+t", "both", "Both", priority=True, tooltip="Train default and story, to compare them"),
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]
    HEADING = "Teach a model"
    FIRST = "#facts"
    EXPLANATIONS = EXPLANATIONS

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        files: list[Path],
        chosen: Path | None,
        like: Run | None = None,
        gpus: int = 0,
        *,
        preset: str = "",
        epochs: float | None = None,
        unsaved: Mapping[Path, str] = MappingProxyType({}),
    ) -> None:
        self._unsaved = unsaved
        self._rows = rows_of(like) if like is not None else 0
        if like is not None:
            recipe = recipe_of(like, preset or None, rows=self._rows, epochs=epochs)
        else:
            recipe = make_recipe("default", base=settings.base_model)
        super().__init__(workspace, settings, recipe, like, gpus)
        self._files = list(files)
        if like is not None:
            chosen = facts_of(like)
        if chosen is not None and chosen not in self._files:
            self._files.insert(0, chosen)
        self._chosen = chosen or self._files[0]

    def form_fields(self) -> Sequence[Field]:
        return [
            ListField("facts", "Facts", [(self._file_label(file), file) for file in self._files], self._chosen),
            ListField("preset", "Preset", preset_lines(presets()), self._recipe.preset),
            TextField("base", "Base model", self._recipe.base, "a name, a folder or a Hub id"),
            *(NumberField(name, label, whole=name not in _FRACTIONS) for name, label in LABELS.items()),
            *self.last_fields("the facts file's name"),
        ]

    async def read_inputs(self) -> None:
        before = self.preset(str(self.fields.chosen("preset")))
        with contextlib.suppress(GarageError):  # the estimate reports what is wrong
            self._rows = len((await asyncio.to_thread(training_file.read_training_file, self.file)).rows)
        self.fields.follow_preset(before, self.preset(str(self.fields.chosen("preset"))))

    def show_hint(self) -> None:
        if sentence := self._unsaved.get(self.file):
            self.notice.wrong(f"{sentence} The run teaches the file without it.")
        else:
            super().show_hint()

    def on_select_changed(self, event: Select.Changed) -> None:
        super().on_select_changed(event)
        if event.select.id == "facts":
            self.show_hint()

    def _file_label(self, file: Path) -> str:
        own = self._like is not None and file.parent == self._like.path
        return "the run's own copy" if own else plain(file.name)

    def preset(self, name: str) -> LoraRecipe:
        return make_recipe(name, rows=self._rows, base=self._settings.base_model)

    def recipe(self) -> Callable[[int], LoraRecipe]:
        """Return a function from a number of rows to the recipe in the fields.

        Raises:
            BadInputError: a field does not hold a number; from the returned function: one out of its range.
        """
        numbers = self.fields.numbers()
        base = self.fields.text("base") or self._settings.base_model
        preset = str(self.fields.chosen("preset"))
        # Values without a field stay as they are in the run that is duplicated.
        known = ("load_in_4bit", "trainer") if preset == self._recipe.preset else ()
        kept = {name: getattr(self._recipe, name) for name in known}
        if numbers["rank"] == self.preset(preset).rank:
            del numbers["rank"]  # it depends on the number of rows, which may have changed by the time of the start
        return lambda rows: make_recipe(preset, rows=rows, base=base, **kept, **numbers)

    def both(self) -> PairedLaunch:
        """Return what the runs with the presets default and story share; all other values are the presets' own.

        Raises:
            BadInputError: a field does not hold a number, or one out of its range.
        """
        recipe, name = self.recipe()(self._rows), self.fields.text("name") or self.file.stem
        return PairedLaunch(self.file, name, recipe.base, recipe.seed, self.fields.gpus(), self.place)

    @property
    def file(self) -> Path:
        """The facts file that is chosen."""
        value = self.fields.chosen("facts")
        return value if isinstance(value, Path) else self._chosen

    def costs(self) -> Callable[[], list[str]]:
        file, made, both, gpus, place = self.file, self.recipe(), self.both(), self.fields.gpus(), self.place

        def lines() -> list[str]:
            taught = training_file.read_training_file(file)
            rows = taught.rows
            recipe = made(len(rows))
            base, waits = find(recipe.base), self.describe_waits(gpus, place)
            estimate, cost = estimate_lora(self._workspace, recipe, base, rows), both.cost(self._workspace, base, rows)
            found = [*count_rows(taught.file).sentences, estimate.sentence]
            found += filter(None, ["" if place else busy_text(usable())])
            found.append(f"^t trains both default and story, to compare them: {cost}")
            if bits := announce_4bit(recipe, base):
                found.append(f"{bits[0].upper()}{bits[1:]}.")
            if estimate.warning:
                found.append(f"! {estimate.warning}")
            if base.fetch_text:
                found.append(base.fetch_text)
            return found + waits

        return lines

    def starter(self) -> Callable[[], Path]:
        made, file, name, gpus = self.recipe(), self.file, self.fields.text("name") or None, self.fields.gpus()
        place, options = self.place, [*self.place_options(), *self.limit_options()]

        def launch() -> Path:
            rows = len(training_file.read_training_file(file).rows)
            recipe = made(rows)
            command = command_of(file, rows, recipe, name, gpus) + options
            return start.start_lora(
                self._workspace, self._settings, file, recipe, name, command, gpus, self._limits, place=place
            )

        return launch

    def action_both(self) -> None:
        """Start runs with the presets default and story on the chosen facts, and close the form."""
        try:
            both = self.both()
        except GarageError as error:
            self.notice.wrong(self.error_text(error))
        else:
            self.start(lambda: start_both(self._workspace, self._settings, both)[0])
