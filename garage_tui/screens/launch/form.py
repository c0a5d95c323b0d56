"""The launch form of any kind of run: it shows what the run will cost, and starts it."""

from __future__ import annotations

import asyncio
import contextlib
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Select, Static

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.launch import start
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.places.place import check_options, find_place
from garage_tui.core.runs.record import Run
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.screens.launch.field_values import Field, ListField, TextField
from garage_tui.screens.launch.recipe_fields import RecipeFields
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice

_HINT = "Ctrl+S starts the run, and so does Enter in a field. Tab: next field."
_STARTING = "Starting …"
_STARTING_ALREADY = "The run is being started already: on Runs, s stops it"

PLACE_FIELD, HERE = "place", ""
"""The name of the field of the place, and its value for this box."""

R = TypeVar("R", bound=LoraRecipe | DiffusionRecipe)


class RunForm(Dialog[Path | None], Generic[R]):
    """The form of a new run; the result is the folder of the run that was started, or None.

    Args:
        recipe: what the fields show at first.
        like: a run whose recipe, name and limits the form begins with.
        gpus: number of GPUs in this box; from two on there is a field for them.
    """

    HEADING: ClassVar[str]
    """Title of the form."""
    FIRST: ClassVar[str]
    """Selector of the field that has the focus at first."""
    EXPLANATIONS: ClassVar[Mapping[str, str]]
    """The explanation of each field, by its name; it is shown while the field has the focus."""

    estimate: reactive[str] = reactive("")
    """What the run will cost, or why that cannot be estimated."""

    def __init__(self, workspace: Workspace, settings: Settings, recipe: R, like: Run | None, gpus: int) -> None:
        super().__init__()
        self._workspace, self._settings, self._recipe, self._like, self._gpus = workspace, settings, recipe, like, gpus
        self._limits = like.manifest.limits if like and like.manifest else None
        self._starting = False

    # Each kind of run says:

    @abstractmethod
    def form_fields(self) -> Sequence[Field]:
        """Return the fields of the form, from top to bottom."""

    @abstractmethod
    def preset(self, name: str) -> R:
        """Return the recipe of a preset."""

    async def read_inputs(self) -> None:
        """Read, off the event loop, what the presets depend on."""

    @abstractmethod
    def costs(self) -> Callable[[], list[str]]:
        """Read the fields; return a function, to be called in a thread, that returns what the run costs and lacks.

        Raises:
            BadInputError: a field holds an impossible value.
        """

    @abstractmethod
    def starter(self) -> Callable[[], Path]:
        """Read the fields; return a function, to be called in a thread, that starts the run and returns its folder.

        Raises:
            BadInputError: a field holds an impossible value.
        """

    @property
    def fields(self) -> RecipeFields:
        """The fields of the form."""
        return self.query_one(RecipeFields)

    def last_fields(self, placeholder: str) -> Sequence[Field]:
        """Return the fields of the place, the GPUs and the run's name, which all kinds share."""
        suggested = self._like.id.split("-", 3)[-1] if self._like else ""
        gpus = [TextField("gpus", "GPUs", "", "the first free one")] if self._gpus > 1 else []
        return [*self._place_field(), *gpus, TextField("name", "Name", suggested, placeholder)]

    def _place_field(self) -> Sequence[Field]:
        """Return the field of the place; none where the settings name no place."""
        places = self._settings.places
        if not places:
            return []
        before = self._like.manifest.place if self._like and self._like.manifest else ""
        names = [("this box", HERE), *((f"{name} · {one.kind}", name) for name, one in places.items())]
        return [ListField(PLACE_FIELD, "Where", names, before if before in places else HERE)]

    @property
    def place(self) -> str:
        """The place that is chosen; empty for this box."""
        return str(self.fields.chosen(PLACE_FIELD)) if self.fields.query(f"#{PLACE_FIELD}") else HERE

    def place_options(self) -> list[str]:
        """Return the command-line option for the chosen place."""
        return ["--at", self.place] if self.place else []

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = Content(f"{self.HEADING}, like {self._like.id}" if self._like else self.HEADING)
            with VerticalScroll(can_focus=False):
                yield RecipeFields(self.form_fields(), self._recipe)
            yield Static(id="launch-explanation")
            yield Static(id="launch-estimate")
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(self.FIRST).focus()
        self.show_hint()
        self.update_estimate()

    def show_hint(self) -> None:
        """Show which keys start the run."""
        self.notice.hint(_HINT)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Explain the field that has the focus."""
        explanation = self.EXPLANATIONS.get(event.widget.id or "", "")
        self.query_one("#launch-explanation", Static).update(Content.styled(explanation, "$muted"))

    def on_select_changed(self, event: Select.Changed) -> None:
        if event.select.id == "preset" and isinstance(event.value, str) and event.value != self._recipe.preset:
            self._recipe = self.preset(event.value)
            self.fields.fill(self._recipe)
        self.update_estimate()

    def on_input_changed(self) -> None:
        if not self._starting:
            self.show_hint()  # an error of the last start is about a value that has changed
        self.update_estimate()

    def on_resize(self) -> None:
        """Keep the field that has the focus in sight."""
        if self.focused is not None:
            self.call_after_refresh(self.focused.scroll_visible, animate=False)

    def on_input_submitted(self) -> None:
        self.action_start()

    @work(exclusive=True, group="estimate")
    async def update_estimate(self) -> None:
        """Mark what differs from the preset, and show what the run will cost now."""
        if not self.display:  # it is closing, and the last message of a field comes after that
            return
        await self.read_inputs()
        self.fields.mark_changes(self.preset(str(self.fields.chosen("preset"))))
        try:
            lines = await asyncio.to_thread(self.costs())
        except GarageError as error:
            self.estimate = f"✗ {self.error_text(error)}"
            return
        self.estimate = "\n".join(lines)

    def describe_waits(self, gpus: tuple[int, ...], place: str) -> list[str]:
        """Return where the run works, its limits and its position in the queue, a line each.

        Args:
            gpus: the GPUs that are chosen.
            place: as `place`.

        Raises:
            BadInputError: there is no such place, or no such GPU.
        """
        lines = []
        with contextlib.suppress(GarageError):  # the start reports what is wrong
            if limits := (self._limits or RunLimits.from_settings(self._settings)).describe():
                lines.append(f"{'Limits of that run' if self._limits else 'Limits from your settings'}: {limits}")
        if place:
            found = find_place(self._settings, place)
            check_options(found, gpus)
            lines.append(
                f"It works at {place} ({found.where}), whose queue decides when; the time above is this box's."
            )
        elif before := start.runs_before(gpus):
            lines.append(f"It will wait in the queue: {plural(before, 'run')} before it.")
        return lines

    def limit_options(self) -> list[str]:
        """Return the command-line options for limits that come from another run."""
        return self._limits.options(RunLimits.from_settings(self._settings)) if self._limits else []

    def watch_estimate(self, text: str) -> None:
        if self.is_mounted:
            bad = text.startswith("✗")
            self.query_one("#launch-estimate", Static).update(Content.styled(text, "$error" if bad else "$foreground"))

    def action_start(self) -> None:
        """Start the run and close the form; errors are shown in the form."""
        try:
            start = self.starter()
        except GarageError as error:
            self.notice.wrong(self.error_text(error))
        else:
            self.start(start)

    @work(group="start")
    async def start(self, start: Callable[[], Path]) -> None:
        """Call `start` in a thread, then close the form with the folder that it returns."""
        notice = self.notice
        if self._starting:
            return
        self._starting = True
        notice.note(_STARTING)
        try:
            folder = await asyncio.to_thread(start)
        except GarageError as error:
            notice.wrong(self.error_text(error))
        else:
            self.dismiss(folder)
        finally:
            self._starting = self.is_answered  # while another screen is on top, it must not start a second run

    def error_text(self, error: GarageError) -> str:
        """Return an error in one line, with paths relative to the workspace."""
        return one_line(str(error).replace(f"{self._workspace.root}/", ""), 400)

    def action_cancel(self) -> None:
        if self._starting:  # the run starts anyway
            self.notice.note(_STARTING_ALREADY)
            return
        question = "Not started yet: Ctrl+S starts it with your changes"
        if self.may_close(self.fields.filled, self.fields.texts(), question):
            self.dismiss(None)
