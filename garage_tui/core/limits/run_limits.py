"""What a run waits for: a cool GPU, the hours that its owner allows, and the sun. Kept in the run's manifest."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.settings import Celsius, Settings, Watts, WhileTraining

Waits = Literal["", "heat", "hours", "sun", "card", "memory"]

BELOW_SLOW = 5.0
"""Without a limit of the owner's, a run pauses so many °C below the point where its GPU slows itself down."""
COOLS_BY = 10.0
"""Without one, it goes on when the GPU has cooled by so many °C."""


class RunLimits(msgspec.Struct, frozen=True, omit_defaults=True):
    """The limits of one run."""

    max_temp_c: Celsius | None = None
    resume_temp_c: Celsius | None = None
    power_cap_w: Watts | None = None
    only: tuple[str, ...] = ()
    """Windows of time in which it may work; none allows all."""
    quiet: tuple[str, ...] = ()
    """Windows in which it may not."""
    sunny: bool = False
    """It waits for the sun."""
    start_w: float = 0.0
    """Watts to spare from which it works."""
    stop_w: float = 0.0
    """Watts to spare below which it stops, after `patience_seconds` of it."""
    patience_seconds: float = 300.0
    card: WhileTraining = "auto"
    """Whose the card is when its turn comes while a server has its model there."""

    @property
    def conditional(self) -> bool:
        """True where it may only work at certain hours, or with the sun."""
        return bool(self.only or self.quiet or self.sunny)


class Hold(msgspec.Struct, frozen=True):
    """Why a run does not work now, for a person."""

    waits: Waits
    reason: str


def care_of(settings: Settings, **changes: object) -> RunLimits:
    """Return the limits that the settings give, with `changes` (None: as in the settings) over them.

    Raises:
        BadInputError: a value is out of its range, or they contradict each other.
    """
    heat, sun = settings.heat, settings.sun
    given: dict[str, object] = {
        "max_temp_c": heat.max_temp_c,
        "resume_temp_c": heat.resume_temp_c,
        "power_cap_w": heat.power_cap_w,
        "only": settings.hours.only,
        "quiet": settings.hours.quiet,
        "sunny": sun.wait,
        "start_w": sun.start_w,
        "stop_w": sun.stop_w,
        "patience_seconds": sun.patience_minutes * 60,
        "card": settings.serve.while_training,
    }
    given |= {key: value for key, value in changes.items() if value is not None}
    if wrong := [key for key, value in given.items() if isinstance(value, float) and not math.isfinite(value)]:
        raise BadInputError(f"{', '.join(wrong)}: expected a finite number")
    try:
        care = msgspec.convert(given, RunLimits)
    except msgspec.ValidationError as error:
        raise BadInputError(f"{error}".replace("`$.", "`")) from error
    from garage_tui.core.limits import time_windows as hours  # 3 ms, and every reader of a manifest comes by here

    for text in (*care.only, *care.quiet):
        hours.parse(text)
    if care.max_temp_c and care.resume_temp_c and care.resume_temp_c >= care.max_temp_c:
        what = f"resume_temp_c {care.resume_temp_c:g} must be below max_temp_c {care.max_temp_c:g}"
        raise BadInputError(f"{what}: a run that pauses has to cool before it goes on")
    if care.sunny and not sun.command:
        raise BadInputError("nothing says how much sun there is: name a command in [sun] of your garage.toml (README)")
    return care


def heat_limits(care: RunLimits, slow_c: float | None) -> tuple[float, float] | None:
    """Return the °C at which a run pauses and goes on; None where nothing limits it.

    Args:
        slow_c: where the GPU slows itself down, if it says so; None for a processor, which is only guarded when its
            owner asks for it: many work at their limit by design.
    """
    most = care.max_temp_c or (slow_c - BELOW_SLOW if slow_c else None)
    if most is None:
        return None
    again = care.resume_temp_c or most - COOLS_BY
    return most, min(again, most - 1)


def options(care: RunLimits, usual: RunLimits) -> list[str]:
    """Return the options of `garage train` that say what differs from `usual`."""
    said: list[str] = []
    for flag, value, other in (
        ("--max-temp", care.max_temp_c, usual.max_temp_c),
        ("--power-cap", care.power_cap_w, usual.power_cap_w),
    ):
        if value is not None and value != other:
            said += [flag, f"{value:g}"]
    if care.only != usual.only:
        for window in care.only:
            said += ["--only", window]
    if care.sunny != usual.sunny:
        said.append("--sunny" if care.sunny else "--no-sunny")
    return said


def in_words(care: RunLimits) -> str:
    """Return what a run waits for beyond what every run does: `only 22:00-06:00 · from 300 W of sun`."""
    parts = [f"only {', '.join(care.only)}" if care.only else "", f"not {', '.join(care.quiet)}" if care.quiet else ""]
    parts.append(f"from {care.start_w:.0f} W of sun" if care.sunny else "")
    parts.append(f"pauses at {care.max_temp_c:.0f} °C" if care.max_temp_c else "")
    parts.append(f"power cap {care.power_cap_w:.0f} W" if care.power_cap_w else "")
    return one_line(" · ".join(filter(None, parts)), 300)  # a manifest may be somebody else's
