"""Automatic pauses: a job waits in memory while its GPU is hot, and leaves outside of its hours or without sun."""

from __future__ import annotations

import atexit
import time

from garage_tui.core.limits.run_limits import Hold, RunLimits
from garage_tui.core.limits.start_conditions import StartConditions
from garage_tui.core.runs.request import skips_start_conditions
from garage_tui.jobs.runtime.progress import Progress
from garage_tui.jobs.runtime.telemetry import Telemetry

_POLL_SECONDS = 0.2
_BLIND_SECONDS = 300.0  # a sensor that is gone for so long will not come back, and a run must not wait for ever
_REPORT_SECONDS = 2.0  # between two reports of the temperature


class Interruptions:
    """Decides between two steps whether the job may continue, and waits for its GPU to cool.

    Args:
        telemetry: has the temperature.
    """

    def __init__(self, progress: Progress, telemetry: Telemetry, limits: RunLimits) -> None:
        self._progress, self._telemetry, self._run_limits = progress, telemetry, limits
        self._conditions: StartConditions | None = None
        if limits.conditional:
            self._conditions = StartConditions.of_run(progress.folder, limits, started=True)
            atexit.register(self._conditions.close)  # a command that it runs must not outlive the job

    @property
    def too_hot(self) -> bool:
        """True at or above the temperature limit."""
        limits, temp = self._limits, self._telemetry.temp_c
        return limits is not None and temp is not None and temp >= limits[0]

    @property
    def _limits(self) -> tuple[float, float] | None:
        return self._run_limits.heat(self._telemetry.slow_c)

    def hold(self) -> Hold | None:
        """Return what the job has to wait for; None if it may continue, or if the user has started it regardless."""
        if self._conditions is None or skips_start_conditions(self._progress.folder):
            return None
        return self._conditions.hold()

    def cool(self, step: int) -> None:
        """Wait in memory until the GPU has cooled or a request arrives; return at once if it is cool.

        Args:
            step: the last step, for the events.
        """
        limits, hot = self._limits, self._telemetry.temp_c
        if limits is None or hot is None or hot < limits[0]:
            return
        _, resume_at = limits
        reason = f"{hot:.0f} °C, waiting to cool to {resume_at:.0f} °C"
        with self._progress.paused(step, reason, waits="heat", temp_c=hot, until_c=resume_at):
            print(f"paused: {reason}", flush=True)
            reported = known = time.monotonic()
            while not self._progress.requested() and ((temp := self._telemetry.temp_c) is None or temp >= resume_at):
                time.sleep(_POLL_SECONDS)
                now = time.monotonic()
                known = known if temp is None else now
                if now - known > _BLIND_SECONDS:
                    self._progress.warn(
                        "the temperature sensor no longer responds: the run continues without the heat guard"
                    )
                    break
                if now - reported >= _REPORT_SECONDS:
                    reported = now
                    latest = "no temperature reading" if temp is None else f"{temp:.0f} °C now"
                    self._progress.write_state("paused", reason=f"{reason}; {latest}", **self._progress.energy_fields())

    def check(self) -> None:
        """Warn if there is a temperature limit but no sensor."""
        if self._run_limits.max_temp_c and self._telemetry.temp_c is None:
            limit = f"the limit of {self._run_limits.max_temp_c:.0f} °C"
            self._progress.warn(f"no temperature sensor found: {limit} has no effect")
