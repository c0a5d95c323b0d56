"""The history of hardware readings: one a second for ten minutes, means over ten seconds for a day."""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.number_checks import is_number
from garage_tui.core.base.tail import FileFollower
from garage_tui.core.runs.folder import EVENTS

if TYPE_CHECKING:
    from garage_tui.core.hardware.hardware_snapshot import HardwareSnapshot

FINE_SECONDS, COARSE_SECONDS, KEPT_SECONDS = 600, 10, 86_400
BOX = "box"
"""Device name of the box itself; a GPU's name is its index."""
Points = tuple[tuple[float, float], ...]

_MAX_BYTES = 32 * 1024 * 1024  # most bytes of a run's events that are read: a day of a run on a fast GPU
_TELEMETRY = b'"telemetry"'
_QUANTITIES = {"temp_c": "temp", "power_w": "power", "memory_used": "memory", "utilisation": "busy", "cpu": "busy"}
"""Names of telemetry values, and of their quantities here."""


class _Series:
    """One quantity of one device."""

    def __init__(self) -> None:
        self.fine: deque[tuple[float, float]] = deque()
        self.coarse: deque[tuple[int, float, int]] = deque()  # bucket, sum, count

    def add(self, t: float, value: float) -> None:
        if self.fine and t <= self.fine[-1][0]:
            if self.fine[-1][0] - t < COARSE_SECONDS:
                return
            self.fine.clear()  # the clock was set back: drop what is later than now
            while self.coarse and self.coarse[-1][0] >= int(t // COARSE_SECONDS):
                self.coarse.pop()
        self.fine.append((t, value))
        while self.fine[0][0] < t - FINE_SECONDS:
            self.fine.popleft()
        bucket = int(t // COARSE_SECONDS)
        if self.coarse and self.coarse[-1][0] == bucket:
            _, total, count = self.coarse.pop()
            self.coarse.append((bucket, total + value, count + 1))
        else:
            self.coarse.append((bucket, value, 1))
        while self.coarse[0][0] < bucket - KEPT_SECONDS // COARSE_SECONDS:
            self.coarse.popleft()

    def put_before(self, earlier: Iterable[tuple[float, float]]) -> None:
        """Add what was measured before the first value."""
        first = self.coarse[0][0] if self.coarse else float("inf")
        found: dict[int, tuple[float, int]] = {}
        for t, value in earlier:
            if (bucket := int(t // COARSE_SECONDS)) < first:
                total, count = found.get(bucket, (0.0, 0))
                found[bucket] = total + value, count + 1
        self.coarse.extendleft((bucket, *found[bucket]) for bucket in sorted(found, reverse=True))

    def points(self, since: float) -> Points:
        begins = self.fine[0][0] if self.fine else float("inf")
        old = [
            ((bucket + 0.5) * COARSE_SECONDS, total / count)
            for bucket, total, count in self.coarse
            if since <= (bucket + 0.5) * COARSE_SECONDS < begins
        ]
        return (*old, *(point for point in self.fine if point[0] >= since))


class ReadingHistory:
    """Readings of each device over time: `temp` (°C), `power` (W), `memory` (bytes), `busy` (0 to 1). Thread-safe."""

    def __init__(self) -> None:
        self._series: defaultdict[tuple[str, str], _Series] = defaultdict(_Series)
        self._lock = threading.Lock()

    def add(self, snapshot: HardwareSnapshot) -> None:
        """Add the values of a snapshot; an absent one leaves a gap."""
        with self._lock:
            for gpu in snapshot.gpus:
                values = {"temp": gpu.temp_c, "power": gpu.power_w, "memory": gpu.memory_used, "busy": gpu.utilisation}
                self._take(snapshot.t, str(gpu.index), values)
            host = snapshot.host
            self._take(snapshot.t, BOX, {"temp": host.temp_c, "memory": host.memory_used, "busy": host.cpu})

    def _take(self, t: float, device: str, values: dict[str, float | None]) -> None:
        for quantity, value in values.items():
            if value is not None:
                self._series[device, quantity].add(t, value)

    def recall(self, folders: Iterable[Path], since: float) -> None:
        """Add the telemetry that runs have recorded in their events since a Unix time."""
        found: defaultdict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
        for folder in folders:
            for t, device, quantity, value in _recorded(folder, since):
                found[device, quantity].append((t, value))
        with self._lock:
            for key, points in found.items():
                self._series[key].put_before(sorted(points))

    def points(self, device: str, quantity: str, since: float) -> Points:
        """Return (Unix time, value) pairs from `since` on, the oldest first."""
        with self._lock:
            series = self._series.get((device, quantity))
            return series.points(since) if series else ()


def _recorded(folder: Path, since: float) -> Iterator[tuple[float, str, str, float]]:
    """Yield the telemetry of a run folder: time, device, quantity, value."""
    events = FileFollower(folder / EVENTS, tail=_MAX_BYTES)
    while events.behind:
        position = events.position
        for raw in events.read(final=True):
            if _TELEMETRY in raw:
                yield from _values(raw, since)
        if events.position == position:  # it cannot be read
            return


def _values(raw: bytes, since: float) -> Iterator[tuple[float, str, str, float]]:
    try:
        event: dict[str, Any] = json.loads(raw)
        t, gpus, host = float(event["t"]), event["gpus"], event["host"]
        devices = [(BOX, host), *((str(gpu["index"]), gpu) for gpu in gpus)]
        if event["event"] != "telemetry" or not since <= t < since + 2 * KEPT_SECONDS:  # NaN is neither
            return
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return  # damaged by a power cut, or written by another program
    for device, values in devices:
        for key, quantity in _QUANTITIES.items():
            if isinstance(values, dict) and is_number(value := values.get(key)):
                yield t, device, quantity, float(value)
