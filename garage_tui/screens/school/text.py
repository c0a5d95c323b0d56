"""The lines of the School screen."""

from __future__ import annotations

from textual.content import Content

from garage_tui.core.base.format import human_bytes, moment, plural, rough_time
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.school.night_log import Night, Outcome
from garage_tui.core.school.overview import Overview

SIGNS: dict[Outcome, str] = {"promoted": "✓", "refused": "✗", "failed": "!", "stopped": "■", "nothing new": "·"}
"""The sign of each outcome, so that colour alone says nothing."""
_STYLES: dict[Outcome, str] = {
    "promoted": "$success", "refused": "$warning", "failed": "$error", "stopped": "$muted", "nothing new": "$muted",
}  # fmt: skip
_LABEL = 14
_FIRST = "No night yet. t teaches now; garage school --install does it every night."


def summary_lines(overview: Overview, now: float) -> list[Content]:
    """Return what is in service, what waits, the plan, and the morning line."""
    lines = []
    if overview.problem:
        lines.append(Content.styled(overview.problem, "$error"))
    lines.append(_labelled("In service", _service(overview, now)))
    lines.append(_labelled("Facts", _counts(overview)))
    lines.append(_labelled("Tonight", _plan(overview)))
    lines.append(_labelled("Morning", _morning(overview)))
    return lines


def _labelled(label: str, text: str) -> Content:
    return Content.styled(f"{label:<{_LABEL}}", "$muted") + Content(text)


def _service(overview: Overview, now: float) -> str:
    if overview.ledger.problem:
        return "not known"
    if overview.service is None:
        return "the base model"
    since = f" · since {moment(overview.since, now)}" if overview.since else ""
    card = f" · {overview.card.brief_text}" if overview.card else ""
    return f"{overview.service}{since}{card}"


def _counts(overview: Overview) -> str:
    parts = [f"{overview.count('learned')} learned", f"{overview.count('in the book')} in the book"]
    for status in ("failed", "waiting", "superseded", "removed"):
        if count := overview.count(status):
            parts.append(f"{count} {status}")
    return " · ".join(parts)


def _plan(overview: Overview) -> str:
    when = f"at {overview.at}" if overview.has_timer else "not scheduled (garage school --install)"
    if overview.at_work:
        return "a night is under way"
    if overview.plan is None:
        return f"nothing new · {when}"
    plan = overview.plan
    parts = [f"{plural(len(plan.new), 'new fact')}, {plural(plan.rows, 'row')} in all"]
    if plan.estimate and plan.estimate.seconds is not None:
        parts.append(rough_time(plan.estimate.seconds))
    if plan.estimate and plan.estimate.memory is not None:
        parts.append(f"about {human_bytes(plan.estimate.memory)}")
    energy = next((one.end.wh for one in overview.nights if one.end and one.end.wh is not None), None)
    if energy is not None:
        parts.append(f"{energy:.3g} Wh last time")
    return " · ".join([*parts, when])


def _morning(overview: Overview) -> str:
    last = overview.last
    if last is None:
        return _FIRST
    if last.end is None:
        return "under way" if overview.at_work else "cut off; the next night finishes it"
    return one_line(last.end.text, 400)


def night_lines(night: Night) -> list[Content]:
    """Return all that is known of a night: the morning line, its run, and each fact with its reason."""
    end, lines = night.end, []
    if end is not None:
        lines.append(Content(one_line(end.text, 600)))
    for run in night.runs.values():
        lines.append(Content.styled(f"{'run':<{_LABEL}}", "$muted") + Content(one_line(run, 200)))
    if end is not None:
        for name in end.learned:
            lines.append(Content.styled(f"{'✓ learned':<{_LABEL}}", "$success") + Content(one_line(name, 200)))
        for name, why in end.failed.items():
            lines.append(_labelled("~ not yet", f"{one_line(name, 200)}: {one_line(why, 300)}"))
    for name, why in night.began.left_out.items():
        lines.append(_labelled("– not taught", f"{one_line(name, 200)}: {one_line(why, 300)}"))
    return lines or [Content.styled("nothing is known of this night", "$muted")]


def night_cells(night: Night, *, at_work: bool) -> list[Content]:
    """Return the cells of a night: when, outcome, facts learned, kept and not learned, energy, the morning line."""
    end = night.end
    if end is None or end.outcome is None:
        text = "under way" if at_work else "cut off"
        return [Content(night.id), Content.styled(f"… {text}", "$warning"), *[Content("")] * 4]
    taught = end.outcome != "nothing new"
    wh = "" if end.wh is None else f"{end.wh:.3g}"
    return [
        Content(night.id),
        Content.styled(f"{SIGNS[end.outcome]} {end.outcome}", _STYLES[end.outcome]),
        Content(str(len(end.learned)) if taught else ""),
        Content(str(len(end.failed)) if taught else ""),
        Content(wh),
        Content.styled(one_line(end.text, 200), "$muted"),
    ]
