"""When a job rests by itself: while its GPU is too hot, in memory; out of its hours or without sun, by leaving."""

from __future__ import annotations

import atexit
import time

from garage_tui.core.limits.run_limits import Hold, RunLimits
from garage_tui.core.limits.start_conditions import StartConditions
from garage_tui.core.runs.request import skips_start_conditions
from garage_tui.jobs.runtime.progress import Progress
from garage_tui.jobs.runtime.telemetry import Telemetry

_LOOK_SECONDS = 0.2
_BLIND_SECONDS = 300.0  # a sensor that is gone for so long does not come back, and a run must not wait for ever
_SAY_SECONDS = 2.0  # between two words about how hot it is now


class Interruptions:
    """Says between two steps whether the job may go on, and waits for its GPU to cool.

    Args:
        telemetry: knows how hot it is.
    """

    def __init__(self, progress: Progress, telemetry: Telemetry, care: RunLimits) -> None:
        self._progress, self._telemetry, self._care = progress, telemetry, care
        self._conditions: StartConditions | None = None
        if care.conditional:
            self._conditions = StartConditions.of_run(progress.folder, care, started=True)
            atexit.register(self._conditions.close)  # what it asks must not outlive the job

    @property
    def too_hot(self) -> bool:
        """True above the limit."""
        limits, temp = self._limits, self._telemetry.temp_c
        return limits is not None and temp is not None and temp >= limits[0]

    @property
    def _limits(self) -> tuple[float, float] | None:
        return self._care.heat(self._telemetry.slow_c)

    def hold(self) -> Hold | None:
        """Return what the job has to leave for; None where it may work on, and where its owner said: go."""
        if self._conditions is None or skips_start_conditions(self._progress.folder):
            return None
        return self._conditions.hold()

    def cool(self, step: int) -> None:
        """Wait in memory until it has cooled, or until something else is wanted; returns at once where it is cool.

        Args:
            step: the last step that is done; it is for the events.
        """
        limits, hot = self._limits, self._telemetry.temp_c
        if limits is None or hot is None or hot < limits[0]:
            return
        _, again = limits
        words = f"{hot:.0f} °C, waiting for {again:.0f}"
        with self._progress.resting(step, words, waits="heat", temp_c=hot, until_c=again):
            print(f"paused: {words}", flush=True)
            said = known = time.monotonic()
            while not self._progress.wish() and ((temp := self._telemetry.temp_c) is None or temp >= again):
                time.sleep(_LOOK_SECONDS)
                now = time.monotonic()
                known = known if temp is None else now
                if now - known > _BLIND_SECONDS:
                    self._progress.warn("nothing tells any more how hot it is: it goes on without the heat guard")
                    break
                if now - said >= _SAY_SECONDS:
                    said = now
                    here = "it does not say how hot it is" if temp is None else f"{temp:.0f} °C now"
                    self._progress.state("paused", reason=f"{words}; {here}", **self._progress.used())

    def check(self) -> None:
        """Warn where the owner has set a limit that nothing here can hold."""
        if self._care.max_temp_c and self._telemetry.temp_c is None:
            limit = f"the limit of {self._care.max_temp_c:.0f} °C"
            self._progress.warn(f"nothing here tells a temperature: {limit} cannot act")
