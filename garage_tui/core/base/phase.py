"""A phase of work: what happens now, since when, and how much of it is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from garage_tui.core.base.format import duration, rough_time

_REPORT_SECONDS = 0.5
_SHOWN_AFTER = 2.0
"""Seconds after which a phase shows its time."""
_FORECAST_AFTER, _FORECAST_SHARE = 3.0, 0.03
"""Seconds, and share of the work, from which on the time that is left can be told."""


class Say(Protocol):
    """A function to which long work reports what it does, and how much of that is done."""

    def __call__(self, text: str, /, done: int = 0, total: int = 0, unit: str = "") -> None: ...


@dataclass(frozen=True)
class Phase:
    """What happens now."""

    text: str
    done: int = 0
    total: int = 0
    """0 where nothing can be counted."""
    unit: str = ""
    """What is counted, where the text does not say it: `MB`, `steps`."""
    started: float | None = None
    """Seconds since 1970."""

    @property
    def share(self) -> float | None:
        """How much is done, from 0 to 1; None where nothing is counted."""
        return min(1.0, self.done / self.total) if self.total > 0 else None

    @property
    def count(self) -> str:
        """`40 of 224`, `12 of 145 MB`; empty where nothing is counted."""
        return f"{self.done:,} of {self.total:,} {self.unit}".rstrip() if self.total > 0 else ""

    @property
    def counted(self) -> str:
        """The text with the count: `asking the base: 40 of 224`."""
        return f"{self.text}: {self.count}" if self.total > 0 else self.text

    def elapsed(self, now: float | None = None) -> float | None:
        """Return the seconds since it began; None where that is unknown."""
        return None if self.started is None else max(0.0, (time.time() if now is None else now) - self.started)

    def left(self, now: float | None = None) -> float | None:
        """Return the seconds that are left, if the rest takes as long as what is done; None where too little is."""
        elapsed, share = self.elapsed(now), self.share
        if elapsed is None or not share or elapsed < _FORECAST_AFTER or share < _FORECAST_SHARE:
            return None
        return elapsed * (1 - share) / share

    def times(self, now: float | None = None, *, brief: bool = False) -> list[str]:
        """Return the time since it began and the time that is left, as far as they can be told."""
        elapsed, left = self.elapsed(now), self.left(now)
        parts = [] if elapsed is None or elapsed < _SHOWN_AFTER else [duration(elapsed)]
        return parts if left is None or left < 1 else [*parts, f"{rough_time(left, brief=brief)} left"]

    @property
    def numbers(self) -> str:
        """The count and the times: `40 of 224 · 12 s · 50 s left`."""
        return " · ".join(filter(None, [self.count, *self.times(brief=True)]))

    def describe(self, now: float | None = None, *, brief: bool = False) -> str:
        """Return all in one line: `asking the base: 40 of 224 · 12 s · about 50 seconds left`.

        Args:
            now: seconds since 1970; by default the present.
            brief: shorten the time that is left.
        """
        return " · ".join([self.counted, *self.times(now, brief=brief)])


def with_counts(say: Callable[[str], None]) -> Say:
    """Return a function that passes on reports as one text, with its count; a new count of the same twice a second."""
    last, reported = "", 0.0

    def report(text: str, /, done: int = 0, total: int = 0, unit: str = "") -> None:
        nonlocal last, reported
        if text != last or time.monotonic() - reported >= _REPORT_SECONDS:
            last, reported = text, time.monotonic()
            say(Phase(text, done, total, unit).counted)

    return report


def without_counts(say: Callable[[str], None]) -> Say:
    """Return a function that passes on each new text once, without the counts: for a list of what was done."""
    last = ""

    def report(text: str, /, done: int = 0, total: int = 0, unit: str = "") -> None:
        nonlocal last
        if text != last:
            last = text
            say(text)

    return report


def silent(text: str, /, done: int = 0, total: int = 0, unit: str = "") -> None:
    """Report nothing."""
