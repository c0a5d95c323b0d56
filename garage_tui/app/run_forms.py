"""How the app starts runs: which kind, the form of that kind, then the run that was started. Wiring only."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.app import App

from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.facts.file import find_files
from garage_tui.screens.facts.pane import FactsPane
from garage_tui.widgets.pane import Pane

if TYPE_CHECKING:
    from garage_tui.core.monitor.run_watcher import RunSnapshot, RunWatcher
    from garage_tui.core.runs.record import Run

_KINDS = (
    "Teach facts: a language model learns your questions and answers",
    "Draw: a diffusion model learns to draw, from pictures",
)


class StartsRuns(App[int]):
    """The part of the app that starts runs."""

    workspace: Workspace
    settings: Settings
    _facts: Path | None

    if TYPE_CHECKING:  # what the app has
        runs: tuple[RunSnapshot, ...]

        @property
        def watcher(self) -> RunWatcher: ...

        @property
        def pane(self) -> Pane: ...

        async def action_show(self, name: str) -> None: ...

    @work(group="teach", exclusive=True)
    async def action_new_run(self) -> None:
        """Ask which kind of run it shall be, that of the newest run first; then open its form."""
        from garage_tui.widgets.prompts import Pick

        newest = next(iter(self.runs), None)
        kind = await self.push_screen_wait(Pick("New run", _KINDS, int(newest is not None and newest.draws)))
        if kind is not None:
            await self._show_started(await (self._drawing_form() if kind else self._teaching_form()))

    def action_teach(self) -> None:
        """Open the form of a run that teaches facts; afterwards show the run that was started."""
        self._open_form(draws=False)

    def action_draw(self) -> None:
        """Open the form of a run that learns to draw; afterwards show the run that was started."""
        self._open_form(draws=True)

    @work(group="teach", exclusive=True)
    async def _open_form(self, *, draws: bool) -> None:
        await self._show_started(await (self._drawing_form() if draws else self._teaching_form()))

    @work(group="teach", exclusive=True)
    async def duplicate(self, run_id: str) -> None:
        """Open the form of a run like another one, of its kind."""
        from garage_tui.core.runs.record import read_run

        run = await asyncio.to_thread(read_run, self.workspace.checkpoints / run_id)
        await self._show_started(await (self._drawing_form(run) if run.draws else self._teaching_form(run)))

    async def _show_started(self, folder: Path | None) -> None:
        if folder is None:
            return
        await self.action_show("runs")
        self.pane.choose(folder.name)  # type: ignore[attr-defined]
        self.watcher.wake()

    async def _teaching_form(self, like: Run | None = None) -> Path | None:
        from garage_tui.core.hardware import gpus as gpu
        from garage_tui.screens.launch.lora_form import LoraForm

        files = await asyncio.to_thread(find_files, self.workspace.datasets)
        facts = self.query(FactsPane)
        chosen = facts.first().path if facts else self._facts
        if chosen and chosen not in files:
            files.insert(0, chosen)
        if not files and like is None:
            self._say_wrong("There is nothing to teach yet: F2, then a, writes the first fact")
            return None
        gpus = len(await asyncio.to_thread(gpu.usable))
        return await self.push_screen_wait(LoraForm(self.workspace, self.settings, files, chosen, like, gpus))

    async def _drawing_form(self, like: Run | None = None) -> Path | None:
        from garage_tui.core.base.errors import GarageError
        from garage_tui.core.diffusion import image_source
        from garage_tui.core.diffusion.recipe import usual_preset
        from garage_tui.core.hardware import gpus as gpu
        from garage_tui.screens.launch.diffusion_form import DiffusionForm

        sources, preset = await asyncio.to_thread(
            lambda: (image_source.choices(self.workspace.datasets), usual_preset())
        )
        gpus = len(await asyncio.to_thread(gpu.usable))
        try:
            form = DiffusionForm(self.workspace, self.settings, sources, preset, like, gpus)
        except GarageError as error:  # a recipe of another version
            self._say_wrong(str(error))
            return None
        return await self.push_screen_wait(form)

    def _say_wrong(self, text: str) -> None:
        from garage_tui.widgets.notice import Notice

        self.pane.query_one(Notice).wrong(text)
