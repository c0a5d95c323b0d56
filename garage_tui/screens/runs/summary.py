"""The summary of a run: its status, its measurements, its resources, its recipe."""

from __future__ import annotations

import time
from collections.abc import Iterator

from textual.content import Content

from garage_tui.core.base.format import human_bytes, moment, plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.hardware.energy import describe_energy
from garage_tui.core.monitor.run_follower import RunMeasurements
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.runs.grades import LEGEND
from garage_tui.core.runs.probe_events import Probe
from garage_tui.core.runs.record import RunState
from garage_tui.core.settings.settings import EnergySettings
from garage_tui.screens.common import recipe_text, run_text
from garage_tui.screens.common.recipe_text import labelled

_FORGETTING_SHOWN = ("running", "pausing", "paused")


def summary(
    run: RunSnapshot, measurements: RunMeasurements | None = None, prices: EnergySettings | None = None
) -> Content:
    """Return the summary of a run, a line for each kind of figure.

    Args:
        measurements: what was measured beyond its state, where anything is known.
        prices: of energy.
    """
    state, manifest, measured = run.state, run.manifest, measurements or RunMeasurements()
    lines = [*_status(run), *_warnings(run, measured.probe), *_card(run), *_progress(state, measured)]
    if (time := run_text.time_text(run)) and not run_text.waits(run):
        lines.append(labelled("time", time))
    if used := list(_resources(state, measured.disk)):
        lines.append(labelled("uses", *used))
    if state and state.wh is not None:
        lines.append(labelled("energy", describe_energy(state.wh, state.wh_from, prices or EnergySettings())))
    if manifest:
        if limits := manifest.limits.describe():
            lines.append(labelled("when", limits))
        lines += recipe_text.lines(manifest, measured.parameters)
    return Content("\n").join(lines)


def _status(run: RunSnapshot) -> Iterator[Content]:
    badge = run_text.badge(run)
    phase = run.state.now if run.alive and run.state and run.status != "paused" else None
    yield Content.assemble(badge, f": {one_line(phase.text, 80)}") if phase and phase.text else badge
    if phase and run_text.waits(run):
        if phase.share is not None:
            yield Content.assemble(run_text.share_bar(phase.share, 20), f" {phase.count}")
        if times := phase.times():
            yield labelled("phase", *times)
    if run.label.name:
        yield labelled("run", run.id)
    if run.label.note:
        yield labelled("note", run.label.note)
    if run.label_error:
        yield Content.styled(f"! {run.label_error} · press e to write it again", "$warning")
    if change := run.service:
        why = change.explanation
        since = f" since {moment(change.when, time.time())}"
        yield Content.assemble((f"{run_text.IN_SERVICE} in service", "$success"), since, f" · {why}" if why else "")
    if run.queue_position is not None:
        yield Content(run_text.queue_text(run.queue_position))
    if run.place:
        yield labelled("place", run.place)
    if reason := run_text.reason_text(run):
        yield Content(reason)


def _warnings(run: RunSnapshot, probe: Probe | None) -> Iterator[Content]:
    if probe and probe.forgetting and run.alive and run.status in _FORGETTING_SHOWN:
        yield Content.styled(f"! The model begins to forget: {probe.forgetting} · press s to stop", "$warning")


def _card(run: RunSnapshot) -> Iterator[Content]:
    label = ("report card  ", "$muted")
    if run.card:
        before = " (from before)" if run.alive else ""
        yield Content.assemble(label, run_text.verdict(run.card), (before, "$muted"))
        if run.card.grade != "good" and not run.draws and not run.alive:
            yield Content.styled("press x: it says what to do about it", "$muted")
    elif run.adapter and not run.alive:
        yield Content.assemble(label, "none yet: press x to make one")


def _progress(state: RunState | None, measured: RunMeasurements) -> Iterator[Content]:
    if probe := measured.probe:
        recall, leak, drift = run_text.probe_figures(probe)
        dot = Content(" · ")
        yield labelled("probe") + recall + dot + leak
        yield labelled("") + drift + Content.styled(f" · step {probe.step}", "")
        yield Content.styled(f"      {LEGEND}", "$muted")
    if state and state.total_steps:
        yield labelled("step", run_text.fraction(state), f"epoch {state.epoch:.1f}")
        if state.loss is not None:
            yield labelled("loss", f"{state.loss:.4f}", run_text.speed(state))
    if sheet := measured.sheet:
        count = measured.sheets
        yield labelled("", f"{sheet.held_out:.4f} on held-out pictures, epoch {sheet.epoch}")
        yield labelled("drawn", plural(count, "contact sheet"), "press v to view")


def _resources(state: RunState | None, disk: int | None) -> Iterator[str]:
    if state and state.memory:
        yield f"{human_bytes(state.memory)} memory"
    if state and state.gpu_memory:
        yield f"{human_bytes(state.gpu_memory)} on GPU {', '.join(state.gpus)}"
    if disk and disk > 500_000:
        yield f"{human_bytes(disk)} disk"
