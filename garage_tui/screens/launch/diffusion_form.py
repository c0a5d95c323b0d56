"""The form that starts a diffusion run: what to learn to draw, with which recipe, and what it will cost."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Label, Select, Static

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.diffusion import image_source, preview
from garage_tui.core.diffusion import preview_process as looking
from garage_tui.core.diffusion.estimate import estimate_diffusion
from garage_tui.core.diffusion.preview import Preview
from garage_tui.core.diffusion.recipe import DiffusionRecipe, make_recipe, presets
from garage_tui.core.diffusion.recipe_help import CHOICES, LABELS, WORDS, in_a_word
from garage_tui.core.launch import start as launcher
from garage_tui.core.launch.rerun import drawing_command_of, drawing_recipe_of
from garage_tui.core.runs.record import Run
from garage_tui.screens.launch.form import RunForm
from garage_tui.screens.launch.preview_dialog import PreviewDialog, in_short

_LISTED = 9
_OTHER = ""
"""The choice of a folder whose path is typed."""


class DiffusionForm(RunForm):
    """The recipe of a run that learns to draw.

    Args:
        sources: what can be chosen without typing, as `image_source.choices` returns it.
        preset: the one to begin with.
        like: a run whose recipe the form begins with.
        gpus: how many GPUs there are to choose from; the choice is shown from two on.
    """

    HELP_PAGE = "guide/diffusion.md"
    HELP = (
        "A run that learns to draw from pictures. Everything is filled in so that it works: Ctrl+S starts it, Ctrl+O "
        "shows the pictures first. The words below the fields explain the one you are in, and what the run will cost."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True, tooltip="Start the run"),
        Binding("ctrl+o", "look", "Look at the pictures", priority=True, tooltip="See what it would learn from"),
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]
    HEADING = "Teach a model to draw"
    FIRST = "#images"
    WORDS = WORDS
    LABELS = LABELS
    FRACTIONS = ("lr", "min_snr", "ema")

    _recipe: DiffusionRecipe

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        sources: list[tuple[str, str]],
        preset: str,
        like: Run | None = None,
        gpus: int = 0,
    ) -> None:
        recipe = make_recipe(preset) if like is None else drawing_recipe_of(like)
        super().__init__(workspace, settings, recipe, like, gpus)
        self._sources = [*sources, ("another folder …", _OTHER)]
        self._images = recipe.images
        if recipe.images not in [name for _, name in sources]:
            self._sources.insert(0, (one_line(recipe.images), recipe.images))
        self._seen: Preview | None = None
        """What the last look found."""
        self._asked = ""
        """What it was at."""
        self._looking = False

    def fields(self) -> ComposeResult:
        sources = [(Content(words), name) for words, name in self._sources]
        yield from self.choice("images", "Pictures", sources, self._images)
        yield from self.text("folder", "Their folder", "", "its path, such as ~/Pictures/moths")
        words = [(Content(f"{name} · {words}"), name) for name, words in presets().items()]
        yield from self.choice("preset", "Preset", words, self._recipe.preset)
        yield from self.number("size")
        yield from self._list("fit", "Fit")
        yield from self._list("flip", "Mirrored")
        for name in ("epochs", "batch_size", "lr"):
            yield from self.number(name)
        yield from self._list("prediction", "Prediction")
        for name in ("min_snr", "ema"):
            yield from self.number(name)
        yield from self._list("sampler", "Sampler")
        for name in ("sample_steps", "samples"):
            yield from self.number(name)
        yield from self._list("compile", "Compile")
        yield from self.number("seed")
        yield from self.last_fields("the name of the pictures")

    def _list(self, name: str, label: str) -> ComposeResult:
        yield Label(label)
        with Horizontal():
            options = [(Content(words), value) for value, words in CHOICES[name].items()]
            yield Select(options, value=getattr(self._recipe, name), allow_blank=False, id=name, compact=True)
            yield Static(id=f"{name}-was", classes="hint")

    def on_mount(self) -> None:
        self._ask_for_folder()

    def on_select_changed(self, event: Select.Changed) -> None:
        if event.select.id == "images":
            self._ask_for_folder()
            if event.value == _OTHER:
                self.query_one("#folder").focus()

    def _ask_for_folder(self) -> None:
        for id in ("#folder-label", "#folder"):
            self.query_one(id).display = self.chosen("images") == _OTHER

    def preset(self, name: str) -> DiffusionRecipe:
        return make_recipe(name)

    def fill(self) -> None:
        super().fill()
        for name in CHOICES:
            self.query_one(f"#{name}", Select).value = getattr(self._recipe, name)

    def mark_changes(self, preset: Any) -> None:
        super().mark_changes(preset)
        for name in CHOICES:
            chosen, usual = (in_a_word(name, one) for one in (self.chosen(name), getattr(preset, name)))
            self.mark(name, chosen, usual)

    @property
    def images(self) -> str:
        """What was chosen or typed."""
        chosen = str(self.chosen("images"))
        return self.value("folder") if chosen == _OTHER else chosen

    def recipe(self) -> DiffusionRecipe:
        """Return the recipe that the fields say.

        Raises:
            BadInputError: a field holds no number, or one out of its range.
        """
        preset, said = str(self.chosen("preset")), {name: self.chosen(name) for name in CHOICES}
        changes = {**self.numbers(), **said, "images": self.images}
        if preset != self._recipe.preset:
            return make_recipe(preset, **changes)
        # What the form has no field for stays as it is in the run that is duplicated.
        kept = msgspec.structs.asdict(self._recipe)
        return make_recipe(**{**kept, **changes})

    def costs(self) -> Callable[[], list[str]]:
        recipe, gpus, seen = self.recipe(), self.gpus_wanted(), self._seen_of(self.recipe())

        def words() -> list[str]:
            image_source.folder_of(recipe.images)
            estimate = estimate_diffusion(self._workspace, recipe, seen.train if seen else None, gpus)
            lines = [estimate.sentence, estimate.memory_words, f"Sheets are drawn after epoch {_listed(recipe.looks)}."]
            if estimate.warning:
                lines.append(f"! {estimate.warning}")
            lines.append(in_short(seen) if seen else "^o shows the pictures as it will see them, before it starts.")
            return lines + self.waits(launcher.runs_before(gpus))

        return words

    def starter(self) -> Callable[[], Path]:
        recipe, name, gpus = self.recipe(), self.value("name") or None, self.gpus_wanted()

        def start() -> Path:
            command = drawing_command_of(recipe, name, gpus) + self.care_options()
            return launcher.start_diffusion(self._workspace, self._settings, recipe, name, command, gpus, self._care)

        return start

    def _seen_of(self, recipe: DiffusionRecipe) -> Preview | None:
        """Return what the last look found, where it was at what this recipe would learn from."""
        seen = self._seen
        same = seen and (self._asked, seen.size, seen.fit) == (recipe.images, recipe.size, recipe.fit)
        return seen if same else None

    def action_look(self) -> None:
        """Look at what the run would learn from; the same look is not taken twice."""
        notice = self.notice
        try:
            recipe = self.recipe()
            image_source.folder_of(recipe.images)
        except GarageError as error:
            notice.wrong(self.in_words(error))
            return
        if not self._looking:
            self._look(recipe)

    @work(group="look", exclusive=True)
    async def _look(self, recipe: DiffusionRecipe) -> None:
        notice, self._looking = self.notice, True
        command = preview.command(recipe.images, recipe.size, recipe.fit, recipe.seed, recipe.noise)
        notice.note("Looking at the pictures … · Esc cancels")
        found: Preview | None = None
        try:
            async with contextlib.aclosing(looking.look(command)) as look:
                async for said in look:
                    if isinstance(said, Preview):
                        found = said
                    else:
                        notice.note(f"{said} · Esc cancels")
        except GarageError as error:
            notice.wrong(self.in_words(error))
            return
        finally:
            self._looking = False
        if found is None:
            return
        self._seen, self._asked = found, recipe.images
        notice.clear()
        self.look_again()
        if await self.app.push_screen_wait(PreviewDialog(found)):
            self.action_start()

    def action_cancel(self) -> None:
        if not self._looking:
            super().action_cancel()
            return
        self.workers.cancel_group(self, "look")
        self.notice.note("cancelled: nothing was changed")


def _listed(epochs: tuple[int, ...]) -> str:
    """Return epochs as a list, a long one without its middle."""
    shown = [str(epoch) for epoch in epochs]
    return ", ".join(shown if len(shown) <= _LISTED else [*shown[: _LISTED - 2], "…", shown[-1]])
