"""A run in words: its sign, its state, its progress, its recipe."""

from __future__ import annotations

from textual.content import Content

from garage_tui.core import care
from garage_tui.core.energy import amount, in_words
from garage_tui.core.probes import Probe
from garage_tui.core.report_words import Headline
from garage_tui.core.runs import State
from garage_tui.core.settings import EnergySettings
from garage_tui.core.text import duration, model_label, one_line
from garage_tui.screens.watcher import Seen

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


def badge(seen: Seen) -> Content:
    """Return the state as sign and word."""
    sign, colour = _SIGNS.get(seen.status, ("·", ""))
    return Content.assemble((f"{sign} {seen.status}", colour))


def fraction(state: State | None) -> str:
    """Return `34/100`, or nothing before the number of steps is known."""
    return f"{state.step}/{state.total_steps}" if state and state.total_steps else ""


def bar(state: State | None, width: int) -> Content:
    """Return the progress as a bar of `width` cells."""
    if not state or not state.total_steps or width <= 0:
        return Content("")
    filled = round(width * min(1.0, state.step / state.total_steps))
    return Content.assemble(("━" * filled, "$primary"), ("─" * (width - filled), "$panel-lighten-2"))


def progress(seen: Seen) -> Content:
    """Return what fits between a run's name and its numbers: a bar, what it is doing, or how it ended."""
    state = seen.state
    if seen.place is not None:
        return Content.styled(waits(seen.place), "$muted")
    if not seen.alive or seen.status == "paused" or seen.waits:
        return Content.styled(seen.reason, "$muted") if seen.reason or not seen.card else _verdict(seen.card)
    if state and not state.step and state.phase:
        return Content.styled(one_line(state.phase, 60), "$muted")
    return bar(state, 20)


def waits(place: int) -> str:
    """Return what a place in the queue means."""
    ordinal = {1: "2nd", 2: "3rd"}.get(place, f"{place + 1}th")
    return "next in the queue" if place == 0 else f"{ordinal} in the queue"


def loss(state: State | None) -> str:
    return f"{state.loss:.3f}" if state and state.loss is not None else ""


def time_words(seen: Seen) -> str:
    """Return what is left of a living run, or what a dead one took."""
    state = seen.state
    if state is None:
        return ""
    if seen.alive:
        if state.seconds_left is not None and state.step:
            return f"{duration(state.seconds_left)} left"
        return ""
    return f"took {duration(seen.seconds)}" if seen.seconds else ""


def in_header(runs: tuple[Seen, ...]) -> tuple[Content, ...]:
    """Return what every screen says about the run that is running, in ever fewer words."""
    alive = sorted((seen for seen in runs if seen.alive), key=lambda seen: seen.status == "queued")
    if not alive:
        return Content.styled("no run is running", "$muted"), Content("")
    seen = alive[0]
    sign, colour = _SIGNS.get(seen.status, ("●", "$primary"))
    state = seen.state
    done = fraction(state) if state and state.step else ""
    phase = "paused" if seen.status == "paused" else one_line(state.phase, 40) if state else ""
    now = f"{seen.status}: {seen.reason}" if seen.waits else time_words(seen) or phase
    more = f"{len(alive) - 1} more" if len(alive) > 1 else ""
    brief = f"{seen.status}: {seen.waits}" if seen.waits else time_words(seen) or phase
    ways = (
        (f"{seen.name} {done}".strip(), now, more),
        (f"{seen.name} {done}".strip(), brief),
        (done or seen.name, brief),
        (done or one_line(seen.name, 12),),
    )
    return tuple(Content.assemble((f"{sign} ", colour), " · ".join(filter(None, words))) for words in ways)


def energy(state: State | None) -> str:
    """Return what the run's GPUs used, where it was measured."""
    return amount(state.wh) if state and state.wh is not None else ""


def summary(
    seen: Seen, disk: int | None = None, probe: Probe | None = None, prices: EnergySettings | None = None
) -> Content:
    """Return what the details pane says about a run.

    Args:
        disk: bytes of its folder, if known.
        probe: its newest, if there is one.
        prices: of energy.
    """
    state, manifest = seen.state, seen.manifest
    head = badge(seen)
    if seen.alive and state and state.phase and seen.status != "paused":
        head = Content.assemble(head, f": {one_line(state.phase, 80)}")
    lines = [head]
    if seen.place is not None:
        lines.append(Content(waits(seen.place)))
    if reason := (seen.reason.removesuffix(seen.card.verdict).rstrip("; ") if seen.card else seen.reason):
        lines.append(Content(reason))  # without the verdict: the card's own line says it
    if probe and probe.forgets and seen.alive and seen.status in ("running", "pausing", "paused"):
        lines.append(Content.styled(f"! it begins to forget: {probe.forgets} · s stops it", "$warning"))
    if seen.card:
        before = " (of before)" if seen.alive else ""
        lines.append(Content.assemble(("report card  ", "$muted"), _verdict(seen.card), (before, "$muted")))
    elif seen.adapter and not seen.alive:
        lines.append(Content.assemble(("report card  ", "$muted"), "none yet: x makes one"))
    if probe:
        lines += [_pair("probe", probe.shares), _pair("", probe.drifted, f"step {probe.step}")]
    if state and state.total_steps:
        lines.append(_pair("step", fraction(state), f"epoch {state.epoch:.1f}"))
        if state.loss is not None:
            speed = f"{state.tokens_per_s:.0f} tokens/s" if state.tokens_per_s else ""
            lines.append(_pair("loss", f"{state.loss:.4f}", speed))
    if words := time_words(seen):
        lines.append(_pair("time", words))
    if used := _resources(state, disk):
        lines.append(_pair("uses", *used))
    if state and state.wh is not None:
        lines.append(_pair("energy", in_words(state.wh, state.wh_from, prices or EnergySettings())))
    if manifest:
        if words := care.in_words(manifest.care):
            lines.append(_pair("when", words))
        lines += _recipe(manifest.recipe, manifest.base, manifest.dataset)
    return Content("\n").join(lines)


def _verdict(card: Headline) -> Content:
    return Content.assemble((card.words[:2], "$success" if card.passed else "$error"), card.words[2:])


def _resources(state: State | None, disk: int | None) -> list[str]:
    used = []
    if state and state.memory:
        used.append(f"{state.memory / 1e9:.1f} GB memory")
    if state and state.gpu_memory:
        used.append(f"{state.gpu_memory / 1e9:.1f} GB on GPU {', '.join(state.gpus)}")
    if disk and disk > 500_000:
        used.append(f"{disk / 1e6:.0f} MB disk")
    return used


def _recipe(recipe: dict[str, object], base: dict[str, object], dataset: dict[str, object]) -> list[Content]:
    name = one_line(str(base.get("name", "")), 200)
    batch = recipe.get("batch_size", "?")
    if recipe.get("accumulation", 1) != 1:
        batch = f"{batch} × {recipe['accumulation']}"
    targets = recipe.get("targets")
    where = f"{len(targets)} projections" if isinstance(targets, list | tuple) else ""
    return [
        _pair("base", model_label(name)),
        _pair("data", f"{dataset.get('rows', '?')} rows", f"{_plain(recipe.get('epochs'))} epochs", f"batch {batch}"),
        _pair("lora", f"rank {recipe.get('rank', '?')}", f"alpha {recipe.get('alpha', '?')}", where),
        _pair("rate", _plain(recipe.get("lr")), str(recipe.get("schedule", "")), f"seed {recipe.get('seed', '?')}"),
    ]


def _plain(number: object) -> str:
    return f"{number:g}" if isinstance(number, int | float) else "?"


def _pair(label: str, *values: str) -> Content:
    return Content.assemble((f"{label:<6}", "$muted"), one_line(" · ".join(filter(None, values)), 300))
