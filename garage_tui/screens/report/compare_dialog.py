"""The dialog that compares two runs side by side."""

from __future__ import annotations

import asyncio
from itertools import groupby
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from garage_tui.core.base.sanitize import plain
from garage_tui.core.exam.compare_runs import ComparisonRow, compare, losses
from garage_tui.core.runs.folder import name_of
from garage_tui.core.runs.record import read_run
from garage_tui.widgets.charts.line_chart import SIGNS, LineChart, Series
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.fitted_text import FittedText
from garage_tui.widgets.key_bar import KeyBar
from garage_tui.widgets.table import cut_middle

_NAME, _GAP = 18, 2  # the longest name is: unseen paraphrases
_REFERENCE, _NEWER = "secondary", "primary"
_CARD = "report card"


class CompareDialog(Dialog[None]):
    """Shows both loss curves, the report cards, what else differs, and on demand what is the same.

    Args:
        first, second: the run folders.
    """

    HELP_PAGE = "guide/report.md"
    HELP = "Two runs side by side: their loss curves, their report cards, and the differences between their recipes."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "everything", "All or differences", tooltip="Show everything, or only what differs"),
        Binding("escape,q,enter", "close", "Close", key_display="Esc"),
    ]

    def __init__(self, first: Path, second: Path) -> None:
        super().__init__()
        self._folders = first, second
        names = plain(name_of(first.name)), plain(name_of(second.name))
        # Two ids have no space side by side; but two runs may have the same name.
        self._names = names if names[0] != names[1] else (plain(first.name), plain(second.name))
        # Blue is what was there before, amber what is new, whichever was marked first: as base and tuned in the chat.
        # The name of a folder begins with its date.
        self._colours = (_NEWER, _REFERENCE) if first.name > second.name else (_REFERENCE, _NEWER)
        self._rows: list[ComparisonRow] = []
        self._everything = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = Content("Compare")
            yield LineChart(id="compare-chart")
            with VerticalScroll():
                yield FittedText("reading …")
            yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._read()

    @work(exclusive=True)
    async def _read(self) -> None:
        first, second = self._folders
        rows = await asyncio.to_thread(lambda: compare(read_run(first), read_run(second)))
        self._rows = sorted(rows, key=lambda row: row.part != _CARD)  # results first, then recipes
        curves = await asyncio.to_thread(lambda: (losses(first), losses(second)))
        chart = self.query_one(LineChart)
        chart.empty = "Neither run has taken a step."
        chart.series = tuple(map(Series, self._names, curves, self._colours))
        self._show()

    def _show(self) -> None:
        self.query_one(FittedText).fit(self._text)

    def _text(self, width: int) -> Content:
        width = max(10, (width - _NAME - 3 * _GAP - 2) // 2)
        first, second = [
            Content.assemble((f"{sign} ", f"${colour}"), cut_middle(Content.styled(name, "bold"), width - 2))
            for sign, colour, name in zip(SIGNS[:2], self._colours, self._names, strict=True)
        ]
        lines = [self._line("  ", Content(""), first, second, width)]
        for part, rows in groupby(self._rows, key=lambda row: row.part):
            lines.append(Content.styled(part, "$muted"))
            same = []
            for row in rows:
                if row.same and not self._everything:
                    same.append(f"{row.title} {row.first}")
                    continue
                sign = "  " if row.same else "≠ "
                lines.append(self._line(sign, Content(row.title), Content(row.first), Content(row.second), width))
            if same:
                lines.append(Content.styled(f"  same: {', '.join(same)}", "$muted"))
        if not any(row.part == _CARD for row in self._rows):
            lines += [Content.styled(_CARD, "$muted"), Content("  neither run has a report card")]
        return Content("\n").join(lines)

    @staticmethod
    def _line(sign: str, name: Content, first: Content, second: Content, width: int) -> Content:
        cells = [
            Content.styled(sign, "$warning"),
            *(_cell(text, size) for text, size in ((name, _NAME), (first, width), (second, width))),
        ]
        return Content.assemble(*cells)

    def action_everything(self) -> None:
        self._everything = not self._everything
        self._show()

    def action_close(self) -> None:
        self.dismiss(None)


def _cell(text: Content, width: int) -> Content:
    text = text.truncate(width, ellipsis=True)
    return text + Content(" " * (width - text.cell_length + _GAP))
