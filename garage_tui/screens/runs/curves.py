"""The curves in the chart of a run: its loss, and beside it its probes, or its learning rate."""

from __future__ import annotations

from garage_tui.core.monitor.run_follower import RunProgress
from garage_tui.widgets.charts.line_chart import Series


def curves(progress: RunProgress) -> tuple[Series, ...]:
    """Return the curves; probes and held-out loss replace the learning rate as soon as there are any."""
    loss = Series("loss", progress.curve or ())
    if probe := progress.measurements.probe:
        recall = Series(f"recall {probe.recall:.0%}", progress.recall, "success", right=True, percent=True)
        return loss, recall, Series(f"leak {probe.leak:.0%}", progress.leak, "error", right=True, percent=True)
    if sheet := progress.measurements.sheet:
        return loss, Series(f"held out {sheet.held_out:.3f}", progress.held_out, "secondary", lone=True)
    if len(progress.rates) > 1:
        return loss, Series("learning rate", progress.rates, "secondary", right=True)
    return (loss,)


def title(progress: RunProgress) -> str:
    """Return the title of the chart."""
    if progress.measurements.probe:
        return "Loss, recall and leak"
    return "Loss and held-out loss" if progress.measurements.sheet else "Loss"
