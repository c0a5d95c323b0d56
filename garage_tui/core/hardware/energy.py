"""Energy in watt-hours: from the GPUs' own counters if they have any, else integrated from their power."""

from __future__ import annotations

from collections.abc import Iterable

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.hardware.gpu_reading import GpuReading
from garage_tui.core.settings.settings import EnergySettings

_JOULES = 3600.0  # in a watt-hour
_GAP_SECONDS = 30.0  # over a longer gap between two readings the power is unknown


class EnergyMeter:
    """Counts the energy that a set of GPUs has used since the first reading.

    Sources: nvmlDeviceGetTotalEnergyConsumption (mJ since the driver was loaded; Volta and newer), else
    nvmlDeviceGetPowerUsage by the trapezoid rule.

    Args:
        wh, source: energy used before a run was resumed, and how it was measured.
    """

    def __init__(self, wh: float | None = None, source: str = "") -> None:
        self._wh, self._sources = wh, set(filter(None, source.split(" and ")))
        self._before: dict[str, tuple[float, GpuReading]] = {}

    @property
    def wh(self) -> float | None:
        """Watt-hours so far; None if nothing could be measured."""
        return None if self._wh is None else round(self._wh, 4)

    @property
    def source(self) -> str:
        """`counter`, `power`, or both."""
        return " and ".join(sorted(self._sources))

    def add(self, t: float, readings: Iterable[GpuReading]) -> None:
        """Count the energy since the previous readings.

        Args:
            t: seconds on any clock that only goes forward.
        """
        for reading in readings:
            then, last = self._before.get(reading.uuid, (t, reading))
            joules, source = _used(last, reading, t - then)
            if joules is not None:
                self._wh = (self._wh or 0.0) + joules / _JOULES
                self._sources.add(source)
            if not (reading.lost or reading.asleep):
                self._before[reading.uuid] = (t, reading)


def _used(last: GpuReading, reading: GpuReading, seconds: float) -> tuple[float | None, str]:
    if last.energy_j is not None and reading.energy_j is not None:
        # A driver that was reloaded counts from zero.
        return max(0.0, reading.energy_j - last.energy_j), "counter"
    if last.power_w is not None and reading.power_w is not None:
        return ((last.power_w + reading.power_w) / 2 * seconds if seconds <= _GAP_SECONDS else 0.0), "power"
    return None, ""


def describe_energy(wh: float | None, source: str, prices: EnergySettings) -> str:
    """Return an energy with its cost: `12.3 Wh, 0.004 €, 5 g CO₂`; empty if nothing was measured."""
    if wh is None:
        return ""
    parts = [format_wh(wh)]
    if prices.price_per_kwh is not None:
        parts.append(f"{wh / 1000 * prices.price_per_kwh:.2g} {one_line(prices.currency, 8)}")
    if prices.co2_g_per_kwh is not None:
        parts.append(f"{wh / 1000 * prices.co2_g_per_kwh:.2g} g CO₂")
    if "power" in source:
        parts.append("integrated from its power" if source == "power" else "partly integrated from its power")
    return ", ".join(parts)


def format_wh(wh: float) -> str:
    """Return an energy with three digits: `0.52 Wh`, `12.3 Wh`, `1.24 kWh`."""
    if wh >= 1000:
        return f"{wh / 1000:.2f} kWh"
    return f"{wh:.2f} Wh" if wh < 10 else f"{wh:.1f} Wh" if wh < 100 else f"{wh:.0f} Wh"
