"""Readings of the NVIDIA GPUs in this box. A missing driver or GPU is an empty list, not an error."""

from __future__ import annotations

import os

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import quoted
from garage_tui.core.hardware.gpu_reading import GpuReading


def usable() -> list[GpuReading]:
    """Return the GPUs that runs may use: all that answer, or those of them that $CUDA_VISIBLE_DEVICES names.

    A suspended GPU counts: it wakes when it is needed.
    """
    readings = [reading for reading in read() if not reading.lost]
    mask = os.environ.get("CUDA_VISIBLE_DEVICES")
    if mask is None:
        return readings
    named = [part.strip() for part in mask.split(",") if part.strip()]
    by_uuid = tuple(name for name in named if name.startswith("GPU-"))  # CUDA accepts any prefix
    return [one for one in readings if str(one.index) in named or (by_uuid and one.uuid.startswith(by_uuid))]


def read() -> list[GpuReading]:
    """Return one reading for each GPU; an empty list without an NVIDIA driver or GPU. Suspended GPUs are woken."""
    from garage_tui.core.hardware.nvml import Nvml

    nvml = Nvml(wake=True)
    try:
        return list(nvml.read().gpus)
    finally:
        nvml.close()


def parse_gpus(text: str) -> tuple[int, ...]:
    """Return the indices in a text such as `0,1`.

    Raises:
        BadInputError: it contains something other than numbers and commas.
    """
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise BadInputError(f"GPUs: {quoted(text)} is not a list of numbers such as 0,1") from error
