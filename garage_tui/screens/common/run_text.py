"""A run in words: its sign, its state, its progress, its recipe."""

from __future__ import annotations

from textual.content import Content

from garage_tui.core.base.format import duration
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import EnergySettings
from garage_tui.core.exam.report_text import Headline
from garage_tui.core.hardware.energy import amount, in_words
from garage_tui.core.monitor.run_follower import RunMeasurements
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.runs.record import RunState
from garage_tui.screens.common import recipe_text as run_recipe
from garage_tui.screens.common.recipe_text import pair

# A sign and a colour for each state; the word stands beside them, so that neither is needed to understand.
_SIGNS = {
    "queued": ("○", "$muted"),
    "running": ("●", "$primary"),
    "stopping": ("◐", "$warning"),
    "pausing": ("◐", "$warning"),
    "paused": ("‖", "$warning"),
    "finished": ("✓", "$success"),
    "stopped": ("■", "$muted"),
    "failed": ("✗", "$error"),
    "interrupted": ("!", "$warning"),
    "broken": ("?", "$error"),
}


def badge(run: RunSnapshot) -> Content:
    """Return the state as sign and word."""
    sign, colour = _SIGNS.get(run.status, ("·", ""))
    return Content.assemble((f"{sign} {run.status}", colour))


def fraction(state: RunState | None) -> str:
    """Return `34/100`, or nothing before the number of steps is known."""
    return f"{state.step}/{state.total_steps}" if state and state.total_steps else ""


def bar(state: RunState | None, width: int) -> Content:
    """Return the progress as a bar of `width` cells."""
    if not state or not state.total_steps or width <= 0:
        return Content("")
    filled = round(width * min(1.0, state.step / state.total_steps))
    return Content.assemble(("━" * filled, "$primary"), ("─" * (width - filled), "$panel-lighten-2"))


def progress(run: RunSnapshot) -> Content:
    """Return what fits between a run's name and its numbers: a bar, what it is doing, or how it ended."""
    state = run.state
    if run.queue_position is not None:
        return Content.styled(queue_text(run.queue_position), "$muted")
    if not run.alive or run.status == "paused" or run.waits:
        reason = reason_text(run)
        return Content.styled(reason, "$muted") if reason or not run.card else _verdict(run.card)
    if state and not state.step and state.phase:
        return Content.styled(one_line(state.phase, 60), "$muted")
    return bar(state, 20)


def reason_text(run: RunSnapshot) -> str:
    """Return why a run is as it is, without the verdict of its card, which has a line of its own."""
    return run.reason.removesuffix(run.card.verdict).rstrip("; ") if run.card else run.reason


def queue_text(position: int) -> str:
    """Return a position in the queue, counted from 0, as text."""
    ordinal = {1: "2nd", 2: "3rd"}.get(position, f"{position + 1}th")
    return "next in the queue" if position == 0 else f"{ordinal} in the queue"


def loss(state: RunState | None) -> str:
    return f"{state.loss:.3f}" if state and state.loss is not None else ""


def speed(state: RunState) -> str:
    """Return how fast it learns."""
    if state.images_per_s:
        return f"{state.images_per_s:.0f} images/s"
    return f"{state.tokens_per_s:.0f} tokens/s" if state.tokens_per_s else ""


def time_text(run: RunSnapshot) -> str:
    """Return what is left of a living run, or what a dead one took."""
    state = run.state
    if state is None:
        return ""
    if run.alive:
        if 0 < state.total_steps <= state.step and run.status == "running":
            return "finishing"  # saving, and the report card
        if state.seconds_left is not None and state.step:
            return f"{duration(state.seconds_left)} left"
        return ""
    return f"took {duration(run.seconds)}" if run.seconds else ""


def header_lines(runs: tuple[RunSnapshot, ...]) -> tuple[Content, ...]:
    """Return what every screen says about the run that is running, in ever fewer words."""
    alive = sorted((run for run in runs if run.alive), key=lambda run: run.status == "queued")
    if not alive:
        return Content.styled("no run is running", "$muted"), Content("")
    run = alive[0]
    sign, colour = _SIGNS.get(run.status, ("●", "$primary"))
    state = run.state
    done = fraction(state) if state and state.step else ""
    phase = "paused" if run.status == "paused" else one_line(state.phase, 40) if state else ""
    now = f"{run.status}: {run.reason}" if run.waits else time_text(run) or phase
    more = f"{len(alive) - 1} more" if len(alive) > 1 else ""
    brief = f"{run.status}: {run.waits}" if run.waits else time_text(run) or phase
    ways = (
        (f"{run.name} {done}".strip(), now, more),
        (f"{run.name} {done}".strip(), brief),
        (done or run.name, brief),
        (done or one_line(run.name, 12),),
    )
    return tuple(Content.assemble((f"{sign} ", colour), " · ".join(filter(None, words))) for words in ways)


def energy(state: RunState | None) -> str:
    """Return what the run's GPUs used, where it was measured."""
    return amount(state.wh) if state and state.wh is not None else ""


def summary(
    run: RunSnapshot, measurements: RunMeasurements | None = None, prices: EnergySettings | None = None
) -> Content:
    """Return what the details pane says about a run.

    Args:
        measurements: what was measured beyond its state, where anything is known.
        prices: of energy.
    """
    state, manifest, measurements = run.state, run.manifest, measurements or RunMeasurements()
    probe = measurements.probe
    head = badge(run)
    if run.alive and state and state.phase and run.status != "paused":
        head = Content.assemble(head, f": {one_line(state.phase, 80)}")
    lines = [head]
    if run.queue_position is not None:
        lines.append(Content(queue_text(run.queue_position)))
    if reason := reason_text(run):
        lines.append(Content(reason))
    if probe and probe.forgetting and run.alive and run.status in ("running", "pausing", "paused"):
        lines.append(Content.styled(f"! it begins to forget: {probe.forgetting} · s stops it", "$warning"))
    if run.card:
        before = " (of before)" if run.alive else ""
        card = "card  " if run.draws else "report card  "
        lines.append(Content.assemble((card, "$muted"), _verdict(run.card), (before, "$muted")))
    elif run.adapter and not run.alive:
        lines.append(Content.assemble(("report card  ", "$muted"), "none yet: x makes one"))
    if probe:
        lines += [pair("probe", probe.shares_text), pair("", probe.drift_text, f"step {probe.step}")]
    if state and state.total_steps:
        lines.append(pair("step", fraction(state), f"epoch {state.epoch:.1f}"))
        if state.loss is not None:
            lines.append(pair("loss", f"{state.loss:.4f}", speed(state)))
    if sheet := measurements.sheet:
        lines.append(pair("", f"{sheet.held_out:.4f} on held-out pictures, epoch {sheet.epoch}"))
        count = measurements.sheets
        lines.append(pair("drawn", f"{count} sheet{'' if count == 1 else 's'}", "v shows them"))
    if words := time_text(run):
        lines.append(pair("time", words))
    if used := _resources(state, measurements.disk):
        lines.append(pair("uses", *used))
    if state and state.wh is not None:
        lines.append(pair("energy", in_words(state.wh, state.wh_from, prices or EnergySettings())))
    if manifest:
        if words := manifest.limits.describe():
            lines.append(pair("when", words))
        lines += run_recipe.lines(manifest, measurements.parameters)
    return Content("\n").join(lines)


def _verdict(card: Headline) -> Content:
    return Content.assemble((card.words[:2], "$success" if card.passed else "$error"), card.words[2:])


def _resources(state: RunState | None, disk: int | None) -> list[str]:
    used = []
    if state and state.memory:
        used.append(f"{state.memory / 1e9:.1f} GB memory")
    if state and state.gpu_memory:
        used.append(f"{state.gpu_memory / 1e9:.1f} GB on GPU {', '.join(state.gpus)}")
    if disk and disk > 500_000:
        used.append(f"{disk / 1e6:.0f} MB disk")
    return used
