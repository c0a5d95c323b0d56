"""Room for a run that has its turn: servers that have to leave first, and memory that has to be free."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.settings import WhileTraining
from garage_tui.core.hardware.memory import all_memory, free_memory
from garage_tui.core.limits.run_limits import Hold
from garage_tui.core.scheduling import gpu_locks
from garage_tui.core.scheduling.queue import CPU

_LOOK_SECONDS = 2.0
"""Between two questions to the driver."""


class GpuAdmission:
    """What a run needs on the slots that it has got.

    Args:
        run: its id.
        needs: the most bytes that it will take there, as was estimated before it started; None where nobody knows.
        policy: whose the card is while a server has its model there (`[serve] while_training`).
    """

    def __init__(self, run: str, slots: Sequence[str], needs: float | None, policy: WhileTraining) -> None:
        self._run, self._slots, self._needs, self._policy = run, tuple(slots), needs, policy
        self._looked: tuple[float, float | None] | None = None
        self.claims: list[int] = []
        """Descriptors that keep servers away: they are the run's for as long as it works."""

    def hold(self) -> Hold | None:
        """Return what it has to wait for; None where it may work.

        Raises:
            GarageError: the queue's folder cannot be written.
        """
        seated = gpu_locks.used_by_server(self._slots)
        if seated and self._policy == "wait":
            return Hold("card", f"waiting until the model server has left {self._where}; `garage serve --stop` ends it")
        if not self.claims and (self._policy == "sleep" or (seated and self._policy == "auto" and not self._fits())):
            self.claims = gpu_locks.claim(self._slots, self._run)
        if seated and self.claims:
            self._looked = None  # what is free is another thing once it has left
            return Hold("card", f"waiting for the model server to leave {self._where}")
        if self._needs and not self._fits():
            free = self._free() or 0.0
            few = f"it needs about {self._needs / 1e9:.1f} GB, and {self._where} has {free / 1e9:.1f} free"
            return Hold("memory", f"waiting for memory: {few}")
        return None

    def close(self) -> None:
        """Ask no more."""
        for lock in self.claims:
            os.close(lock)
        self.claims = []

    @property
    def _where(self) -> str:
        gpus = [slot for slot in self._slots if slot != CPU]
        return f"GPU {', '.join(gpus)}" if gpus else "this box"

    def _fits(self) -> bool:
        free = self._free()
        if free is None:
            return True  # nobody says
        if self._needs is None:
            return self._slots == (CPU,)  # main memory gives way to a swap file, a GPU's does not
        return free >= self._needs

    def _free(self) -> float | None:
        """Return the bytes that are free on the fullest of the slots."""
        now = time.monotonic()
        if self._looked is None or now - self._looked[0] > _LOOK_SECONDS:
            self._looked = now, free_on(self._slots)
        return self._looked[1]


def check_fits(kind: str, needs: float | None, gpus: Sequence[int]) -> None:
    """Refuse a run that would wait for memory for ever.

    Args:
        kind: of the run, `lora` or `diffusion`.
        needs: the most bytes that it will take; None where nobody knows.
        gpus: indices of those that it shall have; without any it takes the one with most memory.

    Raises:
        BadInputError: it needs more than there is.
    """
    from garage_tui.core.hardware import gpus as gpu

    usable = gpu.usable()
    there = all_memory(usable, gpus)
    if needs is None or there is None or needs <= there:
        return
    where = f"GPU {', '.join(map(str, gpus))}" if gpus else "the largest GPU here" if usable else "this box"
    less = "smaller pictures or a smaller batch need less"
    if kind == "lora":
        less = f"a smaller base or batch needs less{', and so does --load-in-4bit' if usable else ''}"
    has = f"{where} has {there / 1e9:.1f} GB in all, free or not"
    raise BadInputError(f"the run needs about {needs / 1e9:.1f} GB of memory, and {has}: {less}")


def check_memory_free(who: str, needs: float | None, slot: str, otherwise: str) -> None:
    """Refuse what would load a model now, where less memory is free than it needs.

    Args:
        who: what would need it, as the sentence begins.
        needs: bytes; None where nobody knows.
        slot: `cpu`, or the index of a GPU.
        otherwise: what to do about it.

    Raises:
        GarageError: there is not enough; better now than in the middle of it.
    """
    free = free_on([slot])
    if needs is not None and free is not None and free < needs:
        where = "this box" if slot == CPU else f"GPU {slot}"
        raise GarageError(
            f"{who} needs about {needs / 1e9:.1f} GB of memory, and {where} has {free / 1e9:.1f} free: {otherwise}"
        )


def free_on(slots: Sequence[str]) -> float | None:
    """Return the bytes of memory that are free on the fullest of these slots; None where nobody says."""
    if CPU in slots:
        return free_memory([], swap=True)
    from garage_tui.core.hardware import gpus as gpu  # not for a supervisor on a processor: it stays small

    return free_memory(gpu.read(), [int(slot) for slot in slots])
