"""The details of the chosen run: a summary and the chart of its loss."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from garage_tui.core.monitor.run_follower import RunMeasurements, RunProgress
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.core.settings.settings import EnergySettings
from garage_tui.screens.runs import curves
from garage_tui.screens.runs.summary import summary
from garage_tui.widgets.charts.line_chart import LineChart


class RunDetails(Horizontal):
    """Shows one run beside the curves of what it measures.

    Args:
        prices: of energy.
    """

    def __init__(self, prices: EnergySettings) -> None:
        super().__init__(id="runs-details")
        self._prices = prices
        self._measured_id, self._measurements = "", RunMeasurements()

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="runs-summary", classes="panel"):
            yield Static(id="runs-text")
        yield LineChart(id="runs-chart", classes="panel")

    def on_mount(self) -> None:
        self.query_one(LineChart).border_title = "Loss"

    def show(self, run: RunSnapshot) -> None:
        """Show the summary of a run."""
        measurements = self._measurements if self._measured_id == run.id else None
        self.query_one("#runs-summary").border_title = Content(run.label.name or run.id)
        self.query_one("#runs-text", Static).update(summary(run, measurements, self._prices))
        self.query_one(LineChart).empty = _without_curve(run)

    def show_progress(self, progress: RunProgress) -> bool:
        """Draw what a run wrote; return whether its summary changes with that."""
        chart = self.query_one(LineChart)
        if progress.fresh:
            chart.series = ()
        if progress.curve is not None:
            chart.series, chart.border_title = curves.curves(progress), curves.title(progress)
        if (progress.run_id, progress.measurements) == (self._measured_id, self._measurements):
            return False
        self._measured_id, self._measurements = progress.run_id, progress.measurements
        return True


def _without_curve(run: RunSnapshot) -> str:
    """Return the text that is shown where there is no curve yet, or none to come."""
    steps = run.state.step if run.state else 0
    if run.alive and steps != 1:
        return "The curve begins with the first steps."
    return {0: "No steps were taken.", 1: "A curve needs two steps."}.get(steps, "The run recorded no losses.")
