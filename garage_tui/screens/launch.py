"""The form that starts a run: what to teach, to which model, with which recipe, and what it will cost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Input, Label, Select, Static

from garage_tui.core import care, facts, launcher, models
from garage_tui.core.again import command_of, facts_of, recipe_of
from garage_tui.core.both import Both, start_both
from garage_tui.core.errors import BadInputError, GarageError
from garage_tui.core.estimate import estimate_lora
from garage_tui.core.recipe import LoraRecipe, make_recipe, parse_gpus, presets
from garage_tui.core.recipe_words import WORDS
from garage_tui.core.runs import Run
from garage_tui.core.settings import Settings, Workspace
from garage_tui.core.text import one_line, plain
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.keybar import KeyBar
from garage_tui.widgets.notice import Notice

_LABELS = {
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
_FRACTIONS = ("epochs", "lr", "kl")


class LaunchForm(Dialog[Path | None]):
    """The recipe of a new run; the result is the folder of the run that was started (of two: the first), or None.

    Args:
        like: a run whose recipe and facts the form begins with.
        gpus: how many GPUs there are to choose from; the choice is shown from two on.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True, tooltip="Start the run"),
        Binding("ctrl+t", "both", "Both", priority=True, tooltip="Train the default and the story, to compare them"),
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]

    estimate: reactive[str] = reactive("")
    """What the run will cost, or why that cannot be said."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        files: list[Path],
        chosen: Path | None,
        like: Run | None = None,
        gpus: int = 0,
    ) -> None:
        super().__init__()
        self._workspace, self._settings, self._like, self._gpus = workspace, settings, like, gpus
        self._files = list(files)
        if like is not None:
            chosen = facts_of(like)
        if chosen is not None and chosen not in self._files:
            self._files.insert(0, chosen)
        self._chosen = chosen or self._files[0]
        self._recipe = recipe_of(like) if like is not None else self._preset("default")
        self._care = like.manifest.care if like and like.manifest else None
        self._starting = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = Content(f"Teach a model, like {self._like.id}" if self._like else "Teach a model")
            with VerticalScroll(can_focus=False), Grid(id="launch-fields"):
                yield Label("Facts")
                yield self._select("file", [(self._file_label(file), file) for file in self._files], self._chosen)
                yield Label("Preset")
                words = [(Content(f"{name} · {words}"), name) for name, words in presets().items()]
                yield self._select("preset", words, self._recipe.preset)
                yield Label("Base model")
                yield self._input("base", self._recipe.base, "a name, a folder or a Hub id")
                for name, label in _LABELS.items():
                    yield Label(label)
                    with Horizontal():
                        yield self._input(name, _text(getattr(self._recipe, name)), "")
                        yield Static(id=f"{name}-was", classes="hint")
                if self._gpus > 1:
                    yield Label("GPUs")
                    yield self._input("gpus", "", "the first that is free")
                yield Label("Name")
                yield self._input("name", self._suggested(), "the facts file's name")
            yield Static(id="launch-words")
            yield Static(id="launch-estimate")
            yield Notice()
            yield KeyBar()

    def _suggested(self) -> str:
        return self._like.id.split("-", 3)[-1] if self._like else ""

    def _file_label(self, file: Path) -> Content:
        own = self._like is not None and file.parent == self._like.path
        return Content("the run's own copy" if own else plain(file.name))

    @staticmethod
    def _select(id: str, options: Sequence[tuple[Content, object]], value: object) -> Select[object]:
        return Select(options, value=value, allow_blank=False, id=id, compact=True)

    @staticmethod
    def _input(id: str, value: str, placeholder: str) -> Input:
        field = Input(value, placeholder=placeholder, id=id, compact=True, select_on_focus=False)
        field.cursor_blink = False  # a blinking cursor repaints for ever
        return field

    def _preset(self, preset: str) -> LoraRecipe:
        return make_recipe(preset, base=self._settings.base_model)

    def on_mount(self) -> None:
        self.query_one("#file").focus()
        self.query_one(Notice).note("Ctrl+S starts it as it is. Tab: next field. Enter: open a list.")
        self._estimate()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Explain the field that has the focus."""
        id = (event.widget.id or "").replace("file", "facts")
        self.query_one("#launch-words", Static).update(Content.styled(WORDS.get(id, ""), "$muted"))

    def on_select_changed(self, event: Select.Changed) -> None:
        if event.select.id == "preset" and isinstance(event.value, str) and event.value != self._recipe.preset:
            self._recipe = self._preset(event.value)
            for name in _LABELS:
                self.query_one(f"#{name}", Input).value = _text(getattr(self._recipe, name))
        self._estimate()

    def on_input_changed(self) -> None:
        self._estimate()

    def on_input_submitted(self) -> None:
        self.action_start()

    def _value(self, id: str) -> str:
        return self.query_one(f"#{id}", Input).value.strip()

    def recipe(self) -> LoraRecipe:
        """Return the recipe that the fields say.

        Raises:
            BadInputError: a field holds no number, or one out of its range.
        """
        numbers: dict[str, float] = {}
        for name, label in _LABELS.items():
            try:
                number = float(self._value(name))
                numbers[name] = number if name in _FRACTIONS else int(self._value(name))
            except ValueError as error:
                whole = "" if name in _FRACTIONS else "whole "
                raise BadInputError(f"{label.lower()}: {self._value(name)!r} is not a {whole}number") from error
        base = self._value("base") or self._settings.base_model
        preset = str(self.query_one("#preset", Select).value)
        # What the form has no field for stays as it is in the run that is duplicated.
        kept = {"load_in_4bit": self._recipe.load_in_4bit} if preset == self._recipe.preset else {}
        return make_recipe(preset, base=base, **kept, **numbers)

    def both(self) -> Both:
        """Return what the default and the story have in common; what else the fields say is left to the presets.

        Raises:
            BadInputError: a field holds no number, or one out of its range.
        """
        recipe, name = self.recipe(), self._value("name") or self.file.stem
        return Both(self.file, name, recipe.base, recipe.seed, self._wanted_gpus())

    @property
    def file(self) -> Path:
        """The facts file that is chosen."""
        value = self.query_one("#file", Select).value
        return value if isinstance(value, Path) else self._chosen

    def _wanted_gpus(self) -> tuple[int, ...]:
        return parse_gpus(self._value("gpus")) if self._gpus > 1 else ()

    @work(exclusive=True, group="estimate")
    async def _estimate(self) -> None:
        file = self.file
        self._mark_changes()
        try:
            recipe, both, gpus = self.recipe(), self.both(), self._wanted_gpus()
            found = await asyncio.to_thread(
                lambda: (
                    estimate_lora(self._workspace, recipe, facts.training_rows(file)),
                    both.cost(self._workspace, facts.training_rows(file)),
                    models.find(recipe.base),
                    launcher.runs_before(gpus),
                )
            )
        except GarageError as error:
            self.estimate = f"✗ {self._in_words(error)}"
            return
        estimate, cost, model, before = found
        words = [estimate.sentence, f"Both: the presets default and story, {cost}"]
        if estimate.warning:
            words.append(f"! {estimate.warning}")
        if not model.here:
            size = f" ({model.known.download})" if model.known else ""
            words.append(f"The base model is not on this box yet: the run fetches it first{size}.")
        with contextlib.suppress(GarageError):  # the start says what is wrong
            if waits := care.in_words(self._care or care.care_of(self._settings)):
                words.append(f"{'Like that run' if self._care else 'By your settings'}: {waits}")
        if before:
            words.append(f"It will wait for its turn: {before} run{'' if before == 1 else 's'} before it.")
        self.estimate = "\n".join(words)

    def _mark_changes(self) -> None:
        """Say beside each field what the preset has, where it differs."""
        preset = self._preset(str(self.query_one("#preset", Select).value))
        for name in _LABELS:
            usual = _text(getattr(preset, name))
            words = "" if self._value(name) == usual else f"◆ changed from {usual}"
            self.query_one(f"#{name}-was", Static).update(Content(words))

    def watch_estimate(self, text: str) -> None:
        if self.is_mounted:
            bad = text.startswith("✗")
            self.query_one("#launch-estimate", Static).update(Content.styled(text, "$error" if bad else "$foreground"))

    def action_start(self) -> None:
        """Start the run and close the form; what is wrong is said in the form."""

        def start() -> Path:
            command = command_of(file, recipe, name, gpus)
            if self._care:
                command += care.options(self._care, care.care_of(self._settings))
            return launcher.start_lora(self._workspace, self._settings, file, recipe, name, command, gpus, self._care)

        try:
            recipe, file, name, gpus = self.recipe(), self.file, self._value("name") or None, self._wanted_gpus()
        except GarageError as error:
            self.query_one(Notice).wrong(self._in_words(error))
        else:
            self._start(start)

    def action_both(self) -> None:
        """Start the default and the story on the chosen facts, and close the form."""
        try:
            both = self.both()
        except GarageError as error:
            self.query_one(Notice).wrong(self._in_words(error))
        else:
            self._start(lambda: start_both(self._workspace, self._settings, both)[0])

    @work(group="start")
    async def _start(self, start: Callable[[], Path]) -> None:
        notice = self.query_one(Notice)
        if self._starting:
            return
        self._starting = True
        notice.note("Starting …")
        try:
            folder = await asyncio.to_thread(start)
        except GarageError as error:
            notice.wrong(self._in_words(error))
        else:
            self.dismiss(folder)
        finally:
            self._starting = False

    def _in_words(self, error: GarageError) -> str:
        return one_line(str(error).replace(f"{self._workspace.root}/", ""), 400)

    def action_cancel(self) -> None:
        self.dismiss(None)


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
