"""A lower power cap for the time of a run, put back whatever way the run ends.

What was changed is written down before it is changed, one file for each GPU in the user's state folder, with the run
that asked for it. The run's supervisor puts it back; where that was killed too, the next of ours that looks does. (A
reboot puts it back by itself.) Setting a cap needs root: without permission nothing is changed and a sentence says so.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.workspace import power_caps_folder
from garage_tui.core.runs.folder import is_alive


class LoweredCap(msgspec.Struct, frozen=True):
    """A cap that was changed; milliwatts, as NVML counts."""

    uuid: str
    before: int
    now: int
    run: str
    """Absolute path of the run folder."""


@contextlib.contextmanager
def lowered(run: Path, gpus: Iterable[int], watts: float) -> Iterator[list[str]]:
    """Set the cap of a run's GPUs, where it is higher, and give in sentences what was done and what could not be.

    The driver is held open inside of this: on a box without a screen it forgets the cap with its last client (NVML
    reference, nvmlDeviceSetPowerManagementLimit). `put_back` is the other half.

    Args:
        gpus: NVML indices.
    """
    with contextlib.suppress(OSError):  # where it cannot be made, noting down says so
        power_caps_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with _driver() as nvml:
        if nvml is None:
            yield ["the power cap was not changed: the NVIDIA driver does not answer"]
        else:
            yield [sentence for index in gpus if (sentence := _lower(nvml, run, index, watts))]


def _lower(nvml: Any, run: Path, index: int, watts: float) -> str:
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        uuid, before = nvml.nvmlDeviceGetUUID(handle), nvml.nvmlDeviceGetPowerManagementLimit(handle)
        low, _ = nvml.nvmlDeviceGetPowerManagementLimitConstraints(handle)
        wanted = max(round(watts * 1000), low)
        if wanted >= before:
            return f"the power cap of GPU {index} is {before / 1000:.0f} W already"
        file = _file(uuid)
        write_atomic(file, msgspec.json.encode(LoweredCap(uuid, before, wanted, str(run))), mode=0o600)
        try:
            nvml.nvmlDeviceSetPowerManagementLimit(handle, wanted)
        except nvml.NVMLError:
            file.unlink(missing_ok=True)
            raise
    except nvml.NVMLError as error:
        return f"the power cap of GPU {index} stays as it is ({_why(nvml, error, index, watts)})"
    except OSError as error:
        return f"the power cap of GPU {index} stays as it is: it cannot be noted down ({error.strerror})"
    least = " (the lowest that it takes)" if wanted > round(watts * 1000) else ""
    return f"power cap of GPU {index}: {wanted / 1000:.0f} W{least} instead of {before / 1000:.0f}, until the run ends"


def put_back(run: Path | None = None) -> list[str]:
    """Put back the caps that `run` lowered, or those of all runs whose processes are gone; return what was done."""
    notes = [(file, note) for file in _files() if (note := _read(file))]
    due = [(file, note) for file, note in notes if _is_due(note, run)]
    if not due:
        return []
    said = []
    with _driver() as nvml:
        for file, note in due if nvml is not None else []:
            assert nvml is not None
            try:
                handle = nvml.nvmlDeviceGetHandleByUUID(note.uuid)
                # Somebody else's later change is left alone.
                if nvml.nvmlDeviceGetPowerManagementLimit(handle) == note.now:
                    nvml.nvmlDeviceSetPowerManagementLimit(handle, note.before)
                    said.append(f"power cap back at {note.before / 1000:.0f} W")
                file.unlink(missing_ok=True)
            except (nvml.NVMLError, OSError):
                continue  # the GPU is gone for now, or the folder is read-only: the note stays
    return said


def _is_due(note: LoweredCap, run: Path | None) -> bool:
    return note.run == str(run) if run is not None else not is_alive(Path(note.run))


def _why(nvml: Any, error: Any, index: int, watts: float) -> str:
    if error.value == nvml.NVML_ERROR_NO_PERMISSION:
        return f"no permission; by hand: sudo nvidia-smi -i {index} -pl {watts:.0f}"
    if error.value == nvml.NVML_ERROR_NOT_SUPPORTED:
        return "this GPU has none"
    return str(error)


@contextlib.contextmanager
def _driver() -> Iterator[Any]:
    """Hold the driver open; None where it does not answer."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:
        yield None
        return
    try:
        yield pynvml
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _file(uuid: str) -> Path:
    return power_caps_folder() / f"{re.sub(r'[^A-Za-z0-9-]', '_', uuid)}.json"


def _files() -> list[Path]:
    return sorted(power_caps_folder().glob("*.json"))


def _read(file: Path) -> LoweredCap | None:
    try:
        return msgspec.json.decode(read_regular(file), type=LoweredCap)
    except UNREADABLE:
        return None
