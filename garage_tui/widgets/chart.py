"""The loss curve of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.color import Color
from textual.reactive import reactive
from textual.widget import Widget

if TYPE_CHECKING:
    from rich.console import RenderableType

Points = Sequence[tuple[float, float]]


def downsample(points: Points, most: int) -> list[tuple[float, float]]:
    """Return at most `most` points: the means of equal stretches, with the last point as it is."""
    if len(points) <= most:
        return list(points)
    size = (len(points) - 1) / (most - 1)
    means = []
    for index in range(most - 1):
        part = points[round(index * size) : max(round(index * size) + 1, round((index + 1) * size))]
        means.append((sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)))
    return [*means, points[-1]]


class LossChart(Widget):
    """Loss against steps, drawn by plotext, which is loaded with the first point."""

    points: reactive[tuple[tuple[float, float], ...]] = reactive(())
    """(step, loss), in order."""
    empty: reactive[str] = reactive("")
    """What is said while there are no points."""

    _drawn: tuple[object, Text] | None = None

    def render(self) -> RenderableType:
        """Draw the curve, unless it is the one that was drawn last."""
        width, height = self.content_size
        what = (self.points, width, height, self.app.theme)
        if self._drawn is not None and self._drawn[0] == what:
            return self._drawn[1]
        if len(self.points) < 2 or width < 16 or height < 4:
            return Text(self.empty if len(self.points) < 2 else "", style="dim")
        from textual_plotext.plot import Plot  # noqa: PLC0415 (50 ms, and most visits see no curve)

        xs, ys = zip(*downsample(self.points, 2 * width), strict=True)
        plot: Any = Plot()
        plot.plotsize(width, height)
        plot._set_size(width, height)  # plotsize alone keeps the size of an earlier plot (textual-plotext issue 5)
        plot.canvas_color("default")
        plot.axes_color("default")
        plot.ticks_color(self._rgb("muted"))
        plot.xaxes(True, False)
        plot.yaxes(True, False)
        plot.plot(xs, ys, marker="braille", color=self._rgb("primary"))
        top = max(ys)
        plot.ylim(0, top * 1.05 or 1)
        plot.xticks(*_ticks(xs[0], xs[-1], 3 if width < 60 else 5))
        plot.yticks(*_ticks(0, top, 3 if height < 10 else 5, "{:.2f}"))
        drawing = Text.from_ansi(plot.build().rstrip("\n"), no_wrap=True)
        self._drawn = (what, drawing)
        return drawing

    def _rgb(self, variable: str) -> tuple[int, int, int]:
        return Color.parse(self.app.theme_variables[variable]).rgb


def _ticks(low: float, high: float, count: int, form: str = "{:.0f}") -> tuple[list[float], list[str]]:
    places = [low + (high - low) * index / (count - 1) for index in range(count)]
    return places, [form.format(place) for place in places]
