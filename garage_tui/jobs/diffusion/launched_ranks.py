"""A diffusion run whose ranks a launcher started (torchrun, srun, mpirun), on one machine or on several.

Rank 0 is the job: it alone writes the run folder. The others train the steps that it announces, as those do that a job
starts by itself (`distributed.py`). The announcements go through the store of torch's own rendezvous, whose address the
launcher has given to all (MASTER_ADDR, MASTER_PORT).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.runs.diffusion_files import IMAGES
from garage_tui.core.runs.folder import ENDED, MANIFEST
from garage_tui.core.runs.record import Manifest, read_state
from garage_tui.jobs.diffusion.distributed import take_announced_steps
from garage_tui.jobs.runtime.launcher import LaunchedProcess

_PREFIX = "garage"
_POLL_SECONDS = 0.5
_LEAVE_SECONDS = 20.0
"""Seconds that the others may take to notice that the run is over, before rank 0 ends the store."""
_STORE_SECONDS = 300


def describe_to_torch(process: LaunchedProcess) -> None:
    """Put torch's variables for this process into the environment, where its launcher uses other names.

    Raises:
        BadInputError: the launcher does not say which process this is, or where rank 0 is.
    """
    if process.rank < 0:
        raise BadInputError(f"{process.variable} says {process.count} processes, but not which one this is")
    os.environ.update(WORLD_SIZE=str(process.count), RANK=str(process.rank), LOCAL_RANK=str(process.local_rank))
    if "MASTER_ADDR" not in os.environ:
        os.environ["MASTER_ADDR"] = _first_host()
    if "MASTER_PORT" not in os.environ:
        job = os.environ.get("SLURM_JOB_ID", "")
        os.environ["MASTER_PORT"] = str(20_000 + int(job) % 10_000 if job.isdecimal() else 29_500)


def _first_host() -> str:
    """Return the host of rank 0, by Slurm's list of the step's nodes.

    Raises:
        BadInputError: nothing says it.
    """
    nodes = os.environ.get("SLURM_STEP_NODELIST", "")
    if nodes:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            command = ["scontrol", "show", "hostnames", nodes]
            listed = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.split()
            if listed:
                return listed[0]
    raise BadInputError("this process is one of several: set MASTER_ADDR to the host of rank 0 (torchrun does so)")


class LaunchedGroup:
    """The other ranks as rank 0 sees them: it announces steps, and starts and ends nobody."""

    def __init__(self, process: LaunchedProcess) -> None:
        self._count = process.count
        self._store: Any = None

    def begin(self, step: int) -> None:
        """Make the other ranks load the checkpoint of this step, or start at 0."""
        self._store = connect()
        self._store.set("begin", str(step))

    @contextlib.contextmanager
    def step(self, step: int) -> Iterator[None]:
        """Make the other ranks train this step together with rank 0.

        Raises:
            GarageError: one of them has ended.
        """
        self._store.set(str(step), str(step))
        try:
            yield
        except RuntimeError as error:  # gloo detects it, with an error about a remote worker
            if "Connection" in str(error) or "peer" in str(error):
                raise GarageError("another process of the launcher has ended; see its messages") from error
            raise

    def end(self) -> None:
        """Say that the run is over, and wait until all have noticed: they need the store for that."""
        self._store.set("over", "0")
        deadline = time.monotonic() + _LEAVE_SECONDS
        names = [f"gone-{rank}" for rank in range(1, self._count)]
        while not self._store.check(names) and time.monotonic() < deadline:
            time.sleep(0.05)


def connect() -> Any:
    """Return the store of torch's rendezvous, with names of our own in it."""
    from torch.distributed import PrefixStore, TCPStore

    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = TCPStore(address, port, is_master=False, timeout=timedelta(seconds=_STORE_SECONDS))
    return PrefixStore(_PREFIX, store)


def follow_rank_0(process: LaunchedProcess, folder: Path) -> int:
    """Train the steps that rank 0 announces, and write nothing; return the exit code."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a shutdown reaches all, but rank 0 needs the others until it saved
    manifest = _wait_for_pictures(folder)
    recipe = msgspec.convert(manifest.recipe, DiffusionRecipe)

    from garage_tui.jobs.diffusion.train_step import DiffusionTrainer

    trainer = DiffusionTrainer(recipe, np.load(folder / IMAGES, mmap_mode="r", allow_pickle=False))
    store = connect()
    take_announced_steps(store, folder, trainer)
    store.set(f"gone-{process.rank}", "0")
    return 0


def _wait_for_pictures(folder: Path) -> Manifest:
    """Return the manifest of the run once rank 0 has put the pictures into its folder.

    Raises:
        GarageError: rank 0 could not.
    """
    while True:
        manifest = msgspec.json.decode(read_regular(folder / MANIFEST), type=Manifest)
        if manifest.dataset.get("sha256") and (folder / IMAGES).exists():
            return manifest
        state = read_state(folder)
        if state.state in ENDED:
            raise GarageError(f"rank 0 has ended: {state.reason or state.state}")
        time.sleep(_POLL_SECONDS)
