"""Which runs the list shows, and in which order; no Textual here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Literal

from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.runs.grades import rank

Order = Literal["newest", "best", "name"]
ORDERS: dict[Order, str] = {"newest": "newest first", "best": "best verdict first", "name": "by name"}


def arrange(runs: Iterable[RunSnapshot], text: str, order: Order) -> tuple[RunSnapshot, ...]:
    """Return the runs that contain all words of a text, in an order.

    Args:
        runs: all runs, the newest first; runs that are equal in another order stay so.
        text: words in name, id, note, state, preset, facts file, base model, verdict or "in service"; upper and lower
            case are equal.
    """
    terms = text.casefold().split()
    found = [run for run in runs if not terms or _contains(run, terms)]
    if order == "best":
        found.sort(key=_rank)
    elif order == "name":
        found.sort(key=lambda run: run.name.casefold())
    return tuple(found)


def _contains(run: RunSnapshot, terms: list[str]) -> bool:
    parts = [run.id, run.label.name, run.label.note, run.status, run.reason, run.preset]
    if run.manifest:
        parts += (PurePath(str(run.manifest.dataset.get("path", ""))).name, str(run.manifest.base.get("name", "")))
    if run.card:
        parts.append(run.card.text)
    if run.service:
        parts.append("in service")
    text = "\n".join(parts).casefold()
    return all(term in text for term in terms)


def _rank(run: RunSnapshot) -> int:
    """Return the place of a verdict by its grade; runs without one come last."""
    return -rank(run.card.grade) if run.card else 1
