"""The charts of the GPU screen: temperature, power, usage and memory of one device over the last hours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from garage_tui.core.base.format import human_bytes
from garage_tui.core.hardware.gpu_reading import GpuReading
from garage_tui.core.hardware.history import ReadingHistory
from garage_tui.core.hardware.reading_text import share
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.widgets.charts.column_chart import Threshold
from garage_tui.widgets.charts.history_chart import HistoryChart

if TYPE_CHECKING:
    from garage_tui.core.hardware.hardware_snapshot import HardwareSnapshot

SPANS = (300.0, 1800.0, 7200.0, 43_200.0)
"""Seconds that the charts can show: 5 minutes, half an hour, 2 hours, 12 hours."""
_TITLES = {"temp": "Temperature", "power": "Power", "busy": "Usage", "memory": "Memory"}
"""Quantities of a `ReadingHistory` in the order of their charts, with the charts' titles."""
_FORMATS: dict[str, Callable[[float], str]] = {
    "temp": "{:.0f} °C".format,
    "power": "{:.0f} W".format,
    "busy": share,
    "memory": lambda value: human_bytes(value, binary=True, digits=0),
}
_EMPTY = {"temp": "no temperature sensor found", "power": "no power readings here", "busy": "", "memory": ""}
"""The text of a chart without measurements."""
_REDRAW_SECONDS = 5.0  # only the newest column of a chart changes, and painting is expensive
_COOLEST = 20.0
"""°C at the lower end of the temperature chart."""


class Histories(Container):
    """Four charts of one device; each is drawn again only after some seconds, or when another thing is shown.

    Args:
        history: what was measured so far.
    """

    def __init__(self, history: ReadingHistory) -> None:
        super().__init__(id="gpu-histories")
        self._history = history
        self.span = SPANS[1]
        """Seconds from the left end of the charts to the right."""
        self._drawn: tuple[object, float] = (None, 0.0)

    def compose(self) -> ComposeResult:
        for quantity, title in _TITLES.items():
            chart = HistoryChart(form=_FORMATS[quantity], id=f"gpu-{quantity}")
            chart.border_title = title
            yield chart

    def change_span(self, steps: int) -> None:
        """Show more time (positive) or less; the next `show` draws it."""
        self.span = SPANS[max(0, min(len(SPANS) - 1, SPANS.index(self.span) + steps))]

    def show(self, device: str, snapshot: HardwareSnapshot, gpu: GpuReading | None, limits: RunLimits) -> None:
        """Draw the charts of a device.

        Args:
            device: a GPU's index, or `BOX`.
            gpu: the device's reading in `snapshot`; None for the box itself.
            limits: those that hold on the device.
        """
        shown = (device, self.span, limits)
        if shown == self._drawn[0] and 0 <= snapshot.t - self._drawn[1] < _REDRAW_SECONDS:
            return
        self._drawn = shown, snapshot.t
        for quantity in _TITLES:
            chart = self.query_one(f"#gpu-{quantity}", HistoryChart)
            chart.now, chart.span = snapshot.t, self.span
            chart.points = self._history.points(device, quantity, snapshot.t - 1.1 * self.span)
            chart.empty, chart.thresholds = _EMPTY[quantity], ()
            chart.display = bool(chart.points or gpu is not None or quantity in ("busy", "memory"))
            self._scale(chart, quantity, snapshot, gpu, limits)
        hidden = sum(not self.query_one(f"#gpu-{quantity}").display for quantity in _TITLES)
        self.set_class(hidden >= 2, "-few")  # a box without those sensors: no empty frames

    @staticmethod
    def _scale(
        chart: HistoryChart, quantity: str, snapshot: HardwareSnapshot, gpu: GpuReading | None, limits: RunLimits
    ) -> None:
        """Set the ends of a chart's axis, and its thresholds."""
        if quantity == "busy":
            chart.top = 1.0
        elif quantity == "memory":
            chart.top = gpu.memory_total if gpu else snapshot.host.memory_total
        elif quantity == "power" and gpu and gpu.cap_w:
            most = max(gpu.cap_w, gpu.usual_cap_w or 0.0)
            step = 50 if most >= 100 else 10
            chart.top = (most * 1.05 // step + 1) * step  # a round number, with the cap's line below the edge
            chart.thresholds = (Threshold(gpu.cap_w, f"cap {gpu.cap_w:.0f}", "secondary"),)
        elif quantity == "temp":
            chart.bottom, chart.top, chart.thresholds = _COOLEST, 100.0, tuple(_heat_thresholds(gpu, limits))


def _heat_thresholds(gpu: GpuReading | None, limits: RunLimits) -> Iterator[Threshold]:
    if heat := limits.heat(gpu.slow_c if gpu else None):
        yield Threshold(heat[0], f"pause {heat[0]:.0f}")
    if gpu and gpu.slow_c:
        yield Threshold(gpu.slow_c, f"slows {gpu.slow_c:.0f}", "error")
