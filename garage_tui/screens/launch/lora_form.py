"""The form that starts a run: what to teach, to which model, with which recipe, and what it will cost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import plain
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.facts import file as facts
from garage_tui.core.launch import start as launcher
from garage_tui.core.launch.paired_launch import PairedLaunch, start_both
from garage_tui.core.launch.rerun import command_of, facts_of, recipe_of, rows_of
from garage_tui.core.models import base_models as models
from garage_tui.core.runs.record import Run
from garage_tui.core.training.estimate import estimate_lora
from garage_tui.core.training.quantization import words as bits_of
from garage_tui.core.training.recipe import LoraRecipe, make_recipe, presets
from garage_tui.core.training.recipe_help import WORDS
from garage_tui.screens.launch.form import RunForm


class LoraForm(RunForm):
    """The recipe of a run that teaches facts; of two that are started, the result is the first.

    Args:
        like: a run whose recipe and facts the form begins with.
        gpus: how many GPUs there are to choose from; the choice is shown from two on.
    """

    HELP = (
        "A run that teaches your facts to a model. Everything is filled in so that it works: Ctrl+S starts it. The "
        "words below the fields explain the one you are in, and what the run will cost.\n\n"
        "The preset default teaches and keeps the rest as it was; quick is a first look of 3 epochs, too short to "
        "learn everything. Esc closes the form; nothing is started then."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True, tooltip="Start the run"),
        Binding("ctrl+t", "both", "Both", priority=True, tooltip="Train the default and the story, to compare them"),
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]
    HEADING = "Teach a model"
    FIRST = "#facts"
    WORDS = WORDS
    LABELS: ClassVar[dict[str, str]] = {
        "epochs": "Epochs",
        "lr": "Learning rate",
        "kl": "KL weight",
        "rank": "Rank",
        "alpha": "Alpha",
        "batch_size": "Batch size",
        "accumulation": "Accumulation",
        "warmup_steps": "Warm-up steps",
        "max_length": "Max length",
        "seed": "Seed",
    }
    FRACTIONS = ("epochs", "lr", "kl")

    _recipe: LoraRecipe

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        files: list[Path],
        chosen: Path | None,
        like: Run | None = None,
        gpus: int = 0,
    ) -> None:
        recipe = recipe_of(like) if like is not None else make_recipe("default", base=settings.base_model)
        super().__init__(workspace, settings, recipe, like, gpus)
        self._rows = rows_of(like) if like is not None else 0
        self._files = list(files)
        if like is not None:
            chosen = facts_of(like)
        if chosen is not None and chosen not in self._files:
            self._files.insert(0, chosen)
        self._chosen = chosen or self._files[0]

    def fields(self) -> ComposeResult:
        yield from self.choice("facts", "Facts", [(self._file_label(file), file) for file in self._files], self._chosen)
        words = [(Content(f"{name} · {words}"), name) for name, words in presets().items()]
        yield from self.choice("preset", "Preset", words, self._recipe.preset)
        yield from self.text("base", "Base model", self._recipe.base, "a name, a folder or a Hub id")
        for name in self.LABELS:
            yield from self.number(name)
        yield from self.last_fields("the facts file's name")

    async def learn(self) -> None:
        before = self.preset(str(self.chosen("preset")))
        with contextlib.suppress(GarageError):  # the estimate says what is wrong
            self._rows = len(await asyncio.to_thread(facts.load_training_rows, self.file))
        self.refill(before, self.preset(str(self.chosen("preset"))))

    def _file_label(self, file: Path) -> Content:
        own = self._like is not None and file.parent == self._like.path
        return Content("the run's own copy" if own else plain(file.name))

    def preset(self, name: str) -> LoraRecipe:
        return make_recipe(name, rows=self._rows, base=self._settings.base_model)

    def recipe(self) -> Callable[[int], LoraRecipe]:
        """Return what makes the recipe that the fields say, for a number of rows.

        Raises:
            BadInputError: a field holds no number; from the recipe's maker, one out of its range.
        """
        numbers = self.numbers()
        base = self.value("base") or self._settings.base_model
        preset = str(self.chosen("preset"))
        # What the form has no field for stays as it is in the run that is duplicated.
        known = ("load_in_4bit", "trainer") if preset == self._recipe.preset else ()
        kept = {name: getattr(self._recipe, name) for name in known}
        if numbers["rank"] == self.preset(preset).rank:
            del numbers["rank"]  # it goes with the rows, and the file may have more of them by the time of the start
        return lambda rows: make_recipe(preset, rows=rows, base=base, **kept, **numbers)

    def both(self) -> PairedLaunch:
        """Return what the default and the story have in common; what else the fields say is left to the presets.

        Raises:
            BadInputError: a field holds no number, or one out of its range.
        """
        recipe, name = self.recipe()(self._rows), self.value("name") or self.file.stem
        return PairedLaunch(self.file, name, recipe.base, recipe.seed, self.gpus_wanted())

    @property
    def file(self) -> Path:
        """The facts file that is chosen."""
        value = self.chosen("facts")
        return value if isinstance(value, Path) else self._chosen

    def costs(self) -> Callable[[], list[str]]:
        file, made, both, gpus = self.file, self.recipe(), self.both(), self.gpus_wanted()

        def words() -> list[str]:
            rows = facts.load_training_rows(file)
            recipe = made(len(rows))
            estimate, cost = estimate_lora(self._workspace, recipe, rows), both.cost(self._workspace, rows)
            model, before = models.find(recipe.base), launcher.runs_before(gpus)
            lines = [estimate.sentence, f"Both: the presets default and story, {cost}"]
            if bits := bits_of(recipe):
                lines.append(f"{bits[0].upper()}{bits[1:]}.")
            if estimate.warning:
                lines.append(f"! {estimate.warning}")
            if not model.here:
                size = f" ({model.known.download})" if model.known else ""
                lines.append(f"The base model is not on this box yet: the run fetches it first{size}.")
            return lines + self.waits(before)

        return words

    def starter(self) -> Callable[[], Path]:
        made, file, name, gpus = self.recipe(), self.file, self.value("name") or None, self.gpus_wanted()

        def start() -> Path:
            rows = len(facts.load_training_rows(file))
            recipe = made(rows)
            command = command_of(file, rows, recipe, name, gpus) + self.care_options()
            return launcher.start_lora(self._workspace, self._settings, file, recipe, name, command, gpus, self._care)

        return start

    def action_both(self) -> None:
        """Start the default and the story on the chosen facts, and close the form."""
        try:
            both = self.both()
        except GarageError as error:
            self.notice.wrong(self.in_words(error))
        else:
            self.start(lambda: start_both(self._workspace, self._settings, both)[0])
