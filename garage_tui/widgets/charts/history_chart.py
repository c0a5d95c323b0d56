"""The widget that draws one quantity over time as columns; gaps stay empty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from garage_tui.widgets.charts.column_chart import Threshold, draw
from garage_tui.widgets.charts.styled_lines import Picture


class HistoryChart(Widget):
    """The column chart of one quantity over time; it repaints only if its picture changes."""

    DEFAULT_CSS = """
    HistoryChart { height: 1fr; min-height: 1; }
    """
    ALLOW_SELECT = False

    points: reactive[tuple[tuple[float, float], ...]] = reactive((), repaint=False)
    """Unix time (seconds) and value, sorted by time."""
    now: reactive[float] = reactive(0.0, repaint=False)
    """Unix time at the right end."""
    span: reactive[float] = reactive(1800.0, repaint=False)
    """Seconds from the left end to the right end."""
    top: reactive[float | None] = reactive(None, repaint=False)
    """Value of the upper end; None: the next round number above all values and thresholds."""
    bottom: reactive[float] = reactive(0.0, repaint=False)
    """Value of the lower end."""
    thresholds: reactive[tuple[Threshold, ...]] = reactive((), repaint=False)
    colour: reactive[str] = reactive("primary", repaint=False)
    """Variable of the theme for columns below the thresholds."""
    empty: reactive[str] = reactive("", repaint=False)
    """The text that is shown while there is nothing to draw."""

    _SHOWN: ClassVar[tuple[str, ...]] = ("points", "now", "span", "top", "bottom", "thresholds", "colour", "empty")

    def __init__(
        self, *, form: Callable[[float], str] = "{:g}".format, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.form = form
        """Returns the label of a value on the axis, with its unit."""
        self._picture: Picture = ()
        self._size_drawn = Size(0, 0)
        self._strips: tuple[object, list[Strip]] = (None, [])
        self._update_is_due = False

    def on_mount(self) -> None:
        for name in self._SHOWN:
            self.watch(self, name, self._schedule_update, init=False)

    def _schedule_update(self) -> None:
        """Update the picture once, after all values of this moment have been set."""
        if not self._update_is_due:
            self._update_is_due = self.call_later(self._update_picture)

    def _update_picture(self) -> None:
        self._update_is_due = False
        if self._draw():
            self.refresh()

    def _draw(self) -> bool:
        """Draw the picture, and return whether it has changed."""
        self._size_drawn = self.content_size
        values = {name: getattr(self, name) for name in self._SHOWN if name != "points"}
        picture = draw(self.points, *self._size_drawn, form=self.form, **values)
        if picture == self._picture:
            return False
        self._picture, self._strips = picture, (None, [])
        return True

    def render_line(self, y: int) -> Strip:
        """Paint one line of the picture that was drawn last."""
        if self._size_drawn != self.content_size:
            self._draw()
        key = (self.visual_style, self.app.theme)
        if self._strips[0] != key:
            self._strips = (key, [self._paint(line) for line in self._picture])
        strips = self._strips[1]
        return strips[y] if y < len(strips) else Strip.blank(self._size_drawn.width, self.visual_style.rich_style)

    def _paint(self, line: Sequence[tuple[str, str]]) -> Strip:
        parse, ground = self.app.stylesheet.parse_style, self.visual_style
        return Strip(
            [Segment(text, (ground + parse(style)).rich_style) for text, style in line], self._size_drawn.width
        )
