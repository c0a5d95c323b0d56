"""The form that starts a diffusion run: what to learn to draw, with which recipe, and what it will cost."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
from textual import work
from textual.binding import Binding, BindingType
from textual.widgets import Select

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.diffusion import image_source, preview, preview_process
from garage_tui.core.diffusion.estimate import estimate_diffusion
from garage_tui.core.diffusion.preview import Preview
from garage_tui.core.diffusion.recipe import DiffusionRecipe, make_recipe, presets
from garage_tui.core.diffusion.recipe_help import CHOICES, EXPLANATIONS, LABELS
from garage_tui.core.hardware.busy import busy_text
from garage_tui.core.hardware.gpus import usable
from garage_tui.core.launch import start
from garage_tui.core.launch.rerun import diffusion_command_of
from garage_tui.core.runs.record import Run
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.screens.launch.field_values import ChoiceField, Field, ListField, NumberField, TextField, preset_lines
from garage_tui.screens.launch.form import RunForm
from garage_tui.screens.launch.preview_dialog import PreviewDialog, summary

_LISTED = 9
"""Most epochs in a list."""
_ORDER = (
    "size", "fit", "flip", "epochs", "batch_size", "lr", "prediction", "min_snr", "ema", "sampler", "sample_steps",
    "samples", "compile", "seed",
)  # fmt: skip
"""The recipe's fields, from top to bottom."""
_FRACTIONS = ("lr", "min_snr", "ema")
_CHOICE_LABELS = {
    "fit": "Fit", "flip": "Mirrored", "prediction": "Prediction", "sampler": "Sampler", "compile": "Compile",
}  # fmt: skip
_OTHER = ""
"""Value of the choice of a folder whose path is typed."""


class DiffusionForm(RunForm[DiffusionRecipe]):
    """The form of a run that learns to draw.

    Args:
        sources: pictures to choose from without typing a path, as `image_source.choices` returns them.
        recipe: to begin with.
        like: the run that the new one is like, if it is like one.
        gpus: number of GPUs in this box; from two on there is a field for them.
    """

    HELP_PAGE = "guide/diffusion.md"
    HELP = (
        "A run that learns to draw from pictures. All fields are filled in with values that work: Ctrl+S starts the "
        "run, Ctrl+O shows the pictures first. The text below the fields explains the current field and shows what the "
        "run will cost."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True, tooltip="Start the run"),
        Binding("ctrl+o", "preview", "Preview the pictures", priority=True, tooltip="See what the run learns from"),
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]
    HEADING = "Teach a model to draw"
    FIRST = "#images"
    EXPLANATIONS = EXPLANATIONS

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        sources: list[tuple[str, str]],
        recipe: DiffusionRecipe,
        like: Run | None = None,
        gpus: int = 0,
    ) -> None:
        super().__init__(workspace, settings, recipe, like, gpus)
        self._sources = [*sources, ("another folder …", _OTHER)]
        self._images = recipe.images
        if recipe.images not in [name for _, name in sources]:
            self._sources.insert(0, (one_line(recipe.images), recipe.images))
        self._preview: Preview | None = None
        """The last preview."""
        self._previewed = ""
        """The pictures that it is of, as the field named them."""
        self._previewing = False

    def form_fields(self) -> Sequence[Field]:
        return [
            ListField("images", "Pictures", self._sources, self._images),
            TextField("folder", "Their folder", "", "its path, such as ~/Pictures/moths"),
            ListField("preset", "Preset", preset_lines(presets()), self._recipe.preset),
            *map(_recipe_field, _ORDER),
            *self.last_fields("the name of the pictures"),
        ]

    def on_mount(self) -> None:
        self._show_folder_field()

    def on_select_changed(self, event: Select.Changed) -> None:
        if event.select.id == "images":
            self._show_folder_field()
            if event.value == _OTHER:
                self.query_one("#folder").focus()

    def _show_folder_field(self) -> None:
        for id in ("#folder-label", "#folder"):
            self.query_one(id).display = self.fields.chosen("images") == _OTHER

    def preset(self, name: str) -> DiffusionRecipe:
        return make_recipe(name)

    @property
    def images(self) -> str:
        """The pictures that are chosen or typed."""
        chosen = str(self.fields.chosen("images"))
        return self.fields.text("folder") if chosen == _OTHER else chosen

    def recipe(self) -> DiffusionRecipe:
        """Return the recipe in the fields.

        Raises:
            BadInputError: a field does not hold a number, or one out of its range.
        """
        preset = str(self.fields.chosen("preset"))
        changes = {**self.fields.numbers(), **self.fields.choices(), "images": self.images}
        if preset != self._recipe.preset:
            return make_recipe(preset, **changes)
        # Values without a field stay as they are in the run that is duplicated.
        kept = msgspec.structs.asdict(self._recipe)
        return make_recipe(**{**kept, **changes})

    def costs(self) -> Callable[[], list[str]]:
        recipe, gpus, place = self.recipe(), self.fields.gpus(), self.place
        last = self._preview_of(recipe)

        def lines() -> list[str]:
            image_source.folder_of(recipe.images)
            estimate = estimate_diffusion(self._workspace, recipe, last.train if last else None, gpus)
            found = [estimate.sentence, estimate.memory_text, *filter(None, ["" if place else busy_text(usable())])]
            found.append(f"Contact sheets are drawn after epoch {_listed(recipe.sheet_epochs)}.")
            if estimate.warning:
                found.append(f"! {estimate.warning}")
            found.append(summary(last) if last else "^o shows the pictures as the model will see them.")
            return found + self.describe_waits(gpus, place)

        return lines

    def starter(self) -> Callable[[], Path]:
        recipe, name, gpus = self.recipe(), self.fields.text("name") or None, self.fields.gpus()
        place, options = self.place, [*self.place_options(), *self.limit_options()]

        def launch() -> Path:
            command = diffusion_command_of(recipe, name, gpus) + options
            return start.start_diffusion(
                self._workspace, self._settings, recipe, name, command, gpus, self._limits, place
            )

        return launch

    def _preview_of(self, recipe: DiffusionRecipe) -> Preview | None:
        """Return the last preview, if it shows what this recipe would learn from."""
        last = self._preview
        same = last and (self._previewed, last.size, last.fit) == (recipe.images, recipe.size, recipe.fit)
        return last if same else None

    def action_preview(self) -> None:
        """Show what the run would learn from; while a preview is being made, no second one is started."""
        notice = self.notice
        try:
            recipe = self.recipe()
            image_source.folder_of(recipe.images)
        except GarageError as error:
            notice.wrong(self.error_text(error))
            return
        if not self._previewing:
            self._make_preview(recipe)

    @work(group="look", exclusive=True)
    async def _make_preview(self, recipe: DiffusionRecipe) -> None:
        notice, self._previewing = self.notice, True
        command = preview.command(recipe.images, recipe.size, recipe.fit, recipe.seed, recipe.noise)
        notice.note("Reading the pictures … · Esc cancels")
        made: Preview | None = None
        try:
            async with contextlib.aclosing(preview_process.make_preview(command)) as events:
                async for event in events:
                    if isinstance(event, Preview):
                        made = event
                    else:
                        notice.note(f"{event} · Esc cancels")
        except GarageError as error:
            notice.wrong(self.error_text(error))
            return
        finally:
            self._previewing = False
        if made is None:
            return
        self._preview, self._previewed = made, recipe.images
        notice.clear()
        self.update_estimate()
        if await self.app.push_screen_wait(PreviewDialog(made)):
            self.action_start()

    def action_cancel(self) -> None:
        if not self._previewing:
            super().action_cancel()
            return
        self.workers.cancel_group(self, "look")
        self.notice.note("Cancelled: nothing was changed")


def _recipe_field(name: str) -> Field:
    if name in CHOICES:
        return ChoiceField(name, _CHOICE_LABELS[name], CHOICES[name])
    return NumberField(name, LABELS[name], whole=name not in _FRACTIONS)


def _listed(epochs: tuple[int, ...]) -> str:
    """Return epochs as a list; a long one has `…` for its middle."""
    shown = [str(epoch) for epoch in epochs]
    return ", ".join(shown if len(shown) <= _LISTED else [*shown[: _LISTED - 2], "…", shown[-1]])
