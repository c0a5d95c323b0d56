"""The line chart of up to three curves over steps: loss, learning rate and probes of a run, or the losses of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.color import Color
from textual.reactive import reactive
from textual.widget import Widget

from garage_tui.core.monitor.downsample import Points, downsample
from garage_tui.widgets.charts.ticks import round_ticks, tick_labels

if TYPE_CHECKING:
    from rich.console import RenderableType

MARKERS = ("braille", "•", "x")
"""The markers of the first, second and third curve; they differ without colours too."""
SIGNS = ("⠒", "•", "x")
"""The markers as signs in the legend."""
_FRAME = 6
"""Cells of the frame's lower edge that the legend cannot use."""
_MOST = 1e30
"""Values beyond this are drawn as this, so that the arithmetic cannot overflow."""


@dataclass(frozen=True)
class Series:
    """One curve; `colour` is a variable of the theme."""

    name: str
    points: tuple[tuple[float, float], ...]
    colour: str = "primary"
    right: bool = False
    """True puts the curve on a second axis, on the right."""
    percent: bool = False
    """True for shares from 0 to 1, on an axis from 0 to 100 %; a single point is drawn too."""
    lone: bool = False
    """True draws a single point too."""

    @property
    def drawable(self) -> bool:
        """True if there is something to draw: points at more than one step, or at one step if that is enough."""
        return len({x for x, _ in _tame(self.points)}) > (0 if self.percent or self.lone else 1)


class LineChart(Widget):
    """The chart of at most three curves over steps; plotext draws it, and is imported with the first point."""

    series: reactive[tuple[Series, ...]] = reactive(())
    empty: reactive[str] = reactive("")
    """The text that is shown while there are no points."""

    _drawn: tuple[object, Text] | None = None

    def watch_series(self) -> None:
        self._name_curves()

    def on_resize(self) -> None:
        self._name_curves()

    def _name_curves(self) -> None:
        """Put the legend into the frame, with smaller gaps if the frame is narrow."""
        names = [f"{sign} {one.name}" for sign, one in zip(SIGNS, self.series, strict=False)]
        ways = [gap.join(names) for gap in (" · ", "  ", " ")] if len(names) > 1 else [""]
        room = self.outer_size.width - _FRAME
        self.border_subtitle = next((way for way in ways if len(way) <= room), ways[-1])

    def render(self) -> RenderableType:
        """Return the drawn curves; they are drawn again only if they have changed."""
        width, height = self.content_size
        what = (self.series, width, height, self.app.theme)
        if self._drawn is not None and self._drawn[0] == what:
            return self._drawn[1]
        drawable = [series for series in self.series if series.drawable]
        if not drawable or width < 16 or height < 4:
            return Text("" if drawable else self.empty, style="dim")
        drawing = self._draw(drawable, width, height)
        self._drawn = (what, drawing)
        return drawing

    def _draw(self, drawable: Sequence[Series], width: int, height: int) -> Text:
        from textual_plotext.plot import Plot  # noqa: PLC0415 (50 ms, and most visits see no curve)

        plot: Any = Plot()
        plot.plotsize(width, height)
        plot._set_size(width, height)  # plotsize alone keeps the size of an earlier plot (textual-plotext issue 5)
        plot.canvas_color("default")
        plot.axes_color("default")
        plot.ticks_color(self._rgb("muted"))
        plot.xaxes(True, False)
        plot.yaxes(True, any(series.right for series in drawable))
        for right in (False, True):
            group = [series for series in drawable if series.right == right]
            if not group:
                continue
            side = "right" if right else "left"
            for series in group:
                marker = MARKERS[min(self.series.index(series), len(MARKERS) - 1)]
                most = 2 * width if marker == "braille" else width // 2
                xs, ys = zip(*downsample(_tame(series.points), most), strict=True)
                draw = plot.plot if marker == "braille" else plot.scatter
                draw(xs, ys, marker=marker, color=self._rgb(series.colour), yside=side)
            # The limits enclose all points: plotext takes for ever to draw a line that leaves the plot.
            heights = [y for series in group for _, y in _tame(series.points)]
            bottom, top = min(0.0, min(heights) * 1.05), max(0.0, max(heights) * 1.05)
            top = top if top > bottom else 1.0
            percent = any(series.percent for series in group)
            if percent:
                bottom, top = min(0.0, bottom), max(1.0, max(heights))
            plot.ylim(bottom, top, yside=side)
            ticks = round_ticks(bottom, top, 3 if height < 10 else 6)
            plot.yticks(ticks, [f"{tick:.0%}" for tick in ticks] if percent else tick_labels(ticks), yside=side)
        steps = [x for series in drawable for x, _ in _tame(series.points)]
        low, high = min(steps), max(steps)
        if low == high:
            low, high = low - 1, high + 1
        plot.xlim(low, high)
        marks = round_ticks(low, high, 4 if width < 60 else 7, whole=True)
        plot.xticks(marks, [f"{mark:.0f}" for mark in marks])
        return Text.from_ansi(plot.build().rstrip("\n"), no_wrap=True)

    def _rgb(self, variable: str) -> tuple[int, int, int]:
        return Color.parse(self.app.theme_variables[variable]).rgb


def _tame(points: Points) -> list[tuple[float, float]]:
    return [(max(-_MOST, min(_MOST, x)), max(-_MOST, min(_MOST, y))) for x, y in points]
