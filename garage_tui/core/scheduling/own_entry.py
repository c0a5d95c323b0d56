"""The queue entry of a run as its supervisor has it: a run for a GPU never takes the slot of the processor by mistake.

The list of the queue may have lost the entry (a full disk, a deleted file), and a run that was resumed while the box
booted may have entered for the CPU, because the driver was not loaded yet.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.runs.record import Manifest
from garage_tui.core.runs.request import requested_action
from garage_tui.core.runs.state_writer import update_state
from garage_tui.core.scheduling import queue
from garage_tui.core.scheduling.slots import CPU

_MASK = "CUDA_VISIBLE_DEVICES"
_DRIVER_SECONDS, _POLL_SECONDS = 30.0, 1.0
"""How long a run that was made on a box with GPUs waits for one to answer, before it takes what there is."""


def own_entry(folder: Path, manifest: Manifest) -> queue.QueueEntry:
    """Return the entry of a run; one that is lost, or that cannot be right, is made anew from the manifest."""
    entry = queue.find(folder)
    if entry is not None and (entry.any_of != (CPU,) or not (manifest.gpu or manifest.gpus_asked)):
        return entry
    chosen = tuple(dict.fromkeys(map(str, manifest.gpus_asked)))
    usable = _usable_gpus(folder, manifest)
    made = queue.QueueEntry(str(folder), chosen or usable or (CPU,), len(chosen) or 1)
    if made != entry:
        with contextlib.suppress(GarageError):  # a run that is not in the list enters by itself
            queue.enter([made])
    return made


def gpus_to_hide() -> bool:
    """Return whether a job on the CPU's slot has to be kept from GPUs, which others may hold and nobody would guard.

    Only where NVML names them: a box without a readable NVML (WSL, another maker's GPU) has the CPU's slot for its GPU.
    And not where the owner has chosen by CUDA_VISIBLE_DEVICES: a part of a GPU (MIG) has no slot of its own.
    """
    from garage_tui.core.hardware.gpus import read  # a supervisor stays small until it needs this

    return _MASK not in os.environ and bool(read())


def _usable_gpus(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """Return the indices of the GPUs that a run may use; while the box boots, wait a moment for the driver."""
    from garage_tui.core.hardware.gpus import usable

    end, waits = time.monotonic() + _DRIVER_SECONDS, False
    while not (found := tuple(str(reading.index) for reading in usable())):
        ends = signal.sigpending() & {signal.SIGTERM, signal.SIGINT} or requested_action(folder)
        if not manifest.gpu or _MASK in os.environ or ends or time.monotonic() > end:
            break
        if not waits:
            update_state(folder, waits="card", reason="waiting for the driver: no GPU answers yet")
            waits = True
        time.sleep(_POLL_SECONDS)
    if waits:
        update_state(folder, waits="", reason="")
    return found
