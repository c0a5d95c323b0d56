"""How the arithmetic uses a processor: the quicker products, and only cores that are free.

Without a GPU the products of matrices are nearly all of the time. For those in fp32 torch calls MKL, which keeps to
AVX2 on processors that are not Intel's; oneDNN's kernels for AVX-512 are two to three times as fast there, and as exact
(docs/explain/figures.md). Torch takes them where it may round the factors to bf16, which they only do where the
processor has AMX; where it has no AVX-512, nothing changes.
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
"""Seconds over which the others' work is counted."""


def prepare(model: Any) -> None:
    """Have a language model (a torch module) use the processor as said above, in whatever thread it is asked."""
    quick_products()
    if not torch.cuda.is_available():
        model.register_forward_pre_hook(lambda *_: share_cores())


def quick_products() -> None:
    """Let torch take oneDNN's kernels for products in fp32, where there is no GPU and the processor has AVX-512."""
    if not torch.cuda.is_available():
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"


class ExactSteps:
    """Mixed into a transformers Trainer: what follows a backward pass (clipping, the optimiser) has `all_cores`."""

    def training_step(self, *arguments: Any, **named: Any) -> Any:
        loss = super().training_step(*arguments, **named)  # type: ignore[misc]
        all_cores()
        return loss


class Cores:
    """How many cores are left to this process by all others.

    A thread that waits for one which another process keeps from running loses more than a second thread gains, so
    beside others it is better to have fewer. The number changes no bit of a language model's forward and backward pass
    (tests/jobs/runtime/test_cpu.py). It does of long inner products, of factorisations, and of a convolution's
    gradients: before those a job asks for `all_cores`, and diffusion runs keep to their number throughout.

    Args:
        busy: returns the seconds that the cores worked so far, this process included.
        own: returns the seconds of this process alone.
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
        """Cores, at least one."""

    def look(self) -> int:
        """Return `free`, measured anew if the last look is long enough ago."""
        now = self._now()
        if self._last is not None and now - self._last[0] < _WINDOW:
            return self.free
        seen = now, self._busy(), self._own()
        if self._last is not None:
            seconds, busy, own = (new - old for new, old in zip(seen, self._last, strict=True))
            self.free = max(1, round(self._all - max(0.0, busy - own) / seconds))
        self._last = seen
        return self.free


_lock = threading.Lock()
_watched: Cores | None = None
_most: int | None = None


def share_cores() -> None:
    """Give this thread's arithmetic as many cores as others leave, and no more than it began with (OMP_NUM_THREADS)."""
    global _watched, _most
    with _lock:
        if _most is None or _watched is None:
            _most, _watched = torch.get_num_threads(), Cores()
        count = min(_most, _watched.look())
    _set(count)


def all_cores() -> None:
    """Give this thread's arithmetic the number it began with, until the next forward pass: for what must always come
    out the same to the last bit, so that a resumed run is exact."""
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
    # A guest's time is counted in user's already.
    idle = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(sum(value for name, value in each._asdict().items() if name not in idle) for each in own))


def _own() -> float:
    times = os.times()
    return times.user + times.system
