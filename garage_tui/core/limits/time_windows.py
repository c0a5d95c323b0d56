"""Time windows in which a run may work, such as `22:00-06:00` or `sat-sun 10:00-18:00`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import quoted

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(r"(?:(?P<from>[a-z]{3})(?:-(?P<to>[a-z]{3}))?\s+)?(?P<a>\d\d?):(?P<b>\d\d)-(?P<c>\d\d?):(?P<d>\d\d)")
_EXAMPLE = "write 22:00-06:00, or with days: sat-sun 10:00-18:00"
_MINUTES = 24 * 60


@dataclass(frozen=True)
class TimeWindow:
    """A window on each named day; one that ends before it begins continues after midnight."""

    days: frozenset[int]
    """0 is Monday."""
    begin: int
    """Minutes after midnight."""
    end: int

    def contains(self, at: datetime) -> bool:
        """Return whether a moment is inside the window."""
        minute, today = at.hour * 60 + at.minute, at.weekday()
        if self.begin < self.end:
            return today in self.days and self.begin <= minute < self.end
        yesterday = (today - 1) % 7
        return (today in self.days and minute >= self.begin) or (yesterday in self.days and minute < self.end)


def parse(text: str) -> TimeWindow:
    """Return the window that a setting describes.

    Raises:
        BadInputError: it is not a time window; the text shows how to write one.
    """
    found = _FORM.fullmatch(text.strip().lower())
    if found is None:
        raise BadInputError(f"{quoted(text)} is not a time window: {_EXAMPLE}")
    begin, end = (int(found[hour]) * 60 + int(found[minute]) for hour, minute in ("ab", "cd"))
    if int(found["b"]) > 59 or int(found["d"]) > 59 or begin >= _MINUTES or end > _MINUTES or begin == end:
        raise BadInputError(f"{quoted(text)} is not a time window: {_EXAMPLE}")
    first, last = found["from"], found["to"] or found["from"]
    if first is None:
        return TimeWindow(frozenset(range(7)), begin, end)
    if first not in _DAYS or last not in _DAYS:
        raise BadInputError(f"{quoted(text)} does not name a day of the week: {_EXAMPLE}")
    low, high = _DAYS.index(first), _DAYS.index(last)
    return TimeWindow(frozenset((low + step) % 7 for step in range((high - low) % 7 + 1)), begin, end)


def allowed(only: Sequence[str], quiet: Sequence[str], at: datetime) -> bool:
    """Return whether a run may work: inside a window of `only` (if there are any), and outside all of `quiet`."""
    inside = not only or any(parse(text).contains(at) for text in only)
    return inside and not any(parse(text).contains(at) for text in quiet)


def opens(only: Sequence[str], quiet: Sequence[str], at: datetime) -> datetime | None:
    """Return the next minute at which a run may work; None if it may not within a week."""
    minute = at.replace(second=0, microsecond=0)
    windows, quiet_windows = [parse(text) for text in only], [parse(text) for text in quiet]
    for _ in range(8 * _MINUTES):
        inside = not windows or any(window.contains(minute) for window in windows)
        if inside and not any(window.contains(minute) for window in quiet_windows):
            return minute
        minute += timedelta(minutes=1)
    return None


def describe_opening(moment: datetime | None, at: datetime) -> str:
    """Return the time that a run waits for: `22:00`, or with its day if that is more than a day away."""
    if moment is None:
        return "a time that never comes: `only` and `quiet` exclude all times"
    return moment.strftime("%H:%M" if moment - at < timedelta(days=1) else "%a %H:%M")
