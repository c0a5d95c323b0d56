"""What the gauges said: every second for some minutes, means of ten seconds for a day."""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.numbers import is_number
from garage_tui.core.base.tail import FileFollower
from garage_tui.core.runs.folder import EVENTS

if TYPE_CHECKING:
    from garage_tui.core.hardware.snapshot import HardwareSnapshot

FINE_SECONDS, COARSE_SECONDS, KEPT_SECONDS = 600, 10, 86_400
BOX = "box"
"""The device that is no GPU; GPUs are called by their index."""
Points = tuple[tuple[float, float], ...]

_MOST_BYTES = 32 * 1024 * 1024  # of one run's events that are read: a day of a run on a fast GPU
_MARK = b'"telemetry"'
_QUANTITIES = {"temp_c": "temp", "power_w": "power", "memory_used": "memory", "utilisation": "busy", "cpu": "busy"}
"""What the values of telemetry are called here."""


class _Line:
    """One quantity of one device."""

    def __init__(self) -> None:
        self.fine: deque[tuple[float, float]] = deque()
        self.coarse: deque[tuple[int, float, int]] = deque()  # bucket, sum, count

    def add(self, t: float, value: float) -> None:
        if self.fine and t <= self.fine[-1][0]:
            if self.fine[-1][0] - t < COARSE_SECONDS:
                return
            self.fine.clear()  # the clock was put back: what is later than now never was
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
        """Take what was measured before the first value here."""
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
    """All quantities of each device: `temp` (°C), `power` (W), `memory` (bytes), `busy` (0 to 1). Shared by threads."""

    def __init__(self) -> None:
        self._lines: defaultdict[tuple[str, str], _Line] = defaultdict(_Line)
        self._guard = threading.Lock()

    def add(self, look: HardwareSnapshot) -> None:
        """Take a look's values; what is absent leaves a gap."""
        with self._guard:
            for gpu in look.gpus:
                values = {"temp": gpu.temp_c, "power": gpu.power_w, "memory": gpu.memory_used, "busy": gpu.utilisation}
                self._take(look.t, str(gpu.index), values)
            host = look.host
            self._take(look.t, BOX, {"temp": host.temp_c, "memory": host.memory_used, "busy": host.cpu})

    def _take(self, t: float, device: str, values: dict[str, float | None]) -> None:
        for quantity, value in values.items():
            if value is not None:
                self._lines[device, quantity].add(t, value)

    def recall(self, folders: Iterable[Path], since: float) -> None:
        """Take up what runs have told of the time before, from their events."""
        found: defaultdict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
        for folder in folders:
            for t, device, quantity, value in _told(folder, since):
                found[device, quantity].append((t, value))
        with self._guard:
            for key, points in found.items():
                self._lines[key].put_before(sorted(points))

    def points(self, device: str, quantity: str, since: float) -> Points:
        """Return (Unix time, value) from `since` on, the oldest first."""
        with self._guard:
            line = self._lines.get((device, quantity))
            return line.points(since) if line else ()


def _told(folder: Path, since: float) -> Iterator[tuple[float, str, str, float]]:
    """Yield the telemetry of a run folder: time, device, quantity, value."""
    story = FileFollower(folder / EVENTS, tail=_MOST_BYTES)
    while story.behind:
        before = story.position
        for raw in story.read(final=True):
            if _MARK in raw:
                yield from _values(raw, since)
        if story.position == before:  # it cannot be read
            return


def _values(raw: bytes, since: float) -> Iterator[tuple[float, str, str, float]]:
    try:
        event: dict[str, Any] = json.loads(raw)
        t, gpus, host = float(event["t"]), event["gpus"], event["host"]
        devices = [(BOX, host), *((str(gpu["index"]), gpu) for gpu in gpus)]
        if event["event"] != "telemetry" or not since <= t < since + 2 * KEPT_SECONDS:  # NaN is neither
            return
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return  # torn by a power cut, or written by somebody else
    for device, values in devices:
        for key, quantity in _QUANTITIES.items():
            if isinstance(values, dict) and is_number(value := values.get(key)):
                yield t, device, quantity, float(value)
