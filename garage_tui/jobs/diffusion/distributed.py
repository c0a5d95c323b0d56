"""Data-parallel training of a diffusion run: one process per device; the job itself is rank 0.

    python -m garage_tui.jobs.diffusion.distributed checkpoints/RUN

is one of the other ranks; the job starts it with torch's variables in its environment (RANK, WORLD_SIZE, …), which
accelerate reads. It trains the steps that rank 0 announces, reports nothing, and ends with rank 0.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.runs.diffusion_files import IMAGES
from garage_tui.core.runs.folder import MANIFEST
from garage_tui.core.runs.record import Manifest
from garage_tui.jobs.runtime.parent_watch import end_with_parent

_STORE = "GARAGE_RANKS_PORT"
_POLL_SECONDS = 0.5
_FINAL_SECONDS = 3.0
"""Seconds that the job may take to report an error of its own after another process has ended."""
_LOST = "the process of another GPU has ended; see log.txt for its last messages"


class ProcessGroup:
    """The other ranks, as rank 0 starts and controls them; empty with one device.

    Args:
        folder: the run folder, with its `images.npy`.
        devices: the number of processes, with rank 0.
    """

    def __init__(self, folder: Path, devices: int) -> None:
        self._others: list[subprocess.Popen[bytes]] = []
        self._over = False
        if devices < 2:
            return
        from torch.distributed import TCPStore

        port = _free_port()
        self._store = TCPStore("127.0.0.1", port, devices, is_master=True, wait_for_workers=False)
        shared = {
            "WORLD_SIZE": str(devices), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()),
            _STORE: str(port),
        }  # fmt: skip
        os.environ.update(shared, RANK="0", LOCAL_RANK="0")
        for rank in range(1, devices):
            # Ours, not the shell's: whoever starts a job keeps those from it (`core/base/child_environment.py`).
            mine = {**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank)}
            command = [sys.executable, "-P", "-m", "garage_tui.jobs.diffusion.distributed", str(folder)]
            self._others.append(subprocess.Popen(command, env=mine, stdin=subprocess.DEVNULL))
        threading.Thread(target=self._watch, name="ranks", daemon=True).start()

    def begin(self, step: int) -> None:
        """Make the other ranks load the checkpoint of this step, or start at 0."""
        self._announce("begin", step)

    @contextlib.contextmanager
    def step(self, step: int) -> Iterator[None]:
        """Make the other ranks train this step together with rank 0.

        Raises:
            GarageError: one of them has ended.
        """
        self._announce(str(step), step)
        try:
            yield
        except RuntimeError as error:  # gloo detects it by itself, with an error about a remote worker
            if self._others and any(_ended_soon(other) for other in self._others):
                raise GarageError(_LOST) from error
            raise

    def end(self) -> None:
        """End the other ranks."""
        self._over = True
        self._announce("over", 0)
        for other in self._others:
            try:
                other.wait(10)
            except subprocess.TimeoutExpired:
                other.kill()

    def _announce(self, key: str, value: int) -> None:
        if self._others:
            self._store.set(key, str(value))

    def _watch(self) -> None:
        """End the job when another rank has ended: with NCCL it would wait in its next step for ever."""
        while not self._over:
            time.sleep(_POLL_SECONDS)
            if any(other.poll() is not None for other in self._others):
                time.sleep(_FINAL_SECONDS)
            if any(other.poll() is not None for other in self._others) and not self._over:
                print(_LOST, file=sys.stderr, flush=True)
                os._exit(1)


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0])
    end_with_parent(os.getppid())
    signal.signal(
        signal.SIGTERM, signal.SIG_IGN
    )  # a shutdown reaches all, but rank 0 needs the others until it has saved
    manifest = msgspec.json.decode(read_regular(folder / MANIFEST), type=Manifest)
    recipe = msgspec.convert(manifest.recipe, DiffusionRecipe)

    from torch.distributed import TCPStore

    from garage_tui.jobs.diffusion.train_step import DiffusionTrainer

    store = TCPStore("127.0.0.1", int(os.environ[_STORE]), is_master=False)
    trainer = DiffusionTrainer(recipe, np.load(folder / IMAGES, mmap_mode="r", allow_pickle=False))
    take_announced_steps(store, folder, trainer)
    return 0


def take_announced_steps(store: Any, folder: Path, trainer: Any) -> None:
    """Train the steps that rank 0 announces, until it says that the run is over.

    Args:
        store: of torch.distributed, through which it announces them.
        trainer: a `train_step.DiffusionTrainer`.
    """
    from garage_tui.jobs.diffusion.checkpoint import load

    step = int(_wait_for(store, "begin"))
    if step:
        load(folder / f"checkpoint-{step}", step, trainer.net, trainer.optimizer, trainer.mean)
    while _wait_for(store, str(step), "over"):
        trainer.learn(step)
        step += 1


def _wait_for(store: Any, key: str, over: str = "") -> str:
    """Wait for rank 0's value for `key`; return an empty text when `over` is set."""
    started = time.monotonic()
    while True:
        for name in filter(None, (key, over)):
            if store.check([name]):
                return "" if name == over else store.get(name).decode()
        time.sleep(0.001 if time.monotonic() < started + 1 else 0.1)  # rank 0 draws, or the run is paused


def _ended_soon(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
