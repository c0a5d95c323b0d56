"""Readings of the GPUs through NVML (`pynvml`), with the driver kept open between readings.

A metric that a GPU does not support is requested only once. A missing driver, a reset driver or a GPU that has fallen
off the bus becomes a sentence in the readings, and is tried again until it answers.
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

_RETRY_SECONDS = 5.0  # a driver that does not answer is not asked at every reading
_WSL = Path("/dev/dxg")

_THROTTLE_REASONS = (
    (0x0000000000000004, "power cap"),
    (0x0000000000000008, "heat or power (hardware slowdown)"),
    (0x0000000000000010, "clocks of another GPU (sync boost)"),
    (0x0000000000000020, "heat (driver)"),
    (0x0000000000000040, "heat (hardware)"),
    (0x0000000000000080, "power supply (brake)"),
    (0x0000000000000002, "clocks set by hand"),
)
"""Bits of nvmlClocksEventReasons that explain low clocks; being idle and the display setting are not shown."""


class GpuReadings(NamedTuple):
    """All GPUs at one moment."""

    gpus: tuple[GpuReading, ...] = ()
    trouble: str = ""
    """Why no GPU answers although there is one, and what to do about it; empty if there is no GPU."""


class Nvml:
    """A connection to the NVIDIA driver. One thread at a time may use it.

    Args:
        wake: read suspended GPUs too, which wakes them.
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
        """True if a GPU would be suspended if nobody read it."""
        return any(pci.may_sleep(folder) for folder in self._pci)

    def read(self) -> GpuReadings:
        """Return readings of all GPUs; a suspended GPU is left alone, unless `wake` is True."""
        if self._pci and not self._wake and all(pci.asleep(folder) for folder in self._pci):
            self.close()  # an open driver would keep them awake
            return GpuReadings(tuple(self._sleeping()))
        now = time.monotonic()
        if not self._open and now < self._retry_at:
            return self._last
        if not self._open and not _has_driver():
            self._retry_at = now + _RETRY_SECONDS
            self._last = GpuReadings(
                trouble="there is an NVIDIA GPU, but no driver (libnvidia-ml)" if self._pci else ""
            )
            return self._last
        import pynvml  # 20 ms and 4 MB, only spent if there is a driver

        try:
            if not self._open:
                pynvml.nvmlInit()
                self._open = True
            readings = GpuReadings(tuple(self._reading(pynvml, index) for index in range(pynvml.nvmlDeviceGetCount())))
            if any(reading.lost for reading in readings.gpus):
                # While we keep the driver open, it can neither be reset nor find the GPU again.
                self.close()
                self._retry_at = now + _RETRY_SECONDS
        except pynvml.NVMLError as error:
            self.close()
            self._retry_at = now + _RETRY_SECONDS
            readings = GpuReadings(tuple(self._lost()), _trouble(pynvml, error, bool(self._pci or self._known)))
        self._last = readings
        if self._open and not self._wake and self.may_sleep:
            self.close()
        return readings

    def close(self) -> None:
        """Close the driver."""
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
        """Yield the GPUs that were known before the driver was lost."""
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
            return _silent(known or GpuReading(index, _NAMELESS), lost=True, note=_why_lost(nvml, error))
        self._known[index] = reading
        return reading

    def _measured(self, nvml: Any, index: int, handle: Any, uuid: str) -> GpuReading:
        absent = self._absent.setdefault(uuid, set())

        def query(name: str, *arguments: Any) -> Any:
            """Call an NVML function for this GPU; None if it fails now, or is not supported."""
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
            self._fixed[uuid] = _fixed(nvml, handle, query)
        fixed = self._fixed[uuid]
        for name, kind in _LIMITS.items():
            limit = None if name in fixed else query("nvmlDeviceGetTemperatureThreshold", getattr(nvml, kind))
            if limit is not None:
                fixed[name] = _number(limit)
        memory, rates = query("nvmlDeviceGetMemoryInfo"), query("nvmlDeviceGetUtilizationRates")
        temp = query("nvmlDeviceGetTemperatureV", nvml.NVML_TEMPERATURE_GPU)
        if temp is None:
            temp = query("nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU)
        limits = dict(fixed)
        if "slow_c" not in limits and temp is not None:  # GPUs from Ada on report the distance to it instead
            margin = query("nvmlDeviceGetMarginTemperature")
            limits["slow_c"] = _number(temp + margin) if margin is not None else None
        power, cap = query("nvmlDeviceGetPowerUsage"), query("nvmlDeviceGetEnforcedPowerLimit")
        energy, fan = query("nvmlDeviceGetTotalEnergyConsumption"), query("nvmlDeviceGetFanSpeed")
        reasons = query("nvmlDeviceGetCurrentClocksEventReasons")
        if reasons is None:
            reasons = query("nvmlDeviceGetCurrentClocksThrottleReasons")
        processes = [*(query("nvmlDeviceGetComputeRunningProcesses_v3") or ())]
        processes += query("nvmlDeviceGetGraphicsRunningProcesses_v3") or ()
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
            clock_mhz=query("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_SM),
            memory_clock_mhz=query("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_MEM),
            held_back=tuple(reason for bit, reason in _THROTTLE_REASONS if (reasons or 0) & bit),
            processes=_processes(processes),
        )


def _has_driver() -> bool:
    """True where the driver's library is installed."""
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


_LIMITS = {"slow_c": "NVML_TEMPERATURE_THRESHOLD_SLOWDOWN", "off_c": "NVML_TEMPERATURE_THRESHOLD_SHUTDOWN"}
_UNKNOWN: dict[str, Any] = {
    **dict.fromkeys(
        ("memory_used", "temp_c", "power_w", "cap_w", "energy_j", "utilisation", "fan", "clock_mhz", "memory_clock_mhz")
    ),
    "held_back": (),
    "processes": (),
}
"""Values of a reading that are unknown while a GPU does not answer."""
_NAMELESS = "NVIDIA GPU"


def _silent(known: GpuReading, **more: Any) -> GpuReading:
    """Return a reading without its measured values, for a GPU that does not answer."""
    return known._replace(**_UNKNOWN, **more)


def _asleep(known: GpuReading) -> GpuReading:
    return _silent(known, asleep=True, note="asleep: not read, so that it stays asleep")


def _fixed(nvml: Any, handle: Any, query: Callable[..., Any]) -> dict[str, Any]:
    """Return the values that do not change while the driver is loaded."""
    bus = query("nvmlDeviceGetPciInfo_v3")
    mode = query("nvmlDeviceGetMigMode")
    persistence = query("nvmlDeviceGetPersistenceMode")
    notes = []
    if mode and mode[0]:
        notes.append("MIG is on: these are readings of the whole GPU, and some are missing")
    if _WSL.exists():
        notes.append("WSL: Windows does not show which processes use it")
    return {
        "name": one_line(_text(nvml.nvmlDeviceGetName(handle)), 60),
        "bus": _text(bus.busId).lower()[-12:] if bus else "",  # NVML writes eight digits of the domain, sysfs four
        "usual_cap_w": _number(query("nvmlDeviceGetPowerManagementDefaultLimit"), 1e-3),
        "persistent": None if persistence is None else bool(persistence),
        "note": "; ".join(notes),
    }


def _gone(nvml: Any) -> tuple[int, ...]:
    """Return the errors after which no other query to this GPU would be answered."""
    return (
        nvml.NVML_ERROR_UNINITIALIZED,
        nvml.NVML_ERROR_DRIVER_NOT_LOADED,
        nvml.NVML_ERROR_GPU_IS_LOST,
        nvml.NVML_ERROR_RESET_REQUIRED,
    )


def _never(nvml: Any) -> tuple[int, ...]:
    """Return the errors for which a second query would fail too."""
    return (
        nvml.NVML_ERROR_NOT_SUPPORTED,
        nvml.NVML_ERROR_FUNCTION_NOT_FOUND,
        nvml.NVML_ERROR_NO_PERMISSION,
        nvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
    )


def _trouble(nvml: Any, error: Any, has_gpu: bool) -> str:
    """Return why no GPU can be read, and what to do; empty if there is none."""
    if error.value == nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
        return "the NVIDIA driver was updated and the old one is still loaded: reboot, or reload its kernel modules"
    if error.value == nvml.NVML_ERROR_NO_PERMISSION:
        return "no permission to ask the NVIDIA driver: /dev/nvidiactl must be readable (in a container: --gpus all)"
    if not has_gpu and not Path("/dev/nvidiactl").exists():
        return ""
    return f"the NVIDIA driver does not answer ({_error_text(error)}): `nvidia-smi` shows why; garage keeps trying"


def _why_lost(nvml: Any, error: Any) -> str:
    if error.value == nvml.NVML_ERROR_GPU_IS_LOST:
        return "it has fallen off the bus: reboot; if it happens again, check its power cables and its cooling"
    if error.value == nvml.NVML_ERROR_RESET_REQUIRED:
        return "it needs a reset: `sudo nvidia-smi --gpu-reset`, or reboot"
    return f"it does not answer ({_error_text(error)})"


def _error_text(error: Exception) -> str:
    return one_line(str(error), 60)


def _processes(found: Iterable[Any]) -> tuple[GpuProcess, ...]:
    memory = {}
    for process in found:  # a process that computes and draws is in both lists
        memory[int(process.pid)] = process.usedGpuMemory
    named = [GpuProcess(pid, None if used is None else int(used), *owner(pid)) for pid, used in memory.items()]
    return tuple(sorted(named, key=lambda process: -(process.memory or 0)))


def _number(value: Any, factor: float = 1.0) -> float | None:
    return None if value is None else round(float(value) * factor, 3)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else bytes(value).decode(errors="replace")
