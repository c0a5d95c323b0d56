"""A run as text: its sign, its status, its progress, its details."""

from __future__ import annotations

from textual.content import Content

from garage_tui.core.base.format import duration, ordinal, rough_time
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.headline import Headline
from garage_tui.core.hardware.energy import format_wh
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.runs.grades import Grade
from garage_tui.core.runs.probe_events import Probe
from garage_tui.core.runs.record import RunState

# A sign and a colour for each status; the word beside them says the same without sign and colour.
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
GRADE_COLOURS: dict[Grade, str] = {"good": "$success", "near": "$warning", "bad": "$error"}
"""The colour of a grade; its sign says the same without colour."""
_WORKING = ("running", "pausing", "stopping")
"""Statuses in which the job works; a request to pause or stop takes effect after a step."""
IN_SERVICE = "★"
"""The sign of the run in service."""
_WAITS = {"card": "GPU"}
"""Names of reasons to wait that people know, for words in `state.json` that they do not."""


def badge(run: RunSnapshot) -> Content:
    """Return the status as sign and word."""
    sign, colour = _SIGNS.get(run.status, ("·", ""))
    if run.status == "finished" and run.card:
        colour = "$muted"  # green beside a red verdict would say two things
    return Content.assemble((f"{sign} {run.status}", colour))


def fraction(state: RunState | None) -> str:
    """Return `34/100`, or nothing before the number of steps is known."""
    return f"{state.step}/{state.total_steps}" if state and state.total_steps else ""


def bar(state: RunState | None, width: int) -> Content:
    """Return the progress as a bar, `width` cells wide."""
    if not state or not state.total_steps:
        return Content("")
    return share_bar(state.step / state.total_steps, width)


def share_bar(share: float, width: int) -> Content:
    """Return a share, from 0 to 1, as a bar that is `width` cells wide."""
    if width <= 0:
        return Content("")
    filled = round(width * min(1.0, share))
    return Content.assemble(("━" * filled, "$primary"), ("─" * (width - filled), "$panel-lighten-2"))


def progress(run: RunSnapshot) -> Content:
    """Return what the list shows between a run's name and its numbers: a bar, its phase, or how it ended."""
    state = run.state
    if run.queue_position is not None:
        return Content.styled(queue_text(run.queue_position), "$muted")
    if run.card and run.status == "finished" and not run.draws:
        return brief_verdict(run.card)
    if not run.alive or run.status == "paused" or run.waiting_for:
        reason = reason_text(run)
        return Content.styled(reason, "$muted") if reason or not run.card else brief_verdict(run.card)
    if state and waits(run):
        return phase_text(state)
    return Content.assemble(f"{fraction(state)} ", bar(state, 20))


def waits(run: RunSnapshot) -> bool:
    """Return whether a live run shows its phase instead of its steps."""
    state = run.state
    return run.alive and run.status in _WORKING and state is not None and state.shows_phase


def phase_text(state: RunState) -> Content:
    """Return the phase and its times; the count and its bar are in the column of the time."""
    return Content.styled(one_line(" · ".join([state.now.text, *state.now.times(brief=True)]), 120), "$muted")


def reason_text(run: RunSnapshot) -> str:
    """Return the reason of a run's status without the verdict of its card, which has a line of its own."""
    return run.reason.removesuffix(run.card.verdict).rstrip("; ") if run.card else run.reason


def queue_text(position: int) -> str:
    """Return a position in the queue, counted from 0, as text."""
    return "next in the queue" if position == 0 else f"{ordinal(position)} in the queue"


def loss(state: RunState | None) -> str:
    return f"{state.loss:.3f}" if state and state.loss is not None else ""


def speed(state: RunState) -> str:
    """Return the speed of the training."""
    if state.images_per_s:
        return f"{state.images_per_s:.0f} images/s"
    return f"{state.tokens_per_s:.0f} tokens/s" if state.tokens_per_s else ""


def time_text(run: RunSnapshot) -> str:
    """Return the time that is left for a live run, or that an ended one took."""
    state = run.state
    if state is None:
        return ""
    if run.alive:
        if 0 < state.total_steps <= state.step and run.status == "running":
            return wait_text(state) if waits(run) else "finishing"  # saving, and the report card
        if state.seconds_left is not None and state.step:
            return f"{rough_time(state.seconds_left, brief=True)} left"
        return wait_text(state) if run.status in _WORKING else ""
    return f"took {duration(run.seconds)}" if run.seconds else ""


def time_cell(run: RunSnapshot) -> Content:
    """Return `time_text` for the list, with a short bar where a phase is counted."""
    share = run.state.now.share if run.state and waits(run) else None
    text = Content.styled(time_text(run), "$muted")
    return text if share is None else Content.assemble(share_bar(share, 4), " ", text)


def wait_text(state: RunState) -> str:
    """Return how much of a phase is done, or else how long it has taken, in a few cells."""
    phase = state.now
    return phase.count or next(iter(phase.times()), "") if phase.text else ""


def header_lines(runs: tuple[RunSnapshot, ...]) -> tuple[Content, ...]:
    """Return what the header shows about the current run, the longest version first."""
    alive = sorted((run for run in runs if run.alive), key=lambda run: run.status == "queued")
    if not alive:
        return Content.styled("no run is running", "$muted"), Content("")
    run = alive[0]
    sign, colour = _SIGNS.get(run.status, ("●", "$primary"))
    state = run.state
    done = fraction(state) if state and state.step else ""
    phase = "paused" if run.status == "paused" else one_line(state.now.counted, 60) if state else ""
    spent = " · ".join([phase, *state.now.times(brief=True)]) if state and waits(run) else ""
    share = state.now.share if state and waits(run) else None
    gauge = share_bar(share, 6) + Content(" ") if share is not None else Content("")
    now = f"{run.status}: {run.reason}" if run.waiting_for else spent or time_text(run) or phase
    more = f"{len(alive) - 1} more" if len(alive) > 1 else ""
    brief = f"{run.status}: {_brief_wait(run)}" if run.waiting_for else time_text(run) or phase
    at = f"at {run.place}" if run.place else ""
    versions = (
        (f"{run.name} {done}".strip(), "" if run.waiting_for == "place" else at, now, more),
        (f"{run.name} {done}".strip(), brief),
        (done or run.name, brief),
        (done or one_line(run.name, 12),),
    )
    if state and waits(run) and (short := wait_text(state)):
        versions = (*versions[:-1], (short,))
    texts = [" · ".join(filter(None, parts)) for parts in versions]
    gauges = [gauge] * (len(texts) - 2) + [Content("")] * 2  # a name says more than a bar, where there is little space
    return tuple(Content.assemble((f"{sign} ", colour), *both) for both in zip(gauges, texts, strict=True))


def _brief_wait(run: RunSnapshot) -> str:
    """Return what a run waits for in a word or two."""
    return f"at {run.place}" if run.waiting_for == "place" else _WAITS.get(run.waiting_for, run.waiting_for)


def energy(state: RunState | None) -> str:
    """Return the energy that the run's GPUs used; empty where it was not measured."""
    return format_wh(state.wh) if state and state.wh is not None else ""


def verdict(card: Headline) -> Content:
    """Return the verdict of a report card, its sign in colour."""
    return Content.assemble((card.text[:2], GRADE_COLOURS[card.grade]), card.text[2:])


def brief_verdict(card: Headline) -> Content:
    """Return the verdict of a report card in a few words, what is wrong first, in its colour."""
    return Content.styled(card.brief_text, GRADE_COLOURS[card.grade])


def probe_figures(probe: Probe) -> list[Content]:
    """Return the figures of a probe, each with an arrow for which way is good, and its sign and colour."""
    return [
        Content.styled(figure.text, GRADE_COLOURS[figure.grade] if figure.grade else "") for figure in probe.figures
    ]
