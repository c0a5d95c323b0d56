"""The launch forms of the app: asks which kind of run to start, opens its form, then shows the run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.file import find_files

if TYPE_CHECKING:
    from garage_tui.app.host import AppHost
    from garage_tui.core.runs.record import Run

_KINDS = (
    "Teach facts: a language model learns your questions and answers",
    "Draw: a diffusion model learns to draw, from pictures",
)


class RunForms:
    """Opens launch forms, one at a time: a new form replaces the previous one."""

    def __init__(self, app: AppHost, started: Callable[[], object]) -> None:
        """Own the forms of an app; `started` is called when a run has been started."""
        self._app, self._started = app, started

    def ask_kind(self) -> None:
        """Ask which kind of run to start, with the kind of the newest run first; then open its form."""
        self._run(self._ask_kind())

    def open(self, *, draws: bool) -> None:
        """Open the form of a LoRA run, or of a diffusion run where `draws` is True."""
        self._run(self._open(draws=draws))

    def open_like(self, run_id: str, preset: str = "", epochs: float | None = None) -> None:
        """Open the form of a run like another one, of its kind, with another preset or more epochs."""
        self._run(self._open_like(run_id, preset, epochs))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._app.run_worker(work, group="teach", exclusive=True)

    async def _ask_kind(self) -> None:
        from garage_tui.widgets.confirm_and_pick import Pick

        newest = next(iter(self._app.runs), None)
        kind = await self._app.ask(Pick("New run", _KINDS, int(newest is not None and newest.draws)))
        if kind is not None:
            await self._open(draws=bool(kind))

    async def _open(self, *, draws: bool) -> None:
        await self._show_started(await (self._diffusion_form() if draws else self._lora_form()))

    async def _open_like(self, run_id: str, preset: str, epochs: float | None) -> None:
        from garage_tui.core.runs.record import read_run

        run = await asyncio.to_thread(read_run, self._app.workspace.checkpoints / run_id)
        if run.manifest is None:
            self._app.pane.notice.wrong(f"{one_line(run.id, 80)} cannot be trained again: {one_line(run.broken, 160)}")
            return
        await self._show_started(
            await (self._diffusion_form(run, preset, epochs) if run.draws else self._lora_form(run, preset, epochs))
        )

    async def _show_started(self, folder: Path | None) -> None:
        if folder is None:
            return
        from garage_tui.screens.runs.pane import RunsPane

        await self._app.action_show("runs")
        if isinstance(pane := self._app.pane, RunsPane):
            pane.choose(folder.name)
        self._started()

    async def _lora_form(self, like: Run | None = None, preset: str = "", epochs: float | None = None) -> Path | None:
        from garage_tui.core.hardware import gpus
        from garage_tui.screens.launch.lora_form import LoraForm

        files = await asyncio.to_thread(find_files, self._app.workspace.datasets)
        facts = self._app.facts_pane
        chosen = facts.path if facts else self._app.chosen_facts
        if chosen and chosen not in files:
            files.insert(0, chosen)
        if like is None and facts is not None and facts is self._app.pane and facts.path is None and files:
            name = PurePath(facts.session.label()).name
            facts.notice.wrong(f"{name} has no facts to teach yet: press a to write the first one")
            return None
        if not files and like is None:
            self._app.pane.notice.wrong("There are no facts to teach yet: press F2, then a to write the first one")
            return None
        count = len(await asyncio.to_thread(gpus.usable))
        unsaved = await facts.session.unsaved_files() if facts else {}
        workspace, settings = self._app.workspace, self._app.settings
        form = LoraForm(workspace, settings, files, chosen, like, count, preset=preset, epochs=epochs, unsaved=unsaved)
        return await self._app.ask(form)

    async def _diffusion_form(
        self, like: Run | None = None, like_preset: str = "", epochs: float | None = None
    ) -> Path | None:
        from garage_tui.core.base.errors import GarageError
        from garage_tui.core.diffusion import image_source
        from garage_tui.core.diffusion.recipe import default_preset, make_recipe
        from garage_tui.core.hardware import gpus
        from garage_tui.core.launch.rerun import diffusion_recipe_of
        from garage_tui.screens.launch.diffusion_form import DiffusionForm

        workspace = self._app.workspace
        sources, preset = await asyncio.to_thread(lambda: (image_source.choices(workspace.datasets), default_preset()))
        count = len(await asyncio.to_thread(gpus.usable))
        try:
            recipe = make_recipe(preset)
            if like is not None:
                recipe = diffusion_recipe_of(like, like_preset or None, epochs=None if epochs is None else int(epochs))
            form = DiffusionForm(workspace, self._app.settings, sources, recipe, like, count)
        except GarageError as error:  # a recipe that this version does not know
            self._app.pane.notice.wrong(str(error))
            return None
        return await self._app.ask(form)
