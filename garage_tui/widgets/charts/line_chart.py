"""The line chart of up to three curves over steps: loss, learning rate and probes of a run, or the losses of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from garage_tui.core.monitor.downsample import Points, downsample
from garage_tui.widgets.charts.line_plot import Axis, Curve, plot
from garage_tui.widgets.charts.ticks import round_ticks, tick_labels

SIGNS = ("⠒", "•", "x")
"""The signs of the first, second and third curve in the legend; they differ without colours too."""
MARKERS = ("", *SIGNS[1:])
"""The signs of their points; the first curve is a line of dots."""
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
        return len({x for x, _ in self.points}) > (0 if self.percent or self.lone else 1)


class LineChart(Widget):
    """The chart of at most three curves over steps; it is drawn again only if they or its size change."""

    DEFAULT_CSS = """
    LineChart { text-wrap: nowrap; text-overflow: clip; }
    """

    series: reactive[tuple[Series, ...]] = reactive(())
    empty: reactive[str] = reactive("")
    """The text that is shown while there are no points."""

    _drawn: tuple[object, Content] | None = None

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

    def render(self) -> Content:
        """Return the drawn curves."""
        width, height = self.content_size
        what = (self.series, width, height)
        if self._drawn is not None and self._drawn[0] == what:
            return self._drawn[1]
        tamed = [
            (replace(one, points=_tame(one.points)), sign) for one, sign in zip(self.series, MARKERS, strict=False)
        ]
        drawable = [(series, sign) for series, sign in tamed if series.drawable]
        if not drawable or width < 16 or height < 4:
            return Content.styled("" if drawable else self.empty, "$muted")
        drawing = _draw(drawable, width, height)
        self._drawn = (what, drawing)
        return drawing


def _draw(drawable: Sequence[tuple[Series, str]], width: int, height: int) -> Content:
    """Return curves, each with the sign of its points, as text of exactly this size."""
    curves: list[Curve] = []
    axes: dict[bool, Axis | None] = {False: None, True: None}
    for right in axes:
        group = [(series, sign) for series, sign in drawable if series.right == right]
        for series, sign in group:
            points = downsample(series.points, width // 2 if sign else 2 * width)
            curves.append(Curve(points, series.colour, sign, right))
        if group:
            axes[right] = _value_axis([series for series, _ in group], height)
    steps = _step_axis([series for series, _ in drawable], width)
    lines = plot(curves, steps, axes[False], axes[True], width=width, height=height)
    return Content("\n").join(Content.assemble(*line) for line in lines)


def _value_axis(group: Sequence[Series], height: int) -> Axis:
    """Return the axis of values that all curves of a side fit."""
    values = [y for series in group for _, y in series.points]
    bottom, top = min(0.0, min(values) * 1.05), max(0.0, max(values) * 1.05)
    top = top if top > bottom else 1.0
    percent = any(series.percent for series in group)
    if percent:
        bottom, top = min(0.0, bottom), max(1.0, max(values))
    ticks = round_ticks(bottom, top, 3 if height < 10 else 6)
    labels = [f"{tick:.0%}" for tick in ticks] if percent else tick_labels(ticks)
    return Axis(bottom, top, tuple(zip(ticks, labels, strict=True)))


def _step_axis(drawable: Sequence[Series], width: int) -> Axis:
    """Return the axis of steps, from the first one of all curves to the last."""
    steps = [x for series in drawable for x, _ in series.points]
    low, high = min(steps), max(steps)
    if low == high:
        low, high = low - 1, high + 1
    ticks = round_ticks(low, high, 4 if width < 60 else 7, whole=True)
    return Axis(low, high, tuple((tick, f"{tick:.0f}") for tick in ticks))


def _tame(points: Points) -> tuple[tuple[float, float], ...]:
    return tuple((max(-_MOST, min(_MOST, x)), max(-_MOST, min(_MOST, y))) for x, y in points)
