"""The list of runs: its columns, and the cells of a run."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.screens.common import run_text
from garage_tui.widgets.charts.sparkline import spark
from garage_tui.widgets.table import Column

_COLUMNS = (
    Column("State", 13),
    Column("Run", share=3, middle=True),
    Column("", share=2, wide=True),
    Column("Curve", 8, wide=True),
    Column("Steps", 9, right=True),
    Column("Loss", 6, right=True, wide=True),
    Column("Time", 15),
)
_ENERGY = Column("Energy", 8, right=True, wide=True)


def columns(runs: Sequence[RunSnapshot]) -> tuple[Column, ...]:
    """Return the columns of the list; the one for energy only where a run has measured any."""
    measured = any(run.state and run.state.wh is not None for run in runs)
    return (*_COLUMNS, _ENERGY) if measured else _COLUMNS


def cells(run: RunSnapshot, *, marked: bool) -> tuple[Content, ...]:
    """Return the cells of a run, energy last."""
    return (
        run_text.badge(run),
        Content.assemble(("◆ ", "$secondary"), run.id) if marked else Content(run.id),
        run_text.progress(run),
        Content.styled(spark(run.state.spark if run.state else (), 8), "$primary"),
        Content(run_text.fraction(run.state)),
        Content(run_text.loss(run.state)),
        run_text.time_cell(run),
        Content.styled(run_text.energy(run.state), "$muted"),
    )
