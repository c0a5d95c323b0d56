"""Values as people read them: durations, counts, sizes and names of models."""

from __future__ import annotations


def model_label(base: str) -> str:
    """Return a base model's name as people say it: of a folder's path the last part, of any other name all."""
    return base.rstrip("/").rsplit("/", 1)[-1] if base.startswith("/") else base


def duration(seconds: float | None) -> str:
    """Return seconds in words a person reads at a glance: `8 s`, `3 min 20 s`, `2 h 5 min`; `–` for None."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 and whole < 600 else f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def rough_time(seconds: float, *, brief: bool = False) -> str:
    """Return an estimated time as one would say it: `half a minute`, `about 3 minutes`, `a bit over an hour`.

    Every estimate is shown with this function; `duration` is for times that were measured.

    Args:
        brief: `30 s`, `3 min`, `1 h`: the same rounding where there is little space.
    """
    count, unit = _rounded(max(0.0, seconds))
    if brief:
        return f"{count:g} {unit}" if unit != "days" else plural(round(count), "day")
    if text := _SAID.get((count, unit)):
        return text
    name = {"s": "second", "min": "minute", "h": "hour", "days": "day"}[unit]
    if count % 1:
        return f"about {int(count)} and a half {name}s"
    return f"about {plural(int(count), name)}"


_SAID: dict[tuple[float, str], str] = {
    (1, "s"): "a moment",
    (5, "s"): "a few seconds",
    (30, "s"): "half a minute",
    (60, "s"): "about a minute",
    (90, "s"): "a minute and a half",
    (30, "min"): "half an hour",
    (60, "min"): "about an hour",
    (70, "min"): "a bit over an hour",
    (90, "min"): "an hour and a half",
}
"""Times that have a usual name."""


def _rounded(seconds: float) -> tuple[float, str]:
    """Return seconds as a round number of a unit."""
    if seconds < 2:
        return 1, "s"
    if seconds < 53:
        return (max(5, 5 * round(seconds / 5)) if seconds < 22.5 else 10 * round(seconds / 10)), "s"
    if seconds < 105:
        return (60 if seconds < 75 else 90), "s"
    minutes = seconds / 60
    if minutes < 20:
        return round(minutes), "min"
    if minutes < 57.5:
        return 5 * round(minutes / 5), "min"
    if minutes < 105:
        return (60 if minutes < 63 else 70 if minutes < 80 else 90), "min"
    hours = minutes / 60
    if hours < 5:
        return round(2 * hours) / 2, "h"
    return (round(hours), "h") if hours < 36 else (round(hours / 24), "days")


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Return a count with its noun: `1 run`, `2 runs`, `1,200 pictures`.

    Args:
        nouns: the plural, where it is not the noun with an `s`.
    """
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def human_bytes(count: float, *, binary: bool = False, digits: int = 1) -> str:
    """Return a size: `1.2 GB`, `784 MB`, `12 kB`, `0 bytes`.

    Args:
        binary: in powers of 1024, as memory is sold: `23.6 GiB`, `512 MiB`.
        digits: decimals of gigabytes.
    """
    kilo, prefix = (1024, "i") if binary else (1000, "")
    if count >= kilo**3:
        return f"{count / kilo**3:.{digits}f} G{prefix}B"
    if count >= kilo**2:
        return f"{count / kilo**2:.0f} M{prefix}B"
    return f"{count / kilo:.0f} {'K' if binary else 'k'}{prefix}B" if count >= kilo else plural(round(count), "byte")


def ordinal(position: int) -> str:
    """Return a position, counted from 0, as `1st`, `2nd`, `3rd`, `4th` …"""
    number = position + 1
    teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def moment(at: float, now: float) -> str:
    """Return a time as people say it: `today 14:05`, `23 Nov 14:05`, or in another year `23 Nov 2025`.

    Args:
        at: in seconds since 1970, as `now`.
    """
    import time

    then, today = time.localtime(at), time.localtime(now)
    if then[:3] == today[:3]:
        return time.strftime("today %H:%M", then)
    return time.strftime("%d %b %H:%M" if then[0] == today[0] else "%d %b %Y", then)
