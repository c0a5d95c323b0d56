"""The telemetry of a job: readings of its GPUs (or CPU) for its events, its state and the heat guard."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.hardware.energy import EnergyMeter
from garage_tui.core.hardware.gpu_reading import GpuReading
from garage_tui.core.hardware.hardware_snapshot import HardwareMeter, HardwareSnapshot
from garage_tui.jobs.runtime.progress import Progress

_EVERY = 1.0  # seconds between two readings
_STALE = 10.0  # seconds after which a reading is out of date
_REPORT_EVERY = 10.0  # seconds between two events: an hour of a run is 50 KB


class Telemetry:
    """Reads the sensors once a second in a thread of its own, and writes an event every ten seconds.

    Args:
        progress: its state names the GPUs of the job.
    """

    def __init__(self, progress: Progress, every: float = _EVERY, report_every: float = _REPORT_EVERY) -> None:
        self._progress, self._every, self._report_every = progress, every, report_every
        self._gpus = progress.gpus
        self._meter = HardwareMeter(progress.folder, wake=bool(self._gpus))  # a GPU in use is awake anyway
        self._energy = EnergyMeter(*progress.energy)
        self._over = threading.Event()
        self._snapshot: HardwareSnapshot | None = None
        self._reported_at = -report_every
        self._read_at = 0.0
        self._trouble = self._wrong = ""
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)

    def start(self) -> None:
        """Read the sensors once, then start the thread."""
        with contextlib.suppress(Exception):  # the thread reports what is wrong
            self.read()
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)
        self._meter.close()

    def read(self) -> None:
        """Read the sensors now; called once before the thread starts, then only within it."""
        snapshot, now = self._meter.read(), time.monotonic()
        self._snapshot, self._read_at = snapshot, now
        self._energy.add(now, self._own_gpus(snapshot))
        if now - self._reported_at >= self._report_every:
            self._reported_at = now
            self._progress.write_event("telemetry", **self._event(snapshot))
            if snapshot.trouble != self._trouble:
                self._trouble = snapshot.trouble
                if snapshot.trouble:
                    self._progress.write_event("warning", text=snapshot.trouble)

    @property
    def _fresh(self) -> HardwareSnapshot | None:
        """The last snapshot; None where it is out of date."""
        snapshot = self._snapshot
        return snapshot if snapshot is not None and time.monotonic() - self._read_at <= _STALE else None

    @property
    def temp_c(self) -> float | None:
        """The temperature of the hottest of its GPUs, or of the CPU; None without a current reading."""
        snapshot = self._fresh
        if snapshot is None:
            return None
        if not self._gpus:
            return snapshot.host.temp_c
        return max((one.temp_c for one in self._own_gpus(snapshot) if one.temp_c is not None), default=None)

    @property
    def slow_c(self) -> float | None:
        """The temperature at which the first of its GPUs slows down; None for a CPU, and where it is not reported."""
        own = self._own_gpus(self._snapshot) if self._snapshot else []
        return min((one.slow_c for one in own if one.slow_c is not None), default=None)

    def fields(self) -> dict[str, Any]:
        """Return temperature, power and energy for the events and the state."""
        snapshot = self._fresh
        power = [one.power_w for one in self._own_gpus(snapshot) if one.power_w is not None] if snapshot else []
        known = {
            "temp_c": self.temp_c,
            "power_w": round(sum(power), 1) if power else None,
            "wh": self._energy.wh,
            "wh_from": self._energy.source or None,
        }
        return {key: value for key, value in known.items() if value is not None}

    def _own_gpus(self, snapshot: HardwareSnapshot) -> list[GpuReading]:
        return [reading for reading in snapshot.gpus if str(reading.index) in self._gpus]

    def _event(self, snapshot: HardwareSnapshot) -> dict[str, Any]:
        gpus = [
            {
                "index": one.index,
                "temp_c": one.temp_c,
                "power_w": one.power_w,
                "memory_used": one.memory_used,
                "utilisation": one.utilisation,
            }
            for one in self._own_gpus(snapshot)
        ]
        host = {"cpu": snapshot.host.cpu, "memory_used": snapshot.host.memory_used, "temp_c": snapshot.host.temp_c}
        return {"gpus": gpus, "host": host, **{k: v for k, v in self.fields().items() if k.startswith("wh")}}

    def _run(self) -> None:
        while not self._over.wait(self._every):
            try:
                self.read()
            except Exception as error:  # whatever a sensor does, the heat guard continues
                if str(error) != self._wrong:
                    self._wrong = str(error)
                    print(f"the sensors could not be read: {one_line(repr(error))}; trying again", flush=True)
