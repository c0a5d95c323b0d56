"""A night: teaches what is new, examines it, compares it with what is in service, and promotes it or says why not.

A night is one pass. It writes each step into the record before it goes on, so that a pass that was killed is finished
by the next one. Training itself is a run like any other: it waits for its hours, for the sun, for a cool GPU and for
its turn in the queue, and outlives this process.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.file import FactsFile, load_facts
from garage_tui.core.facts.line import Fact
from garage_tui.core.language.fold import fold
from garage_tui.core.launch import start
from garage_tui.core.models import base_models
from garage_tui.core.runs.promotion import promote, run_in_service
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.runs.service import MAX_WHY, read_service
from garage_tui.core.scheduling.sleep_inhibitor import awake
from garage_tui.core.school.forgotten import missing_facts, taught_by, why_kept
from garage_tui.core.school.gate import Decision, decide, describe, refused_for
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
from garage_tui.core.school.night_run import COMMAND, NAME, find_orphan, make_night_recipe, wait_for_end
from garage_tui.core.school.paired_process import ask_both
from garage_tui.core.school.teachable_rows import TeachableRows, choose_rows, named_facts
from garage_tui.core.settings.settings import Settings, Workspace

_SERVICE_CHANGES = 3
"""How often one pass compares again because somebody promoted another run meanwhile."""

_CHANGED = "The facts file was changed after the night began. The next night teaches it as it is then."


@dataclass(frozen=True)
class _Ending:
    """How a night ends."""

    outcome: Outcome
    text: str
    night: Night
    """The night with its steps."""
    run: Run | None = None
    decision: Decision | None = None


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
                file = load_facts(self._facts)
                before = taught_by(served)
                rows = choose_rows(file, before.keys())
                if ends := self._nothing_to_do(nights, file, rows, served, before, again=again):
                    return self._end(Night(new_night(nights, time.time()), ()), *ends)
                night = self._begin(nights, rows)
            return self._finish(night)

    def _served(self) -> Run | None:
        """Return the run in service; None while the base model is.

        Raises:
            GarageError: nobody knows what is in service, or it cannot be served; the text says what to do.
        """
        return run_in_service(self._workspace, read_service(self._workspace))

    def _nothing_to_do(
        self,
        nights: list[Night],
        file: FactsFile,
        rows: TeachableRows,
        served: Run | None,
        before: Mapping[str, list[Fact]],
        *,
        again: bool,
    ) -> tuple[Outcome, str] | None:
        """Return how the night ends without a run, and why; None if there is something to teach."""
        if reason := self._nothing_new(nights, rows, served, again=again):
            return "nothing new", reason
        taught = {fold(row.content) for row in rows.taught.rows}
        refusal = why_kept(file, missing_facts(taught, before), served)
        return ("refused", describe(refused_for(refusal))) if refusal else None

    def _nothing_new(self, nights: list[Night], rows: TeachableRows, served: Run | None, *, again: bool) -> str:
        """Return why there is nothing to teach, as a sentence; empty if there is something."""
        if not rows.taught.rows:
            return f"{self._facts} has no row that can be taught."
        if again:
            return ""
        if served and served.manifest and served.manifest.dataset.get("sha256") == rows.taught.sha256:
            return f"Nothing is new since {served.id}, which is in service."
        decided = (one for one in reversed(nights) if one.end and one.end.outcome in ("refused", "promoted"))
        last = next(decided, None)
        if last is None or last.end is None or last.began.sha256 != rows.taught.sha256:
            return ""
        since = f"Nothing is new since the night of {last.id}."
        if last.end.outcome == "refused":
            return f"{since} {last.end.text}"
        return (
            f"{since} It put {last.end.run} in service, and somebody has changed that since. "
            f"`garage promote {last.end.run}` changes it back; `garage school --again` teaches the same rows once more."
        )

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
            left_out_count=rows.left_out_count,
        )
        append_event(self._workspace, event)
        return Night(event.night, (event,))

    # The steps of a night

    def _finish(self, night: Night) -> NightEvent:
        """Go on with a night to its end; whatever prevents that ends it, and nothing has changed."""
        try:
            end = self._ending(night)
        except (GarageError, OSError) as error:
            end = self._failed(night, error)
        # If this cannot be written, the night stays open, and the next pass finds what is in service.
        return self._end(end.night, end.outcome, end.text, end.run, end.decision)

    def _failed(self, night: Night, error: Exception) -> _Ending:
        """Return how a night ends in which a step was not possible."""
        with contextlib.suppress(GarageError):  # it may have noted a run before
            night = next((one for one in read_nights(self._workspace) if one.id == night.id), night)
        change, why = read_service(self._workspace).current, reason_of(error, 500).rstrip(".")
        if change and change.run and change.run in night.runs.values():
            run = read_run(folder_of(self._workspace, change.run))
            return _Ending("promoted", f"{change.why} Afterwards a step failed: {why}.".lstrip(), night, run)
        return _Ending("failed", f"{why}. Nothing has changed.", night)

    def _ending(self, night: Night) -> _Ending:
        """Train, decide and promote, and return how the night ends.

        Raises:
            GarageError: a step is not possible; nothing has changed.
            OSError: an answer cannot be written.
        """
        for attempt in range(1, self._settings.school.tries + 1):
            run = self._run_of(night, attempt)
            if run is None:
                return _Ending("nothing new", _CHANGED, night)
            night = self._noted(night, run, attempt)
            run = wait_for_end(run, self._say)
            if run.status == "stopped":
                return _Ending("stopped", f"Somebody stopped {run.id}; nothing has changed.", night, run)
            if run.status != "finished":
                reason = f": {one_line(run.reason, 300)}" if run.reason else ""
                return _Ending("failed", f"{run.id} is {run.status}{reason}. Nothing has changed.", night, run)
            change = read_service(self._workspace).current
            if change and change.run == run.id:  # this night was cut off after it, or somebody was faster
                return _Ending("promoted", change.why or f"{change.who} promoted {run.id}.", night, run)
            decision = self._decided(run)
            if decision.passed or attempt == self._settings.school.tries:
                break
            self._say(f"{run.id} is refused: {decision.refusals[0].text}")
        assert run is not None  # there is at least one attempt
        text = describe(decision, night.began.left_out_count or len(night.began.left_out))
        if not decision.passed:
            return _Ending("refused", text, night, run, decision)
        promote(self._workspace, run, one_line(text, MAX_WHY))
        return _Ending("promoted", text, night, run, decision)

    def _run_of(self, night: Night, attempt: int) -> Run | None:
        """Return the run of an attempt, which is started if need be; None where its rows are gone."""
        if attempt in night.runs:
            found = read_run(folder_of(self._workspace, night.runs[attempt]))
            if found.manifest:
                return found
        elif orphan := find_orphan(self._workspace, night):
            return orphan
        rows = choose_rows(load_facts(self._facts), taught_by(self._served()).keys())
        if rows.taught.sha256 != night.began.sha256:
            return None
        recipe = make_night_recipe(self._settings, attempt, len(rows.taught.rows))
        base = base_models.find(recipe.base)
        self._say(f"teaching {plural(len(rows.taught.rows), 'row')} with the preset {recipe.preset}")
        folder = start.start_lora(
            self._workspace,
            self._settings,
            self._facts,
            recipe,
            name=NAME,
            command=[*COMMAND, night.id],
            taught=rows.taught,
            base=base,
        )
        return read_run(folder)

    def _noted(self, night: Night, run: Run, attempt: int) -> Night:
        if night.runs.get(attempt) == run.id:
            return night
        event = NightEvent(night=night.id, when=time.time(), event="run", run=run.id, attempt=attempt)
        append_event(self._workspace, event)
        return Night(night.id, (*night.events, event))

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
                missing = missing_facts(taught_by(run).keys(), taught_by(served))
                forgets = why_kept(load_facts(self._facts), missing, served)
                routed = self._settings.serve.route_by_subject
                return decide(card, paired, old_card(served), len(missing), forgets=forgets, routed=routed)
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
            failed=named_facts(decision.failed.items()) if decision else {},
            noise=decision.noise if decision else 0,
            wh=sum(energy) if energy else None,
        )
        append_event(self._workspace, event)
        return event
