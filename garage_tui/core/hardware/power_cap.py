"""A lower power cap for the duration of a run, restored however the run ends.

Before a cap is changed, the change is recorded, one file for each GPU in the user's state folder, with the run that
requested it. The run's supervisor restores the cap; if that was killed too, the next program of ours that checks does.
(A reboot restores it as well.) Setting a cap needs root: without permission nothing changes, and a sentence says so.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.workspace import power_caps_folder
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.runs.folder import is_alive


class LoweredCap(msgspec.Struct, frozen=True):
    """A record of a changed cap; in milliwatts, NVML's unit."""

    uuid: str
    before: int
    now: int
    run: str
    """Absolute path of the run folder."""


@contextlib.contextmanager
def lowered(run: Path, gpus: Iterable[int], watts: float) -> Iterator[list[str]]:
    """Lower the cap of a run's GPUs, and yield sentences on what was changed and what could not be.

    The driver stays open inside this context: without a display it forgets the cap when its last client closes (NVML
    reference, nvmlDeviceSetPowerManagementLimit). `put_back` restores the cap.

    Args:
        gpus: NVML indices.
    """
    with contextlib.suppress(OSError):  # if it cannot be made, writing the record fails with a sentence
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
        milliwatts = max(round(watts * 1000), low)
        if milliwatts >= before:
            return f"the power cap of GPU {index} is {before / 1000:.0f} W already"
        file = _file(uuid)
        write_atomic(file, struct_json(LoweredCap(uuid, before, milliwatts, str(run))), mode=0o600)
        try:
            nvml.nvmlDeviceSetPowerManagementLimit(handle, milliwatts)
        except nvml.NVMLError:
            file.unlink(missing_ok=True)
            raise
    except nvml.NVMLError as error:
        return f"the power cap of GPU {index} stays as it is ({_why(nvml, error, index, watts)})"
    except OSError as error:
        why = why_not_written(error, power_caps_folder())
        return f"the power cap of GPU {index} stays as it is: the change cannot be recorded ({why})"
    least = " (the lowest that it accepts)" if milliwatts > round(watts * 1000) else ""
    return (
        f"power cap of GPU {index}: {milliwatts / 1000:.0f} W{least} instead of {before / 1000:.0f}, until the run ends"
    )


def put_back(run: Path | None = None) -> list[str]:
    """Restore the caps that `run` lowered, by default those of all runs without processes; return what was done."""
    records = [(file, record) for file in _files() if (record := _read(file))]
    due = [(file, record) for file, record in records if _is_due(record, run)]
    if not due:
        return []
    done = []
    with _driver() as nvml:
        for file, record in due if nvml is not None else []:
            assert nvml is not None
            try:
                handle = nvml.nvmlDeviceGetHandleByUUID(record.uuid)
                # A later change by somebody else is left alone.
                if nvml.nvmlDeviceGetPowerManagementLimit(handle) == record.now:
                    nvml.nvmlDeviceSetPowerManagementLimit(handle, record.before)
                    done.append(f"power cap restored to {record.before / 1000:.0f} W")
                file.unlink(missing_ok=True)
            except (nvml.NVMLError, OSError):
                continue  # the GPU is lost for now, or the folder is read-only: the record stays
    return done


def _is_due(record: LoweredCap, run: Path | None) -> bool:
    return record.run == str(run) if run is not None else not is_alive(Path(record.run))


def _why(nvml: Any, error: Any, index: int, watts: float) -> str:
    if error.value == nvml.NVML_ERROR_NO_PERMISSION:
        return f"no permission; do it yourself: sudo nvidia-smi -i {index} -pl {watts:.0f}"
    if error.value == nvml.NVML_ERROR_NOT_SUPPORTED:
        return "this GPU has no power cap"
    return str(error)


@contextlib.contextmanager
def _driver() -> Iterator[Any]:
    """Keep the driver open; yield None if it does not answer."""
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
