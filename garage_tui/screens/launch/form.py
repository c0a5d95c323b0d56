"""What the forms of all kinds of run do: they say what the run will cost, and start it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Grid, Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Input, Select, Static

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.runs.record import Run
from garage_tui.screens.launch.fields import FormFields, in_field
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.notice import Notice


class RunForm(FormFields):
    """The recipe of a new run; the result is the folder of the run that was started, or None.

    Args:
        recipe: what the fields say at first.
        like: a run that the form begins with.
        gpus: how many GPUs there are to choose from; the choice is shown from two on.
    """

    HEADING: ClassVar[str]
    """What stands above the form."""
    FIRST: ClassVar[str]
    """Selector of the field that has the focus at first."""

    estimate: reactive[str] = reactive("")
    """What the run will cost, or why that cannot be said."""

    def __init__(self, workspace: Workspace, settings: Settings, recipe: Any, like: Run | None, gpus: int) -> None:
        super().__init__(recipe, like, gpus)
        self._workspace, self._settings = workspace, settings
        self._limits = like.manifest.limits if like and like.manifest else None
        self._starting = False
        self._begun: dict[str | None, str] = {}

    def fields(self) -> ComposeResult:
        """Make the rows of the form: a label and a field each."""
        raise NotImplementedError

    async def learn(self) -> None:
        """Find out, off the event loop, what the presets depend on."""

    def costs(self) -> Callable[[], list[str]]:
        """Return what says, in a thread, what the run will cost and what it lacks: a line each.

        Raises:
            BadInputError: a field holds what it cannot.
        """
        raise NotImplementedError

    def starter(self) -> Callable[[], Path]:
        """Return what starts the run, in a thread.

        Raises:
            BadInputError: a field holds what it cannot.
        """
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = Content(f"{self.HEADING}, like {self._like.id}" if self._like else self.HEADING)
            with VerticalScroll(can_focus=False), Grid(id="launch-fields"):
                yield from self.fields()
            yield Static(id="launch-words")
            yield Static(id="launch-estimate")
            yield Notice()
            yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(self.FIRST).focus()
        self._begun = self._written()
        self.notice.note("Ctrl+S starts it, and so does Enter in a field. Tab: next field.")
        self.look_again()

    def on_select_changed(self, event: Select.Changed) -> None:
        if event.select.id == "preset" and isinstance(event.value, str) and event.value != self._recipe.preset:
            self._recipe = self.preset(event.value)
            self.fill()
            self._begun |= {name: self.query_one(f"#{name}", Input).value for name in self.LABELS}
        self.look_again()

    def on_input_changed(self) -> None:
        self.look_again()

    def on_input_submitted(self) -> None:
        self.action_start()

    def refill(self, before: Any, now: Any) -> None:
        """Have the fields that said what a preset had say what it has now."""
        for name in self.LABELS:
            was, is_ = in_field(getattr(before, name)), in_field(getattr(now, name))
            if was != is_ and self.value(name) == was:
                self.query_one(f"#{name}", Input).value = self._begun[name] = is_

    @work(exclusive=True, group="estimate")
    async def look_again(self) -> None:
        """Mark what differs from the preset, and say what the run will cost now."""
        if not self.display:  # it closes, and a field's last word comes after that
            return
        await self.learn()
        self.mark_changes(self.preset(str(self.chosen("preset"))))
        try:
            words = await asyncio.to_thread(self.costs())
        except GarageError as error:
            self.estimate = f"✗ {self.in_words(error)}"
            return
        self.estimate = "\n".join(words)

    def waits(self, before: int) -> list[str]:
        """Return what it will wait for: by the settings or by the run it is like, and for `before` other runs."""
        words = []
        with contextlib.suppress(GarageError):  # the start says what is wrong
            if waits := (self._limits or RunLimits.from_settings(self._settings)).describe():
                words.append(f"{'Like that run' if self._limits else 'By your settings'}: {waits}")
        if before:
            words.append(f"It will wait for its turn: {before} run{'' if before == 1 else 's'} before it.")
        return words

    def limit_options(self) -> list[str]:
        """Return the options of the command that say what the run waits for, where another run said that."""
        return self._limits.options(RunLimits.from_settings(self._settings)) if self._limits else []

    def watch_estimate(self, text: str) -> None:
        if self.is_mounted:
            bad = text.startswith("✗")
            self.query_one("#launch-estimate", Static).update(Content.styled(text, "$error" if bad else "$foreground"))

    def action_start(self) -> None:
        """Start the run and close the form; what is wrong is said in the form."""
        try:
            start = self.starter()
        except GarageError as error:
            self.notice.wrong(self.in_words(error))
        else:
            self.start(start)

    @work(group="start")
    async def start(self, start: Callable[[], Path]) -> None:
        """Start what `start` starts, and close the form."""
        notice = self.notice
        if self._starting:
            return
        self._starting = True
        notice.note("Starting …")
        try:
            folder = await asyncio.to_thread(start)
        except GarageError as error:
            notice.wrong(self.in_words(error))
        else:
            self.dismiss(folder)
        finally:
            self._starting = False

    def in_words(self, error: GarageError) -> str:
        return one_line(str(error).replace(f"{self._workspace.root}/", ""), 400)

    def _written(self) -> dict[str | None, str]:
        return {field.id: field.value for field in self.query(Input)}

    def action_cancel(self) -> None:
        if self.may_close(self._begun, self._written(), "Not started yet: Ctrl+S starts it as you wrote it"):
            self.dismiss(None)
