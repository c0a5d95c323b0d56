"""The memory that a model server needs, and what it holds with all its processes."""

from __future__ import annotations

import os

import psutil

from garage_tui.core.hardware import gpus
from garage_tui.core.models.base_models import BaseModel, config_of
from garage_tui.core.models.weight_size import weight_bytes
from garage_tui.core.scheduling.admission import check_memory_free
from garage_tui.core.scheduling.slots import CPU

_OVERHEAD = 1.0e9  # bytes of Python and torch, or of a CUDA context, and of a short chat (docs/explain/figures.md)


def check_memory(base: BaseModel, slot: str) -> None:
    """Check that transformers can load the model: in 16 bits on a GPU, in 32 on a CPU.

    Raises:
        GarageError: there is too little free memory.
    """
    config = config_of(base.path)
    sixteen = str(config.get("dtype") or config.get("torch_dtype")) in ("bfloat16", "float16")
    needs = weight_bytes(base.path) * (1 if sixteen else 0.5) * (2 if slot == CPU else 1) + _OVERHEAD
    check_memory_free(base.path.name, needs, slot, "stop other runs (`garage runs` lists them), or use a smaller base")


def held_bytes(slot: str) -> int | None:
    """Return the bytes that this process and its descendants hold on a GPU, or in main memory (`cpu`).

    None where the driver does not report it.
    """
    mine = {os.getpid()} | {child.pid for child in psutil.Process().children(recursive=True)}
    if slot == "cpu":
        return sum(_resident(pid) for pid in mine)
    sizes = [
        process.memory
        for reading in gpus.read()
        if str(reading.index) == slot
        for process in reading.processes
        if process.pid in mine
    ]
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None


def _resident(pid: int) -> int:
    """Return a process's part of main memory; what several share (a mapped model) is divided among them."""
    try:
        process = psutil.Process(pid)
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    except psutil.Error:
        return 0
