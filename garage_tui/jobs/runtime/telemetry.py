"""What a job's GPUs (or its processor) say while it works: into its events, and for whoever guards the heat."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

from garage_tui.core.hardware.energy import EnergyMeter
from garage_tui.core.hardware.reading import GpuReading
from garage_tui.core.hardware.snapshot import HardwareMeter, HardwareSnapshot
from garage_tui.jobs.runtime.progress import Progress

_EVERY = 1.0  # seconds between two looks
_STALE = 10.0  # seconds after which a look is not believed any more
_TELL = 10.0  # seconds between two events: an hour of a run is 50 KB


class Telemetry:
    """Looks once a second, in a thread of its own, and tells every ten.

    Args:
        progress: whose state says on which GPUs the job works.
    """

    def __init__(self, progress: Progress, every: float = _EVERY, tell: float = _TELL) -> None:
        self._progress, self._every, self._tell = progress, every, tell
        self._gpus = progress.gpus
        self._meter = HardwareMeter(progress.folder, wake=bool(self._gpus))  # a GPU that works is awake
        self._energy = EnergyMeter(*progress.energy)
        self._over = threading.Event()
        self._look: HardwareSnapshot | None = None
        self._told = -tell
        self._looked = 0.0
        self._trouble = self._wrong = ""
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)

    def start(self) -> None:
        """Take the first look, and go on in a thread."""
        with contextlib.suppress(Exception):  # the thread says what is wrong
            self.look()
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)
        self._meter.close()

    def look(self) -> None:
        """Look now: once before the thread begins, then in it."""
        look, now = self._meter.read(), time.monotonic()
        self._look, self._looked = look, now
        self._energy.add(now, self._own(look))
        if now - self._told >= self._tell:
            self._told = now
            self._progress.event("telemetry", **self._event(look))
            if look.trouble != self._trouble:
                self._trouble = look.trouble
                if look.trouble:
                    self._progress.event("warning", text=look.trouble)

    @property
    def _fresh(self) -> HardwareSnapshot | None:
        """The last look; None where it is too old to be believed."""
        look = self._look
        return look if look is not None and time.monotonic() - self._looked <= _STALE else None

    @property
    def temp_c(self) -> float | None:
        """The hottest of its GPUs, or the processor, at the last look; None where nothing is told."""
        look = self._fresh
        if look is None:
            return None
        if not self._gpus:
            return look.host.temp_c
        return max((one.temp_c for one in self._own(look) if one.temp_c is not None), default=None)

    @property
    def slow_c(self) -> float | None:
        """Where the first of its GPUs slows itself down; None for a processor, and where it does not say."""
        own = self._own(self._look) if self._look else []
        return min((one.slow_c for one in own if one.slow_c is not None), default=None)

    def fields(self) -> dict[str, Any]:
        """Return what an event of a step says of heat, power and energy, and the state of energy."""
        look = self._fresh
        power = [one.power_w for one in self._own(look) if one.power_w is not None] if look else []
        known = {
            "temp_c": self.temp_c,
            "power_w": round(sum(power), 1) if power else None,
            "wh": self._energy.wh,
            "wh_from": self._energy.source or None,
        }
        return {key: value for key, value in known.items() if value is not None}

    def _own(self, look: HardwareSnapshot) -> list[GpuReading]:
        return [reading for reading in look.gpus if str(reading.index) in self._gpus]

    def _event(self, look: HardwareSnapshot) -> dict[str, Any]:
        gpus = [
            {
                "index": one.index,
                "temp_c": one.temp_c,
                "power_w": one.power_w,
                "memory_used": one.memory_used,
                "utilisation": one.utilisation,
            }
            for one in self._own(look)
        ]
        host = {"cpu": look.host.cpu, "memory_used": look.host.memory_used, "temp_c": look.host.temp_c}
        return {"gpus": gpus, "host": host, **{k: v for k, v in self.fields().items() if k.startswith("wh")}}

    def _run(self) -> None:
        while not self._over.wait(self._every):
            try:
                self.look()
            except Exception as error:  # whatever a sensor does, the guard goes on looking
                if str(error) != self._wrong:
                    self._wrong = str(error)
                    print(f"the gauges could not be read: {error!r}; it is tried again", flush=True)
