"""The list of runs: its columns, and the cells of a run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from textual.content import Content

from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.screens.common import run_text
from garage_tui.widgets.charts.sparkline import spark
from garage_tui.widgets.table import Column

_COLUMNS = (
    Column("State", 13),
    Column("Run", share=5, middle=True),
    Column("Result", share=4),
    Column("Curve", 8, wide=True),
    Column("Loss", 6, right=True, wide=True),
    Column("Time", 15),
    Column("Began", 6, wide=True),
)
_ENERGY = Column("Energy", 8, right=True, wide=True)


def columns(runs: Sequence[RunSnapshot]) -> tuple[Column, ...]:
    """Return the columns of the list; the one for energy only where a run has measured any."""
    measured = any(run.state and run.state.wh is not None for run in runs)
    return (*_COLUMNS, _ENERGY) if measured else _COLUMNS


def began(run_id: str, now: datetime | None = None) -> str:
    """Return the date of a run id as `23 Nov`, or its time within a day of it; empty where it has none."""
    try:
        moment = datetime.strptime(run_id[:13], "%Y%m%d-%H%M")
    except ValueError:
        return ""
    age = (now or datetime.now()) - moment
    # A minute of the future: the clock was set. From then on, a time alone would mean today.
    return f"{moment:%H:%M}" if timedelta(minutes=-1) <= age < timedelta(days=1) else f"{moment:%d %b}".lstrip("0")


def cells(run: RunSnapshot, *, marked: bool) -> tuple[Content, ...]:
    """Return the cells of a run, energy last."""
    preset = run.preset
    # The name of a run of a pair ends with its preset already.
    kind = f"  {preset}" if preset and not run.name.casefold().endswith(preset.casefold()) else ""
    return (
        run_text.badge(run),
        Content.assemble(
            ("◆ " if marked else "", "$secondary"),
            (f"{run_text.IN_SERVICE} " if run.service else "", "$success"),
            run.name,
            (kind, "$muted"),
            (f"  at {run.place}" if run.place else "", "$muted"),
        ),
        run_text.progress(run),
        Content.styled(spark(run.state.spark if run.state else (), 8), "$primary"),
        Content(run_text.loss(run.state)),
        run_text.time_cell(run),
        Content.styled(began(run.id), "$muted"),
        Content.styled(run_text.energy(run.state), "$muted"),
    )
