"""The list of tuned models: of each run its preset, its facts, its verdict and when it ended."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from garage_tui.core.base.format import model_label, moment, plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.screens.common import run_text
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.table import Column, Table

_SHOWN = 12
"""Rows of the list that are seen at once."""


class ModelTable(Table):
    """A table that says in the line of keys how a model of it is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Choose", tooltip="Chat with the chosen one")]
    HELP_NAME = "In the list of models"


class TunedModelDialog(Dialog[str | None]):
    """Lets the user choose a run whose model answers; the result is its id, or None.

    Args:
        runs: those with a model, the newest first; at least one, unless there is a lasting name.
        current: id of the run that is chosen at first, or the lasting name.
        lasting: the lasting name and what answers under it now, for the first row; None without such a row.
    """

    HELP_PAGE = "guide/chat.md"
    HELP = (
        "The models that your runs have tuned, the newest first: with which preset, on which facts, what the report "
        "card says, and when the run ended. Below the list is the whole verdict of the chosen one.\n\n"
        "The first row (★) is the model in service, which other programs ask for too: whichever run that is.\n\n"
        "Another model starts a new conversation; the one so far stays saved."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", key_display="Esc"),
    ]

    def __init__(self, runs: Sequence[RunSnapshot], current: str, lasting: tuple[str, str] | None = None) -> None:
        super().__init__()
        self._lasting, self._current = lasting, current
        self._rows: list[RunSnapshot | None] = [*([None] if lasting else []), *runs]
        """What the rows are; None is the lasting name."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form", id="tuned-models") as box:
            box.border_title = "Which tuned model?"
            yield ModelTable(
                Column("Preset", 9),
                Column("Facts", share=2),
                Column("Report card", share=3),
                Column("Ended", 12),
                id="tuned-models-table",
            )
            yield Static(id="tuned-models-details")
            yield KeyBar()

    def on_mount(self) -> None:
        ids = [self._model_id(row) for row in self._rows]
        table = self.query_one(Table)
        table.styles.height = min(_SHOWN, len(ids)) + 3  # titles and frame
        table.show_rows(len(ids), self._cells, ids.index(self._current) if self._current in ids else 0)
        table.focus()

    def _model_id(self, row: RunSnapshot | None) -> str:
        return row.id if row else self._lasting[0] if self._lasting else ""

    def _cells(self, row: int) -> Sequence[Content]:
        run = self._rows[row]
        if run is None:
            name, now = self._lasting or ("", "")
            return (Content(run_text.IN_SERVICE), Content(name), Content(f"now {one_line(now)}"), Content(""))
        sign = f"{run_text.IN_SERVICE} " if run.service else ""
        return (
            Content(sign + (one_line(run.preset, 20) or "–")),  # a run of an older version does not say
            Content(facts(run)),
            verdict(run),
            Content.styled(ended(run, time.time()), "$muted"),
        )

    def on_table_moved(self, event: Table.Moved) -> None:
        if event.row >= len(self._rows):
            return
        run = self._rows[event.row]
        if run is None:
            name, now = self._lasting or ("", "")
            text = f"{name} is the model in service, now: {one_line(now, 400)}"
            self.query_one("#tuned-models-details", Static).update(Content.styled(text, "$muted"))
            return
        base = str(run.manifest.base.get("name", "")) if run.manifest else ""
        parts = (one_line(run.label.name), run.id, f"base {one_line(model_label(base), 60)}" if base else "")
        lines = [Content.styled(" · ".join(filter(None, parts)), "$muted"), verdict(run)]
        self.query_one("#tuned-models-details", Static).update(Content("\n").join(lines))

    def on_table_selected(self, event: Table.Selected) -> None:
        self.dismiss(self._model_id(self._rows[event.row]))

    def action_cancel(self) -> None:
        self.dismiss(None)


def facts(run: RunSnapshot) -> str:
    """Return what a run was taught: `24 rows · garage.jsonl`."""
    dataset = run.manifest.dataset if run.manifest else {}
    rows = dataset.get("rows")
    name = one_line(Path(str(dataset.get("path", ""))).name, 60)
    return " · ".join(filter(None, (plural(rows, "row") if isinstance(rows, int) else "", name)))


def verdict(run: RunSnapshot) -> Content:
    """Return the verdict of a run's report card, or that there is none."""
    if run.card:
        return run_text.verdict(run.card)
    stopped = "stopped early · " if run.status == "stopped" else ""
    return Content.styled(f"{stopped}no report card", "$muted")


def ended(run: RunSnapshot, now: float) -> str:
    """Return when a run ended, as `format.moment` says it; empty if that is unknown.

    Args:
        now: in seconds since 1970.
    """
    at = (run.state.ended or run.state.updated) if run.state else 0.0
    return moment(at, now) if at else ""
