"""An overview of the nights: what is in service, what waits, tonight's plan, and the nights so far."""

from __future__ import annotations

from dataclasses import dataclass

from garage_tui.core.base.errors import GarageError
from garage_tui.core.exam.headline import Headline, headline
from garage_tui.core.facts.file import FactsFile, file_stamp, load_facts
from garage_tui.core.models import base_models
from garage_tui.core.runs.service import read_service
from garage_tui.core.school.exam_results import taught_facts
from garage_tui.core.school.ledger import FactStatus, Ledger, LedgerReader
from garage_tui.core.school.night_log import NIGHTS, Night, is_at_work, read_nights
from garage_tui.core.school.remember import facts_file
from garage_tui.core.school.teachable_rows import choose_rows
from garage_tui.core.school.timer import is_installed, make_timer
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.estimate import LoraEstimate, estimate_lora
from garage_tui.core.training.recipe import make_recipe


@dataclass(frozen=True)
class NightPlan:
    """What the next night would teach."""

    new: tuple[str, ...]
    """Facts that the model in service does not answer and that can be taught."""
    rows: int
    """Rows that would be taught in all, because each night begins at the base model."""
    estimate: LoraEstimate | None
    """None where the base model is not known."""


@dataclass(frozen=True)
class Overview:
    """The nights of one workspace at one moment."""

    service: str | None
    """Id of the run in service; None while it is the base model."""
    since: float | None
    card: Headline | None
    """The verdict of the run in service."""
    ledger: Ledger
    nights: tuple[Night, ...]
    """The newest first."""
    plan: NightPlan | None
    """None where there is nothing to teach."""
    at: str
    """The time of day at which a night begins."""
    has_timer: bool
    at_work: bool
    """Whether a pass is under way."""
    problem: str = ""
    """Why nothing can be said, in one sentence; empty if all could be read."""

    def count(self, status: FactStatus) -> int:
        return self.ledger.count(status)

    @property
    def last(self) -> Night | None:
        """The last night that taught something; None before the first."""
        return next((one for one in self.nights if one.end is None or one.end.outcome != "nothing new"), None)


class OverviewReader:
    """Reads overviews one after the other; not for several threads at once."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace, self._settings = workspace, settings
        self._ledgers = LedgerReader(workspace)
        self._plans: tuple[object, NightPlan | None] = (None, None)

    @property
    def stamp(self) -> tuple[object, ...]:
        """What changes whenever an overview may have changed; it reads no file, but looks at each."""
        files = (self._workspace.checkpoints / NIGHTS, facts_file(self._workspace, self._settings))
        return (*map(file_stamp, files), is_at_work(self._workspace), self._ledgers.stamp())

    def read(self) -> Overview:
        """Return the overview as it is now; it reads the disk."""
        workspace, settings = self._workspace, self._settings
        file, service = facts_file(workspace, settings), read_service(workspace)
        problem = service.problem
        ledger, plan = Ledger(problem=problem), None
        nights: list[Night] = []
        try:
            nights = read_nights(workspace)
            if file_stamp(file):
                facts = load_facts(file)
                ledger = self._ledgers.read(facts)
                plan = self._plan(facts, ledger)
                problem = ledger.problem
        except GarageError as error:
            problem = str(error)
        return Overview(
            service=service.run,
            since=service.since,
            card=headline(workspace.checkpoints / service.run) if service.run else None,
            ledger=ledger,
            nights=tuple(reversed(nights)),
            plan=plan,
            at=settings.school.at,
            has_timer=self._has_timer(),
            at_work=is_at_work(workspace),
            problem=problem,
        )

    def _plan(self, file: FactsFile, ledger: Ledger) -> NightPlan | None:
        new = tuple(entry.content for entry in ledger.entries if entry.status in ("in the book", "failed"))
        key = (file_stamp(file.path), ledger.run, new)
        if self._plans[0] != key:
            self._plans = (key, self._made_plan(file, ledger.run, new))
        return self._plans[1]

    def _made_plan(self, file: FactsFile, served: str, new: tuple[str, ...]) -> NightPlan | None:
        rows = choose_rows(file, taught_facts(self._workspace.checkpoints / served) if served else ()).taught.rows
        if not new or not rows:
            return None
        estimate = None
        try:
            recipe = make_recipe(self._settings.school.preset, rows=len(rows), base=self._settings.base_model)
            estimate = estimate_lora(self._workspace, recipe, base_models.find(recipe.base), rows)
        except GarageError:
            pass  # the night itself says which base model is missing
        return NightPlan(new, len(rows), estimate)

    def _has_timer(self) -> bool:
        try:
            return is_installed(make_timer(self._workspace, self._settings.school.at))
        except GarageError:
            return False
