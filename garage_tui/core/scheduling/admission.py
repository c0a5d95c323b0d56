"""Admission of a run to its slots: servers that have to leave first, and memory that has to be free."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import human_bytes
from garage_tui.core.hardware.memory import all_memory, free_memory
from garage_tui.core.limits.run_limits import Hold
from garage_tui.core.scheduling import gpu_locks
from garage_tui.core.scheduling.slots import CPU
from garage_tui.core.settings.types import WhileTraining

_REFRESH_SECONDS = 2.0
"""Seconds between two readings of the driver."""


class GpuAdmission:
    """Decides whether a run may start on the slots that it holds.

    Args:
        run: its id.
        needs: the estimated peak memory in bytes; None if unknown.
        policy: who has the GPU while a server has its model there (`[serve] while_training`).
    """

    def __init__(self, run: str, slots: Sequence[str], needs: float | None, policy: WhileTraining) -> None:
        self._run, self._slots, self._needs, self._policy = run, tuple(slots), needs, policy
        self._measured: tuple[float, float | None] | None = None
        self.claims: list[int] = []
        """Descriptors of the locks that keep servers away, held while the run works."""

    def hold(self) -> Hold | None:
        """Return what the run has to wait for; None if it may start.

        Raises:
            GarageError: the queue's folder cannot be written.
        """
        serving = gpu_locks.used_by_server(self._slots)
        if serving and self._policy == "wait":
            return Hold("card", f"waiting until the model server frees {self._where}; `garage serve --stop` stops it")
        if not self.claims and (self._policy == "sleep" or (serving and self._policy == "auto" and not self._fits())):
            self.claims = gpu_locks.claim(self._slots, self._run)
            if not self.claims:  # no server was told: tried again at the next poll
                return Hold("card", f"waiting for another process to give up its claim to {self._where}")
        if serving and self.claims:
            self._measured = None  # more memory is free once it has left
            return Hold("card", f"waiting for the model server to free {self._where}")
        if self._needs and not self._fits():
            free = self._free() or 0.0
            shortage = f"it needs about {human_bytes(self._needs)}, and {self._where} has {human_bytes(free)} free"
            return Hold("memory", f"waiting for memory: {shortage}")
        return None

    def close(self) -> None:
        """Release the claims."""
        for lock in self.claims:
            os.close(lock)
        self.claims = []

    @property
    def _where(self) -> str:
        gpus = [slot for slot in self._slots if slot != CPU]
        return f"GPU {', '.join(gpus)}" if gpus else "this machine"

    def _fits(self) -> bool:
        free = self._free()
        if free is None:
            return True  # unknown
        if self._needs is None:
            return self._slots == (CPU,)  # main memory can be swapped, a GPU's cannot
        return free >= self._needs

    def _free(self) -> float | None:
        """Return the free bytes on the fullest of the slots."""
        now = time.monotonic()
        if self._measured is None or now - self._measured[0] > _REFRESH_SECONDS:
            self._measured = now, free_on(self._slots)
        return self._measured[1]


def check_fits(kind: str, needs: float | None, gpus: Sequence[int]) -> None:
    """Refuse a run that could never get its memory.

    Args:
        kind: `lora` or `diffusion`.
        needs: the estimated peak memory in bytes; None if unknown.
        gpus: indices of the GPUs that it needs; without any, the one with most memory counts.

    Raises:
        BadInputError: it needs more memory than there is.
    """
    from garage_tui.core.hardware.gpus import usable as usable_gpus

    usable = usable_gpus()
    total = all_memory(usable, gpus)
    if needs is None or total is None or needs <= total:
        return
    where = f"GPU {', '.join(map(str, gpus))}" if gpus else "the largest GPU here" if usable else "this machine"
    advice = "use smaller pictures or a smaller batch"
    if kind == "lora":
        advice = f"use a smaller base or batch{', or --load-in-4bit' if usable else ''}"
    has = f"{where} has {human_bytes(total)} in total"
    raise BadInputError(f"the run needs about {human_bytes(needs)} of memory, but {has}: {advice}")


def check_memory_free(who: str, needs: float | None, slot: str, advice: str) -> None:
    """Refuse a program that would load a model now but needs more memory than is free.

    Args:
        who: the program, as the beginning of the error message.
        needs: bytes; None if unknown.
        slot: `cpu`, or the index of a GPU.
        advice: what to do about it.

    Raises:
        GarageError: too little memory is free.
    """
    free = free_on([slot])
    if needs is not None and free is not None and free < needs:
        where = "this machine" if slot == CPU else f"GPU {slot}"
        raise GarageError(
            f"{who} needs about {human_bytes(needs)} of memory, but {where} has {human_bytes(free)} free: {advice}"
        )


def free_on(slots: Sequence[str]) -> float | None:
    """Return the free bytes of memory on the fullest of these slots; None if unknown."""
    if CPU in slots:
        return free_memory([], swap=True)
    from garage_tui.core.hardware import gpus  # not for a supervisor on a CPU, which stays small

    return free_memory(gpus.read(), [int(slot) for slot in slots])
