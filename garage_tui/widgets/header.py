"""The header, the first line of the app: name, workspace, screens with their keys, gauges and the running run."""

from __future__ import annotations

import msgspec
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

_WIDE, _VERY_WIDE = 90, 130
"""Columns from which the header shows all screens; from which it shows the app's name, and spaces around theirs."""
_BEARABLE = 2
"""The cost up to which no screen is left out for gauges and run."""
_COST = (0, 1, 3, 7)
"""The cost of each shorter form of a text: the last forms say hardly anything."""


class Tab(msgspec.Struct, frozen=True):
    """The entry of a screen in the header."""

    id: str
    key: str
    label: str
    rare: bool = False
    """True leaves it out of a narrow header, unless it is in front."""


class HeaderBar(Widget):
    """The header line. In a narrow terminal it drops the workspace, then shortens the gauges and the run."""

    DEFAULT_CSS = """
    HeaderBar { height: 1; dock: top; }
    """

    active: reactive[str] = reactive("")
    """Id of the screen in front."""
    run_lines: reactive[tuple[Content, ...]] = reactive(())
    """The progress of the running run, in ever shorter forms."""
    gauges: reactive[tuple[str, ...]] = reactive(())
    """Temperature, power and memory, in ever shorter forms."""

    def __init__(self, workspace: str, tabs: tuple[Tab, ...]) -> None:
        super().__init__()
        self.workspace = workspace
        self.tabs = tabs

    def on_mount(self) -> None:
        self.auto_links = False  # a click works, but tabs keep their own colours

    def render(self) -> Content:
        # In a narrow terminal, temperature and progress are worth more than the app's name, and than the rarest screen.
        name = Content.assemble((" garage ", "bold $primary")) if self.size.width >= _VERY_WIDE else Content("")
        width = self.size.width - name.cell_length - 1
        tabs = self._tab_line()
        cost, run = self._status(width - tabs.cell_length)
        rare, wide = sum(tab.rare for tab in self.tabs), self.size.width >= _WIDE
        for count in range(1, 1 + (min(rare, 1) if wide else rare)):
            few = self._tab_line(left_out=count)
            least, short = self._status(width - few.cell_length)
            if least < cost and (wide or cost > _BEARABLE):
                cost, tabs, run = least, few, short
        left = width - tabs.cell_length - run.cell_length - 4
        where = Content.styled(_shorten(self.workspace, min(left, 40)), "$muted") if left >= 6 else Content("")
        line = Content.assemble(name, where, "  " if where else "", tabs)
        return line + Content(" " * max(0, self.size.width - line.cell_length - run.cell_length)) + run

    def _tab_line(self, *, left_out: int = 0) -> Content:
        """Return the entries of the screens.

        Args:
            left_out: how many of the rare screens are left out, the last ones first; the one in front never is.
        """
        rare = [tab.id for tab in self.tabs if tab.rare]
        line, edge = Content(""), " " if self.size.width >= _VERY_WIDE else ""
        for tab in self.tabs:
            here = tab.id == self.active
            if tab.id in rare[len(rare) - left_out :] and not here:
                continue
            style = "bold $background on $primary" if here else ""
            key = (f"{edge}{tab.key} ", style or "$muted")
            label = (f"{tab.label}{edge}", style or "$foreground")
            line += Content.assemble(key, label).stylize(f"@click=app.show('{tab.id}')")
            line += Content(" ")
        return line

    def _status(self, room: int) -> tuple[int, Content]:
        """Return gauges and run in the forms that fit and lose least, with the cost of that."""
        gauges = [Content.styled(f"{form}  ", "$muted") for form in self.gauges if form] or [Content("")]
        runs = [run + Content(" ") for run in self.run_lines] or [Content("")]
        ways = [
            (_COST[min(g, 3)] + _COST[min(r, 3)], gauge + run)
            for r, run in enumerate(runs)
            for g, gauge in enumerate(gauges)
            if gauge.cell_length + run.cell_length <= room
        ]
        if ways:
            return min(ways, key=lambda way: way[0])
        return 2 * _COST[-1] + 1, runs[-1].truncate(max(0, room), ellipsis=True)


def _shorten(path: str, width: int) -> str:
    """Return the end of a path, with an ellipsis before it if the path is cut."""
    return path if len(path) <= width else "…" + path[-(width - 1) :]
