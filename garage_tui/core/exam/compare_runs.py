"""A comparison of two runs: recipes, data, results and report cards, side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.format import duration, human_bytes, model_label
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.tail import FileFollower
from garage_tui.core.hardware.energy import format_wh
from garage_tui.core.runs.folder import EVENTS
from garage_tui.core.runs.record import Run


@dataclass(frozen=True)
class ComparisonRow:
    """One line of a comparison: a name and the value of each run."""

    part: str
    """`recipe`, `data`, `result` or `report card`."""
    name: str
    """Of the figures of a LoRA card their keys in `report.json`; like all names here it never changes."""
    first: str
    second: str
    label: str = ""
    """The name as people read it; empty where it is the same."""

    @property
    def title(self) -> str:
        return self.label or self.name

    @property
    def same(self) -> bool:
        return self.first == self.second


def compare(first: Run, second: Run) -> list[ComparisonRow]:
    """Return the comparison, part by part; `–` stands for a value that one run does not have.

    Raises:
        BadInputError: one run teaches facts, the other one draws.
    """
    kinds = {run.manifest.kind for run in (first, second) if run.manifest}
    if len(kinds) > 1:
        raise BadInputError(kinds_differ_text(first.id, second.id))
    parts = [(part, of(first), of(second)) for part, of in _PARTS]
    rows = [
        ComparisonRow(part, name, left.get(name, "–"), right.get(name, "–"))
        for part, left, right in parts
        for name in dict.fromkeys((*left, *right))
    ]
    if "lora" not in kinds:
        return rows
    cards = [_card(run) for run in (first, second)]
    labels = {name: label for card in cards for name, (label, _) in card.items()}
    return [replace(row, label=labels.get(row.name, "")) if row.part == "report card" else row for row in rows]


def kinds_differ_text(first: str, second: str) -> str:
    """Return why two runs of different kinds cannot be compared."""
    return f"{first} and {second} cannot be compared: one teaches facts, the other one draws pictures"


def losses(folder: Path) -> tuple[tuple[float, float], ...]:
    """Return (step, loss) of every step of a run."""
    events, found = FileFollower(folder / EVENTS), []
    while events.behind:
        for event in events.events(final=True):
            step, loss = event.get("step"), event.get("loss")
            if event.get("event") == "step" and isinstance(step, int) and isinstance(loss, int | float):
                found.append((float(step), float(loss)))
    return tuple(found)


def _recipe(run: Run) -> dict[str, str]:
    return {name: _text(value) for name, value in (run.manifest.recipe if run.manifest else {}).items()}


def _data(run: Run) -> dict[str, str]:
    if run.manifest is None:
        return {}
    data = run.manifest.dataset
    if run.draws:
        learned, held_out = (str(data.get(name, "–")) for name in ("rows", "held_out"))
        label = one_line(str(data.get("label") or data.get("path", "")))
        found = {"pictures": label, "learned from": learned, "held out": held_out}
        return {**found, "content": f"sha256 {str(data.get('sha256', '–'))[:12]}"}
    base = model_label(str(run.manifest.base.get("name", "")))
    found = {"base model": base, "file": Path(str(data.get("path", ""))).name, "rows": str(data.get("rows", "–"))}
    return {**found, "content": f"sha256 {str(data.get('sha256', '–'))[:12]}"}


def _result(run: Run) -> dict[str, str]:
    state, found = run.state, {"state": run.status}
    if state is None:
        return found
    found["steps"] = f"{state.step}/{state.total_steps}"
    if state.loss is not None:
        found["last loss"] = f"{state.loss:.4f}"
    if run.seconds is not None:
        found["time"] = duration(run.seconds)
    if state.tokens_per_s:
        found["speed"] = f"{state.tokens_per_s:.0f} tokens/s"
    if state.images_per_s:
        found["speed"] = f"{state.images_per_s:.0f} images/s"
    if state.wh is not None:
        found["energy"] = format_wh(state.wh)
    if memory := state.gpu_memory or state.memory:
        found["memory"] = human_bytes(memory)
    return found


def _report(run: Run) -> dict[str, str]:
    """Return the figures of the report card; empty for a run without one."""
    from garage_tui.core.exam import diffusion_report

    try:
        if run.draws:
            return diffusion_report.side_by_side(run.path)
    except FileNotFoundError:
        return {}
    except BadInputError:
        return {"verdict": "cannot be read"}
    return {name: line for name, (_, line) in _card(run).items()}


def _card(run: Run) -> dict[str, tuple[str, str]]:
    """Return (label, line) of each figure on the card of a LoRA run; empty without one."""
    from garage_tui.core.exam import report_text

    try:
        return report_text.side_by_side(report_text.read_clean(run.path))
    except FileNotFoundError:
        return {}
    except BadInputError:
        return {"verdict": ("verdict", f"cannot be read: `garage report {run.id} --again` makes a new one")}


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return one_line(", ".join(map(str, value)), 200)
    return one_line(str(value), 200)


_PARTS = (("recipe", _recipe), ("data", _data), ("result", _result), ("report card", _report))
