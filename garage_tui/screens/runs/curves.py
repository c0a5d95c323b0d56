"""What the chart of a run shows: its loss, and beside it what it has learned, or at what rate it learns."""

from __future__ import annotations

from garage_tui.core.monitor.run_follower import RunProgress
from garage_tui.widgets.line_chart import Series


def curves(told: RunProgress) -> tuple[Series, ...]:
    """Return the curves; what was measured takes the place of the learning rate as soon as there is any."""
    loss = Series("loss", told.curve or ())
    if probe := told.known.probe:
        recall = Series(f"recall {probe.recall:.0%}", told.recall, "success", right=True, percent=True)
        return loss, recall, Series(f"leak {probe.leak:.0%}", told.leak, "error", right=True, percent=True)
    if sheet := told.known.sheet:
        return loss, Series(f"held out {sheet.held_out:.3f}", told.held_out, "secondary", lone=True)
    if len(told.rates) > 1:
        return loss, Series("learning rate", told.rates, "secondary", right=True)
    return (loss,)


def title(told: RunProgress) -> str:
    """Return what stands above the chart."""
    if told.known.probe:
        return "Loss, recall and leak"
    return "Loss, and on pictures held out" if told.known.sheet else "Loss"
