"""A night: teaches what is new, examines it, compares it with what is in service, and promotes it or says why not.

A night is one pass. It writes each step into the record before it goes on, so that a pass that was killed is finished
by the next one. Training itself is a run like any other: it waits for its hours, for the sun, for a cool GPU and for
its turn in the queue, and outlives this process.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.file import load_facts
from garage_tui.core.launch import run_control, start
from garage_tui.core.models import base_models
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.deletion import delete
from garage_tui.core.runs.folder import EVENTS, STATE
from garage_tui.core.runs.promotion import promote, run_in_service
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.runs.service import MAX_WHY, read_service
from garage_tui.core.scheduling.sleep_inhibitor import awake
from garage_tui.core.school.exam_results import taught_facts
from garage_tui.core.school.gate import Decision, decide, describe
from garage_tui.core.school.night_exam import Say, old_card, report_card
from garage_tui.core.school.night_log import (
    Night,
    NightEvent,
    Outcome,
    append_event,
    folder_of,
    new_night,
    only_one,
    read_nights,
)
from garage_tui.core.school.paired_process import ask_both
from garage_tui.core.school.teachable_rows import TeachableRows, choose_rows
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.recipe import LoraRecipe, make_recipe

COMMAND = ["garage", "school"]
"""What the manifest of a night's run names as its command."""
_NAME = "school"
"""Name of the runs of nights."""
_OF_A_JOB = (STATE, EVENTS, "adapter")
"""Files of a run that only exist once its processes do."""
_POLL_SECONDS = 1.0
_RESUMES = 3
"""How often one pass resumes a run that was interrupted."""
_SERVICE_CHANGES = 3
"""How often one pass compares again because somebody promoted another run meanwhile."""

_CHANGED = "The facts file was changed after the night began. The next night teaches it as it is then."


class School:
    """The nights of one workspace.

    Args:
        facts: the facts file that is taught.
        say: called with what happens, one line each.
    """

    def __init__(self, workspace: Workspace, settings: Settings, facts: Path, say: Say) -> None:
        self._workspace, self._settings, self._facts, self._say = workspace, settings, facts, say

    def teach(self, *, again: bool = False) -> NightEvent:
        """Do one pass and return how it ended.

        Args:
            again: teach even if nothing is new, or if the same rows were refused before.

        Raises:
            GarageError: another pass is at work, nobody knows what is in service, or the record cannot be written.
            BadInputError: the facts file cannot be read.
        """
        inhibitor = awake("a night is under way") if self._settings.school.suspend else contextlib.nullcontext()
        with only_one(self._workspace), inhibitor:
            nights = read_nights(self._workspace)
            night = nights[-1] if nights and nights[-1].end is None else None
            if night:
                self._say(f"going on with the night of {night.id}, which was cut off")
            else:
                served = self._served()
                rows = self._teachable(served)
                if reason := self._nothing_new(nights, rows, served, again=again):
                    return self._end(Night(new_night(nights, time.time()), ()), "nothing new", reason)
                night = self._begin(nights, rows)
            return self._finish(night)

    def _teachable(self, served: Run | None) -> TeachableRows:
        """Return the rows of the facts file that can be taught now.

        Raises:
            BadInputError: the file cannot be read.
        """
        return choose_rows(load_facts(self._facts), taught_facts(served.path).keys() if served else ())

    def _served(self) -> Run | None:
        """Return the run in service; None while the base model is.

        Raises:
            GarageError: nobody knows what is in service, or it cannot be served; the text says what to do.
        """
        return run_in_service(self._workspace, read_service(self._workspace))

    def _nothing_new(self, nights: list[Night], rows: TeachableRows, served: Run | None, *, again: bool) -> str:
        """Return why there is nothing to teach, as a sentence; empty if there is something."""
        if not rows.taught.rows:
            return f"{self._facts} has no row that can be taught."
        if again:
            return ""
        if served and served.manifest and served.manifest.dataset.get("sha256") == rows.taught.sha256:
            return f"Nothing is new since {served.id}, which is in service."
        last = next((one for one in reversed(nights) if one.end and one.end.outcome in ("refused", "promoted")), None)
        if last and last.end and last.end.outcome == "refused" and last.began.sha256 == rows.taught.sha256:
            return f"Nothing is new since the night of {last.id}. {last.end.text}"
        return ""

    def _begin(self, nights: list[Night], rows: TeachableRows) -> Night:
        now = time.time()
        event = NightEvent(
            night=new_night(nights, now),
            when=now,
            event="began",
            file=str(self._facts),
            sha256=rows.taught.sha256,
            rows=len(rows.taught.rows),
            left_out=rows.not_taught,
        )
        append_event(self._workspace, event)
        return Night(event.night, (event,))

    # The steps of a night

    def _finish(self, night: Night) -> NightEvent:
        """Go on with a night to its end; whatever prevents that ends it, and nothing has changed."""
        try:
            for attempt in range(1, self._settings.school.tries + 1):
                run = self._run_of(night, attempt)
                if run is None:
                    return self._end(night, "nothing new", _CHANGED)
                night = self._noted(night, run, attempt)
                run = self._trained(run)
                if run.status == "stopped":
                    return self._end(night, "stopped", f"Somebody stopped {run.id}; nothing has changed.", run)
                if run.status != "finished":
                    reason = f": {one_line(run.reason, 300)}" if run.reason else ""
                    return self._end(night, "failed", f"{run.id} is {run.status}{reason}. Nothing has changed.", run)
                change = read_service(self._workspace).current
                if change and change.run == run.id:  # this night was cut off after it, or somebody was faster
                    return self._end(night, "promoted", change.why or f"{change.who} promoted {run.id}.", run)
                decision = self._decided(run)
                if decision.passed or attempt == self._settings.school.tries:
                    break
                self._say(f"{run.id} is refused: {decision.refusals[0].text}")
            assert run is not None  # there is at least one attempt
            text = describe(decision, night.began.left_out)
            if not decision.passed:
                return self._end(night, "refused", text, run, decision)
            promote(self._workspace, run, one_line(text, MAX_WHY))
            return self._end(night, "promoted", text, run, decision)
        except (GarageError, OSError) as error:
            return self._end(night, "failed", f"{reason_of(error, 500).rstrip('.')}. Nothing has changed.")

    def _run_of(self, night: Night, attempt: int) -> Run | None:
        """Return the run of an attempt, which is started if need be; None where its rows are gone."""
        if attempt in night.runs:
            found = read_run(folder_of(self._workspace, night.runs[attempt]))
            if found.manifest:
                return found
        elif orphan := self._orphan(night):
            return orphan
        rows = self._teachable(self._served())
        if rows.taught.sha256 != night.began.sha256:
            return None
        recipe = self._recipe(attempt, len(rows.taught.rows))
        base = base_models.find(recipe.base)
        self._say(f"teaching {plural(len(rows.taught.rows), 'row')} with the preset {recipe.preset}")
        folder = start.start_lora(
            self._workspace,
            self._settings,
            self._facts,
            recipe,
            name=_NAME,
            command=[*COMMAND, night.id],
            taught=rows.taught,
            base=base,
        )
        return read_run(folder)

    def _orphan(self, night: Night) -> Run | None:
        """Return a run that the night started and was cut off before it noted that."""
        command = [*COMMAND, night.id]
        for run in list_runs(self._workspace):
            if _is_begun_folder(run):
                delete(run)
            elif run.manifest and run.manifest.command == command and run.id not in night.runs.values():
                return run
        return None

    def _recipe(self, attempt: int, rows: int) -> LoraRecipe:
        """Return the recipe of an attempt: after a refusal the careful one, with another seed."""
        preset = self._settings.school.preset if attempt == 1 else "careful"
        return make_recipe(preset, rows=rows, base=self._settings.base_model, seed=attempt - 1)

    def _noted(self, night: Night, run: Run, attempt: int) -> Night:
        if night.runs.get(attempt) == run.id:
            return night
        event = NightEvent(night=night.id, when=time.time(), event="run", run=run.id, attempt=attempt)
        append_event(self._workspace, event)
        return Night(night.id, (*night.events, event))

    def _trained(self, run: Run) -> Run:
        """Wait until a run has ended, and resume it where it was interrupted.

        Raises:
            GarageError: it cannot be resumed.
        """
        resumes, shown = 0, ""
        while True:
            run = read_run(run.path)
            if run.broken:
                raise GarageError(f"{run.id} cannot be read: {one_line(run.broken, 300)}")
            status = f"{run.id} is {run.status}{f': {one_line(run.reason, 160)}' if run.reason else ''}"
            if status != shown:
                shown = status
                self._say(status)
            if run.status in ("finished", "stopped"):
                return run
            if run.status in ("interrupted", "failed"):
                if not run.resumable or resumes >= _RESUMES:
                    return run
                resumes += 1
                run_control.resume(run)
            time.sleep(_POLL_SECONDS)

    def _decided(self, run: Run) -> Decision:
        """Return what the gate says of a run, after its exam and the paired exam.

        Raises:
            GarageError: an exam failed, or what is in service changes again and again.
            OSError: an answer cannot be written.
        """
        card = report_card(run, self._say)
        for _ in range(_SERVICE_CHANGES):
            served = self._served()
            against = served.id if served else "the base model"
            self._say(f"comparing {run.id} with {against}")
            paired = ask_both(run, served)
            now = read_service(self._workspace)
            if now.run == (served.id if served else None):
                taught, before = taught_facts(run.path), taught_facts(served.path) if served else {}
                routed, gone = self._settings.serve.route_by_subject, len(before.keys() - taught.keys())
                return decide(card, paired, old_card(served), gone, routed=routed)
        raise GarageError("what is in service changed while the run was compared with it; the next night tries again")

    def _end(
        self, night: Night, outcome: Outcome, text: str, run: Run | None = None, decision: Decision | None = None
    ) -> NightEvent:
        """Write how a night ended, and return it."""
        used = [read_run(folder_of(self._workspace, one)).state for one in night.runs.values()]
        energy = [state.wh for state in used if state and state.wh is not None]
        event = NightEvent(
            night=night.id,
            when=time.time(),
            event="ended",
            run=run.id if run else "",
            outcome=outcome,
            text=text,
            learned=[one_line(name, 300) for name in decision.learned] if decision and decision.passed else [],
            kept=len(decision.kept) if decision and decision.passed else 0,
            failed={one_line(name, 300): why for name, why in decision.failed.items()} if decision else {},
            noise=decision.noise if decision else 0,
            wh=sum(energy) if energy else None,
        )
        append_event(self._workspace, event)
        return event


def _is_begun_folder(run: Run) -> bool:
    """Return whether a night was cut off while it wrote the folder of a run: no process has written into it yet."""
    ours = run.name.startswith(f"lora-{_NAME}")  # with a number behind it, where two began in one minute
    if run.manifest is not None:
        ours = run.manifest.command[: len(COMMAND)] == COMMAND
    return ours and bool(run.broken) and not run.alive and not any((run.path / name).exists() for name in _OF_A_JOB)
