"""A box with the GPUs that a test wants: the real pynvml against a small library that reads what they say from a file.

What stands in the file, and what the library makes of it, is written at the top of `fake_nvml.c`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

SOURCE = Path(__file__).with_name("fake_nvml.c")
NAME = "libnvidia-ml.so.1"

RTX_3090: dict[str, object] = {
    "name": "NVIDIA GeForce RTX 3090",
    "temp": 62,
    "slowdown": 95,
    "shutdown": 98,
    "maxtemp": 93,
    "power": 310_000,
    "cap": 350_000,
    "cap_default": 350_000,
    "cap_min": 100_000,
    "cap_max": 366_000,
    "energy": "counter",
    "energy_base": 51_200_345,
    "util": 97,
    "memutil": 61,
    "mem_total": 24 << 30,
    "mem_used": 9 << 30,
    "fan": 58,
    "sm_clock": 1695,
    "mem_clock": 9501,
    "reasons": "0x4",  # the power cap
    "pids": "",
    "gpids": "",
    "p_state": 2,
    "persistence": 0,
}
"""A card with all that a card at home has; it does not know MIG."""

T4: dict[str, object] = {
    "name": "Tesla T4",
    "temp": 48,
    "slowdown": 93,
    "shutdown": 96,
    "maxtemp": 85,
    "power": 27_500,
    "cap": 70_000,
    "cap_default": 70_000,
    "cap_min": 60_000,
    "cap_max": 70_000,
    "util": 0,
    "memutil": 0,
    "mem_total": 15 << 30,
    "mem_used": 3 << 20,
    "sm_clock": 585,
    "mem_clock": 5000,
    "reasons": "0x1",  # idle
    "pids": "",
    "gpids": "",
    "p_state": 0,
    "persistence": 1,
}
"""A card of a data centre: no fan of its own, and none that counts its energy."""


def build(folder: Path) -> Path:
    """Compiles the library into `folder`."""
    compiler = shutil.which("gcc")
    if compiler is None:
        raise RuntimeError("gcc is missing, which builds the NVML of the tests (Debian: apt install gcc)")
    library, draft = folder / NAME, folder / f".{NAME}.{os.getpid()}"
    flags = ["-std=c11", "-shared", "-fPIC", "-O1", "-pthread", f"-Wl,-soname,{NAME}"]
    made = subprocess.run([compiler, *flags, "-o", draft, SOURCE], capture_output=True, text=True)
    if made.returncode != 0:
        raise RuntimeError(f"gcc can't build {SOURCE}:\n{made.stderr}")
    draft.replace(library)
    return library


class FakeBox:
    """The GPUs of a box, which a test changes while programs look at them.

    A list or tuple is a series; a dict is a list of processes and their bytes (None: the driver can't tell). Whenever
    something is changed all series start again; energy that is counted goes on from where it is.
    """

    def __init__(self, folder: Path, library: Path, *gpus: Mapping[str, object], **top: object) -> None:
        self.script = folder / "gpus.txt"
        self.library = library
        self._calls = folder / "calls.txt"
        self._gpus = [dict(gpu) for gpu in gpus]
        self._top = {"driver": "ok", "version": "580.95.05", "cuda": 13000, "tick": 100, "gpus": len(gpus), **top}
        self._written = time.time_ns()
        self._write()

    def set(self, index: int, **keys: object) -> None:
        """Changes what GPU `index` says; None takes a key away. A `cap` wins over one that was set through NVML."""
        self._keep_energy()
        _change(self._gpus[index], keys)
        self._write()
        if "cap" in keys:
            self.script.with_name(f"{self.script.name}.cap.{index}").unlink(missing_ok=True)

    def top(self, **keys: object) -> None:
        """Changes what is true of the whole box: `driver`, `version`, `gpus`, `tick` …"""
        self._keep_energy()
        _change(self._top, keys)
        self._write()

    def environment(self) -> dict[str, str]:
        """What a process needs, besides the rest of its environment, to find this box's GPUs."""
        paths = [str(self.library.parent), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        return {"LD_LIBRARY_PATH": os.pathsep.join(paths), **self._variables()}

    @contextlib.contextmanager
    def load(self) -> Iterator[FakeBox]:
        """Gives this process this box's GPUs.

        The library stays loaded afterwards, as there may be threads in it; without its variables it knows no driver.
        """
        import pynvml

        library = ctypes.CDLL(str(self.library), ctypes.RTLD_GLOBAL)
        by_name = ctypes.CDLL(NAME)  # the first of that name that was loaded: what pynvml will get
        before = {name: os.environ.get(name) for name in self._variables()}

        def forget(loaded: ctypes.CDLL | None) -> None:
            pynvml.nvmlLib = loaded
            pynvml._nvmlGetFunctionPointer_cache.clear()
            pynvml._nvmlLib_refcount = 0
            for each in (library, by_name):
                if hasattr(each, "fake_nvml_reset"):
                    each.fake_nvml_reset()

        # A box with a real GPU may have loaded the real library before.
        forget(None if hasattr(by_name, "fake_nvml_reset") else library)
        os.environ.update(self._variables())
        try:
            yield self
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            forget(None)

    def calls(self) -> list[str]:
        """The calls so far, by all processes: `nvmlDeviceGetFanSpeed 0`; `nvmlInitWithFlags -` is about no GPU."""
        return self._calls.read_text().splitlines() if self._calls.exists() else []

    def forget_calls(self) -> None:
        self._calls.unlink(missing_ok=True)

    def _variables(self) -> dict[str, str]:
        return {"FAKE_NVML": str(self.script), "FAKE_NVML_CALLS": str(self._calls)}

    def _write(self) -> None:
        rows = {**self._top, **{f"{i}.{key}": value for i, gpu in enumerate(self._gpus) for key, value in gpu.items()}}
        draft = self.script.with_name(f".{self.script.name}")
        draft.write_text("".join(f"{key} = {_text(value)}\n" for key, value in rows.items()))
        os.utime(draft, ns=(self._written, self._written))
        draft.replace(self.script)

    def _keep_energy(self) -> None:
        """Puts what was counted so far into `energy_base`, as the library counts from when the file was written."""
        now = time.time_ns()
        for gpu in self._gpus:
            if gpu.get("energy") == "counter" and "power" in gpu:
                gpu["energy_base"] = int(_text(gpu.get("energy_base", 0))) + self._counted(_text(gpu["power"]), now)
        self._written = now

    def _counted(self, power: str, now: int) -> int:
        """mJ since the file was written: mW times ms are µJ."""
        values = [int(value, 0) for value in power.rstrip("*").split(",")]
        tick, left, ticks, total = float(_text(self._top.get("tick", 100))), (now - self._written) / 1e6, 0, 0.0
        while left > 0:
            stays = not power.endswith("*") and ticks >= len(values) - 1
            part = left if stays else min(left, tick)
            total += part * values[min(ticks, len(values) - 1) if stays else ticks % len(values)]
            left, ticks = left - part, ticks + 1
        return round(total / 1e3)


def _change(into: dict[str, object], keys: Mapping[str, object]) -> None:
    into.update(keys)
    for key in [key for key, value in keys.items() if value is None]:
        del into[key]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, Mapping):
        return ",".join(f"{pid}" if size is None else f"{pid}:{size}" for pid, size in value.items())
    if isinstance(value, (list, tuple)):
        return ",".join(map(_text, value))
    return str(value)
