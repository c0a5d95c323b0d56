"""Looks at the GPUs through NVML (`pynvml`), with the driver held open between two looks.

Every metric is tried once: what a GPU does not support is never asked for again. A driver that is missing, that is
reset in mid-run, or a GPU that falls off the bus becomes a sentence, and is tried again until it answers.
Source: NVIDIA's NVML API reference; a function that an older driver lacks counts as unsupported.
"""

from __future__ import annotations

import contextlib
import ctypes
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.hardware import pci
from garage_tui.core.hardware.process_owner import owner
from garage_tui.core.hardware.reading import GpuProcess, GpuReading

_RETRY_SECONDS = 5.0  # a driver that does not answer is not asked at every look
_WSL = Path("/dev/dxg")

_HELD_BACK = (
    (0x0000000000000004, "power cap"),
    (0x0000000000000008, "heat or power (hardware slowdown)"),
    (0x0000000000000010, "clocks of another GPU (sync boost)"),
    (0x0000000000000020, "heat (driver)"),
    (0x0000000000000040, "heat (hardware)"),
    (0x0000000000000080, "power supply (brake)"),
    (0x0000000000000002, "clocks set by hand"),
)
"""Bits of nvmlClocksEventReasons that tell why clocks are low; idle and display are no reasons to name."""


class GpuReadings(NamedTuple):
    """All GPUs at one moment."""

    gpus: tuple[GpuReading, ...] = ()
    trouble: str = ""
    """Why none answers although there is one: a sentence with what to do. Empty where there simply is no GPU."""


class Nvml:
    """The driver's door. One thread at a time may use it.

    Args:
        wake: also look at GPUs that sleep, which wakes them.
    """

    def __init__(self, wake: bool = False) -> None:
        self._wake = wake
        self._open = False
        self._retry_at = 0.0
        self._last = GpuReadings()
        self._absent: dict[str, set[tuple[object, ...]]] = {}
        self._fixed: dict[str, dict[str, Any]] = {}
        self._known: dict[int, GpuReading] = {}
        self._pci = pci.gpus()

    @property
    def may_sleep(self) -> bool:
        """True where a GPU would go to sleep if nobody looked at it."""
        return any(pci.may_sleep(folder) for folder in self._pci)

    def look(self) -> GpuReadings:
        """Return what the GPUs say now; GPUs that sleep are left alone."""
        if self._pci and not self._wake and all(pci.asleep(folder) for folder in self._pci):
            self.close()  # an open driver would keep them awake
            return GpuReadings(tuple(self._sleeping()))
        now = time.monotonic()
        if not self._open and now < self._retry_at:
            return self._last
        if not self._open and not _there():
            self._retry_at = now + _RETRY_SECONDS
            self._last = GpuReadings(
                trouble="there is an NVIDIA GPU, but no driver (libnvidia-ml)" if self._pci else ""
            )
            return self._last
        import pynvml  # 20 ms and 4 MB, which a box without a driver does not pay

        try:
            if not self._open:
                pynvml.nvmlInit()
                self._open = True
            found = GpuReadings(tuple(self._reading(pynvml, index) for index in range(pynvml.nvmlDeviceGetCount())))
            if any(reading.lost for reading in found.gpus):
                # A driver that we hold open can neither be reset nor find the GPU again.
                self.close()
                self._retry_at = now + _RETRY_SECONDS
        except pynvml.NVMLError as error:
            self.close()
            self._retry_at = now + _RETRY_SECONDS
            found = GpuReadings(tuple(self._lost()), _trouble(pynvml, error, bool(self._pci or self._known)))
        self._last = found
        if self._open and not self._wake and self.may_sleep:
            self.close()
        return found

    def close(self) -> None:
        """Let go of the driver."""
        if self._open:
            import pynvml

            with contextlib.suppress(pynvml.NVMLError):
                pynvml.nvmlShutdown()
            self._open = False

    def _sleeping(self) -> Iterable[GpuReading]:
        by_bus = {known.bus: known for known in self._known.values()}
        for index, folder in enumerate(self._pci):
            yield _asleep(by_bus.get(folder.name) or GpuReading(index, _NAMELESS, bus=folder.name))

    def _lost(self) -> Iterable[GpuReading]:
        """Return the GPUs that were there before the driver went."""
        return (_silent(known, lost=True) for known in self._known.values())

    def _reading(self, nvml: Any, index: int) -> GpuReading:
        known = self._known.get(index)
        if known and not self._wake and any(f.name == known.bus and pci.asleep(f) for f in self._pci):
            return _asleep(known)
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            uuid = _text(nvml.nvmlDeviceGetUUID(handle))
            reading = self._measured(nvml, index, handle, uuid)
        except nvml.NVMLError as error:
            if error.value in (nvml.NVML_ERROR_UNINITIALIZED, nvml.NVML_ERROR_DRIVER_NOT_LOADED):
                raise
            return _silent(known or GpuReading(index, _NAMELESS), lost=True, note=_lost_words(nvml, error))
        self._known[index] = reading
        return reading

    def _measured(self, nvml: Any, index: int, handle: Any, uuid: str) -> GpuReading:
        absent = self._absent.setdefault(uuid, set())

        def ask(name: str, *arguments: Any) -> Any:
            """Return what a function says; None for what it cannot say now or ever."""
            if (name, *arguments) in absent:
                return None
            try:
                return getattr(nvml, name)(handle, *arguments)
            except nvml.NVMLError as error:
                if error.value in _gone(nvml):
                    raise
                if error.value in _never(nvml):
                    absent.add((name, *arguments))
                return None

        if uuid not in self._fixed:
            self._fixed[uuid] = _fixed(nvml, handle, ask)
        fixed = self._fixed[uuid]
        for name, kind in _LIMITS.items():
            limit = None if name in fixed else ask("nvmlDeviceGetTemperatureThreshold", getattr(nvml, kind))
            if limit is not None:
                fixed[name] = _number(limit)
        memory, rates = ask("nvmlDeviceGetMemoryInfo"), ask("nvmlDeviceGetUtilizationRates")
        temp = ask("nvmlDeviceGetTemperatureV", nvml.NVML_TEMPERATURE_GPU)
        if temp is None:
            temp = ask("nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU)
        limits = dict(fixed)
        if "slow_c" not in limits and temp is not None:  # cards from Ada on tell the distance to it instead
            margin = ask("nvmlDeviceGetMarginTemperature")
            limits["slow_c"] = _number(temp + margin) if margin is not None else None
        power, cap = ask("nvmlDeviceGetPowerUsage"), ask("nvmlDeviceGetEnforcedPowerLimit")
        energy, fan = ask("nvmlDeviceGetTotalEnergyConsumption"), ask("nvmlDeviceGetFanSpeed")
        reasons = ask("nvmlDeviceGetCurrentClocksEventReasons")
        if reasons is None:
            reasons = ask("nvmlDeviceGetCurrentClocksThrottleReasons")
        processes = [*(ask("nvmlDeviceGetComputeRunningProcesses_v3") or ())]
        processes += ask("nvmlDeviceGetGraphicsRunningProcesses_v3") or ()
        return GpuReading(
            index=index,
            uuid=uuid,
            **limits,
            memory_total=int(memory.total) if memory else None,
            memory_used=int(memory.used) if memory else None,
            temp_c=_number(temp),
            power_w=_number(power, 1e-3),
            cap_w=_number(cap, 1e-3),
            energy_j=_number(energy, 1e-3),
            utilisation=_number(rates.gpu, 1e-2) if rates else None,
            fan=_number(fan, 1e-2),
            clock_mhz=ask("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_SM),
            memory_clock_mhz=ask("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_MEM),
            held_back=tuple(words for bit, words in _HELD_BACK if (reasons or 0) & bit),
            processes=_processes(processes),
        )


def _there() -> bool:
    """True where the driver's library is installed."""
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


_LIMITS = {"slow_c": "NVML_TEMPERATURE_THRESHOLD_SLOWDOWN", "off_c": "NVML_TEMPERATURE_THRESHOLD_SHUTDOWN"}
_NOTHING: dict[str, Any] = {
    **dict.fromkeys(
        ("memory_used", "temp_c", "power_w", "cap_w", "energy_j", "utilisation", "fan", "clock_mhz", "memory_clock_mhz")
    ),
    "held_back": (),
    "processes": (),
}
"""What is not known of a GPU that does not answer."""
_NAMELESS = "NVIDIA GPU"


def _silent(known: GpuReading, **more: Any) -> GpuReading:
    """Return what is left of a reading when its GPU says nothing."""
    return known._replace(**_NOTHING, **more)


def _asleep(known: GpuReading) -> GpuReading:
    return _silent(known, asleep=True, note="asleep: left alone")


def _fixed(nvml: Any, handle: Any, ask: Callable[..., Any]) -> dict[str, Any]:
    """Return what does not change while the driver is loaded."""
    bus = ask("nvmlDeviceGetPciInfo_v3")
    mode = ask("nvmlDeviceGetMigMode")
    persistence = ask("nvmlDeviceGetPersistenceMode")
    notes = []
    if mode and mode[0]:
        notes.append("MIG is on: these are figures of the whole GPU, and some are not told")
    if _WSL.exists():
        notes.append("WSL: Windows does not tell which processes use it")
    return {
        "name": one_line(_text(nvml.nvmlDeviceGetName(handle)), 60),
        "bus": _text(bus.busId).lower()[-12:] if bus else "",  # NVML writes eight digits of the domain, sysfs four
        "usual_cap_w": _number(ask("nvmlDeviceGetPowerManagementDefaultLimit"), 1e-3),
        "persistent": None if persistence is None else bool(persistence),
        "note": "; ".join(notes),
    }


def _gone(nvml: Any) -> tuple[int, ...]:
    """Return the errors after which nothing else on this GPU would answer."""
    return (
        nvml.NVML_ERROR_UNINITIALIZED,
        nvml.NVML_ERROR_DRIVER_NOT_LOADED,
        nvml.NVML_ERROR_GPU_IS_LOST,
        nvml.NVML_ERROR_RESET_REQUIRED,
    )


def _never(nvml: Any) -> tuple[int, ...]:
    """Return the errors that asking again does not mend."""
    return (
        nvml.NVML_ERROR_NOT_SUPPORTED,
        nvml.NVML_ERROR_FUNCTION_NOT_FOUND,
        nvml.NVML_ERROR_NO_PERMISSION,
        nvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
    )


def _trouble(nvml: Any, error: Any, there_is_one: bool) -> str:
    """Return why no GPU can be read; nothing where there is none to read."""
    if error.value == nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
        return "the NVIDIA driver was updated and the old one is still loaded: reboot, or reload its kernel modules"
    if error.value == nvml.NVML_ERROR_NO_PERMISSION:
        return "no permission to ask the NVIDIA driver: /dev/nvidiactl must be readable (in a container: --gpus all)"
    if not there_is_one and not Path("/dev/nvidiactl").exists():
        return ""
    return f"the NVIDIA driver does not answer ({_said(error)}): `nvidia-smi` says why; it is tried again"


def _lost_words(nvml: Any, error: Any) -> str:
    if error.value == nvml.NVML_ERROR_GPU_IS_LOST:
        return "it has fallen off the bus: reboot; if it happens again, look at its power cables and its heat"
    if error.value == nvml.NVML_ERROR_RESET_REQUIRED:
        return "it needs a reset: `sudo nvidia-smi --gpu-reset`, or reboot"
    return f"it does not answer ({_said(error)})"


def _said(error: Exception) -> str:
    return one_line(str(error), 60)


def _processes(found: Iterable[Any]) -> tuple[GpuProcess, ...]:
    memory = {}
    for process in found:  # one that computes and draws stands in both lists
        memory[int(process.pid)] = process.usedGpuMemory
    named = [GpuProcess(pid, None if used is None else int(used), *owner(pid)) for pid, used in memory.items()]
    return tuple(sorted(named, key=lambda process: -(process.memory or 0)))


def _number(value: Any, factor: float = 1.0) -> float | None:
    return None if value is None else round(float(value) * factor, 3)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else bytes(value).decode(errors="replace")
