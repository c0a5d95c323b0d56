"""Limits of a run: temperature, power cap, time windows and solar surplus. The run's manifest keeps them."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.number_checks import validation_text
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import user_settings_file
from garage_tui.core.settings.settings import Settings
from garage_tui.core.settings.types import Celsius, Watts, WhileTraining

Waits = Literal["", "heat", "hours", "sun", "card", "memory", "place"]

BELOW_SLOW = 5.0
"""Without a limit in the settings, a run pauses this many °C below the temperature at which its GPU throttles."""
COOLS_BY = 10.0
"""Without a limit in the settings, a paused run resumes when its GPU has cooled by this many °C."""


class RunLimits(msgspec.Struct, frozen=True, omit_defaults=True):
    """The limits of one run: temperature, power cap, time windows, solar surplus, and who yields the GPU."""

    max_temp_c: Celsius | None = None
    resume_temp_c: Celsius | None = None
    power_cap_w: Watts | None = None
    only: tuple[str, ...] = ()
    """Time windows in which the run may work; an empty tuple allows all times."""
    quiet: tuple[str, ...] = ()
    """Time windows in which it may not work."""
    sunny: bool = False
    """True makes the run wait for a solar surplus."""
    start_w: float = 0.0
    """Surplus in watts from which it works."""
    stop_w: float = 0.0
    """Surplus in watts below which it pauses, once that has lasted `patience_seconds`."""
    patience_seconds: float = 300.0
    card: WhileTraining = "auto"
    """What the run does at its admission if a model server occupies its GPU."""

    @classmethod
    def from_settings(cls, settings: Settings, **changes: object) -> RunLimits:
        """Return the limits of the settings with `changes` over them; a change that is None keeps the setting.

        Raises:
            BadInputError: a value is out of its range, or two of them contradict each other.
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
            raise BadInputError(f"{', '.join(wrong)}: must be a finite number")
        try:
            limits = msgspec.convert(given, cls)
        except msgspec.ValidationError as error:
            raise BadInputError(validation_text(error)) from error
        from garage_tui.core.limits import time_windows  # 3 ms, and every reader of a manifest imports this module

        for text in (*limits.only, *limits.quiet):
            time_windows.parse(text)
        if limits.max_temp_c and limits.resume_temp_c and limits.resume_temp_c >= limits.max_temp_c:
            what = f"resume_temp_c {limits.resume_temp_c:g} must be below max_temp_c {limits.max_temp_c:g}"
            raise BadInputError(f"{what}: a paused run resumes only after it has cooled")
        if limits.sunny and not sun.command:
            raise BadInputError(
                f"no command measures the solar surplus: set `command` in [sun] of {user_settings_file()}"
            )
        return limits

    @property
    def conditional(self) -> bool:
        """True if the run may only work in certain time windows, or with a solar surplus."""
        return bool(self.only or self.quiet or self.sunny)

    def heat(self, slow_c: float | None) -> tuple[float, float] | None:
        """Return the temperatures in °C at which a run pauses and resumes; None if nothing limits it.

        Args:
            slow_c: temperature at which the GPU throttles itself, if it reports one; None for a processor, which is
                only guarded if `max_temp_c` is set: many processors work at their limit by design.
        """
        pause = self.max_temp_c or (slow_c - BELOW_SLOW if slow_c else None)
        if pause is None:
            return None
        return pause, min(self.resume_temp_c or pause - COOLS_BY, pause - 1)

    def at_a_place(self) -> RunLimits:
        """Return the limits that count at another place: hours and sun are about this box, and so is the power cap."""
        return msgspec.structs.replace(self, only=(), quiet=(), sunny=False, power_cap_w=None)

    def options(self, default: RunLimits) -> list[str]:
        """Return the options of `garage train` for what differs from `default`."""
        arguments: list[str] = []
        for flag, value, other in (
            ("--max-temp", self.max_temp_c, default.max_temp_c),
            ("--power-cap", self.power_cap_w, default.power_cap_w),
        ):
            if value is not None and value != other:
                arguments += [flag, f"{value:g}"]
        if self.only != default.only:
            for window in self.only:
                arguments += ["--only", window]
        if self.sunny != default.sunny:
            arguments.append("--sunny" if self.sunny else "--no-sunny")
        return arguments

    def describe(self) -> str:
        """Return the limits for a person: `only 22:00-06:00 · from 300 W of solar surplus`; empty without any."""
        parts = [
            f"only {', '.join(self.only)}" if self.only else "",
            f"not {', '.join(self.quiet)}" if self.quiet else "",
            f"from {self.start_w:.0f} W of solar surplus" if self.sunny else "",
            f"pauses at {self.max_temp_c:.0f} °C" if self.max_temp_c else "",
            f"power cap {self.power_cap_w:.0f} W" if self.power_cap_w else "",
        ]
        return one_line(" · ".join(filter(None, parts)), 300)  # a manifest may be somebody else's


class Hold(msgspec.Struct, frozen=True):
    """Why a run does not work now: the kind of limit, and a sentence for a person."""

    waiting_for: Waits
    reason: str
