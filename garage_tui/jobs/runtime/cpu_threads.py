"""The use of a CPU by torch: faster matrix products, and only as many threads as there are free cores.

Without a GPU matrix products take nearly all of the time. For fp32 torch calls MKL, which stays with AVX2 on CPUs that
are not Intel's; oneDNN's AVX-512 kernels are two to three times as fast there, and as exact (docs/explain/figures.md).
Torch uses them if it may round the factors to bf16, which they do only on a CPU with AMX; without AVX-512 nothing
changes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import torch

_WINDOW = 1.0
"""Seconds over which the load of other processes is measured."""


def prepare(model: Any) -> None:
    """Make a language model (a torch module) use the CPU as described above, in whatever thread it runs."""
    use_onednn_kernels()
    if not torch.cuda.is_available():
        model.register_forward_pre_hook(lambda *_: share_cores())


def use_onednn_kernels() -> None:
    """Let torch use oneDNN's kernels for fp32 products, if there is no GPU and the CPU has AVX-512."""
    if not torch.cuda.is_available():
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"


class ExactSteps:
    """A mixin for transformers' Trainer: what follows a backward pass (clipping, the optimiser) uses `all_cores`."""

    def training_step(self, *arguments: Any, **named: Any) -> Any:
        loss = super().training_step(*arguments, **named)  # type: ignore[misc]
        all_cores()
        return loss


class Cores:
    """The number of cores that other processes leave free.

    A thread that waits for another one which cannot run loses more than it gains, so fewer threads are better beside
    other processes. Their number changes no bit of a language model's forward and backward pass
    (tests/jobs/runtime/test_cpu_threads.py). It does change long inner products, factorisations, and a convolution's
    gradients:
    before those a job calls `all_cores`, and diffusion runs keep a constant number.

    Args:
        busy: returns the busy seconds of all cores so far, with this process.
        own: returns the CPU seconds of this process alone.
    """

    def __init__(
        self,
        busy: Callable[[], float] | None = None,
        own: Callable[[], float] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._busy, self._own, self._now = busy or _busy, own or _own, now
        self._all = len(_cores())
        self._last: tuple[float, float, float] | None = None
        self.free = self._all
        """Free cores, at least one."""

    def measure(self) -> int:
        """Return `free`, measured again if the last measurement is old enough."""
        now = self._now()
        if self._last is not None and now - self._last[0] < _WINDOW:
            return self.free
        latest = now, self._busy(), self._own()
        if self._last is not None:
            seconds, busy, own = (new - old for new, old in zip(latest, self._last, strict=True))
            self.free = max(1, round(self._all - max(0.0, busy - own) / seconds))
        self._last = latest
        return self.free


_lock = threading.Lock()
_watched: Cores | None = None
_most: int | None = None


def share_cores() -> None:
    """Let torch use as many threads as cores are free, and at most as many as at the start (OMP_NUM_THREADS)."""
    global _watched, _most
    with _lock:
        if _most is None or _watched is None:
            _most, _watched = torch.get_num_threads(), Cores()
        count = min(_most, _watched.measure())
    _set(count)


def all_cores() -> None:
    """Let torch use as many threads as at the start, until the next forward pass.

    For what must be the same to the last bit, so that a resumed run is exact.
    """
    if _most is not None:
        _set(_most)


def _set(count: int) -> None:
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def _busy() -> float:
    times = psutil.cpu_times(percpu=True)
    own = [times[core] for core in _cores() if core < len(times)]
    # The time of guests is part of user time.
    idle = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(sum(value for name, value in each._asdict().items() if name not in idle) for each in own))


def _own() -> float:
    times = os.times()
    return times.user + times.system
