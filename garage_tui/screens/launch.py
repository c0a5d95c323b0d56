"""The form that starts a run: what to teach, to which model, and what it will cost."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Input, Label, Select, Static

from garage_tui.core import facts, launcher, models
from garage_tui.core.errors import BadInputError, GarageError
from garage_tui.core.estimate import estimate_lora
from garage_tui.core.recipe import LoraRecipe, make_recipe, presets
from garage_tui.core.settings import Settings, Workspace
from garage_tui.core.text import one_line, plain
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.keybar import KeyBar
from garage_tui.widgets.notice import Notice


class LaunchForm(Dialog[Path | None]):
    """The recipe of a new run; the result is the folder of the run that was started, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True, tooltip="Start the run"),
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]

    estimate: reactive[str] = reactive("")
    """What the run will cost, or why that cannot be said."""

    def __init__(self, workspace: Workspace, settings: Settings, files: list[Path], chosen: Path | None) -> None:
        super().__init__()
        self._workspace, self._settings, self._files = workspace, settings, files
        self._chosen = chosen if chosen in files else files[0]
        self._starting = False

    def compose(self) -> ComposeResult:
        recipe = self._preset("default")
        with Vertical(classes="box form") as box:
            box.border_title = Content("Teach a model")
            with VerticalScroll(can_focus=False), Grid(id="launch-fields"):
                yield Label("Facts")
                yield Select(
                    [(Content(plain(file.name)), file) for file in self._files],
                    value=self._chosen,
                    allow_blank=False,
                    id="file",
                    compact=True,
                )
                yield Label("Preset")
                yield Select(
                    [(Content(f"{name} · {words}"), name) for name, words in presets().items()],
                    value="default",
                    allow_blank=False,
                    id="preset",
                    compact=True,
                )
                yield Label("Base model")
                yield self._input("base", recipe.base, "a name, a folder or a Hub id")
                yield Label("Epochs")
                with Horizontal():
                    yield self._input("epochs", f"{recipe.epochs:g}", "25")
                    yield Static("times through all facts", classes="hint")
                yield Label("Learning rate")
                with Horizontal():
                    yield self._input("lr", f"{recipe.lr:g}", "5e-4")
                    yield Static("how far each step goes", classes="hint")
                yield Label("Name")
                yield self._input("name", "", "the facts file's name")
            yield Static(id="launch-estimate")
            yield Notice()
            yield KeyBar()

    @staticmethod
    def _input(id: str, value: str, placeholder: str) -> Input:
        field = Input(value, placeholder=placeholder, id=id, compact=True, select_on_focus=False)
        field.cursor_blink = False  # a blinking cursor repaints for ever
        return field

    def _preset(self, preset: str) -> LoraRecipe:
        return make_recipe(preset, base=self._settings.base_model)

    def on_mount(self) -> None:
        self.query_one("#file").focus()
        self.query_one(Notice).note("Ctrl+S starts it as it is. Tab goes to the next field, Enter opens a list.")
        self._estimate()

    def on_select_changed(self, event: Select.Changed) -> None:
        if event.select.id == "preset" and isinstance(event.value, str):
            recipe = self._preset(event.value)
            self.query_one("#epochs", Input).value = f"{recipe.epochs:g}"
            self.query_one("#lr", Input).value = f"{recipe.lr:g}"
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
        numbers = {}
        for id, words in (("epochs", "epochs"), ("lr", "learning rate")):
            try:
                numbers[id] = float(self._value(id))
            except ValueError as error:
                raise BadInputError(f"{words}: {self._value(id)!r} is not a number") from error
        base = self._value("base") or self._settings.base_model
        return make_recipe(str(self.query_one("#preset", Select).value), base=base, **numbers)

    @property
    def file(self) -> Path:
        """The facts file that is chosen."""
        value = self.query_one("#file", Select).value
        return value if isinstance(value, Path) else self._chosen

    @work(exclusive=True, group="estimate")
    async def _estimate(self) -> None:
        file = self.file
        try:
            recipe = self.recipe()
            found = await asyncio.to_thread(
                lambda: (estimate_lora(self._workspace, recipe, facts.training_rows(file)), models.find(recipe.base))
            )
        except GarageError as error:
            self.estimate = f"✗ {self._in_words(error)}"
            return
        estimate, model = found
        words = [estimate.sentence]
        if not model.here:
            size = f" ({model.known.download})" if model.known else ""
            words.append(f"The base model is not on this box yet: the run fetches it first{size}.")
        self.estimate = "\n".join(words)

    def watch_estimate(self, text: str) -> None:
        if self.is_mounted:
            bad = text.startswith("✗")
            self.query_one("#launch-estimate", Static).update(Content.styled(text, "$error" if bad else "$foreground"))

    @work(group="start")
    async def action_start(self) -> None:
        """Start the run and close the form; what is wrong is said in the form."""
        notice = self.query_one(Notice)
        if self._starting:
            return
        self._starting = True
        notice.note("Starting …")
        try:
            recipe, file, name = self.recipe(), self.file, self._value("name") or None
            command = _command(file, recipe, name)
            folder = await asyncio.to_thread(
                launcher.start_lora, self._workspace, self._settings, file, recipe, name, command
            )
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


def _command(file: Path, recipe: LoraRecipe, name: str | None) -> list[str]:
    """Return the shell command that starts the same run, for the run's manifest."""
    command = ["garage", "train", "lora", "--facts", str(file), "--preset", recipe.preset, "--base", recipe.base]
    command += ["--epochs", f"{recipe.epochs:g}", "--lr", f"{recipe.lr:g}"]
    return [*command, "--name", name] if name else command
