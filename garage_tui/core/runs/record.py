"""What happened to a run, as its folder `checkpoints/<run-id>/` says (`folder.py` has the names of its files).

Files are the only seam between a run and whoever watches it. A run is alive if and only if its `lock` is held, whatever
a file says.
"""

from __future__ import annotations

import contextlib
import functools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from garage_tui.core.base.atomic import write_atomic, write_small
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.limits.run_limits import RunLimits, Waits
from garage_tui.core.runs.folder import ADAPTER as ADAPTER
from garage_tui.core.runs.folder import ENDED as ENDED
from garage_tui.core.runs.folder import EVENTS as EVENTS
from garage_tui.core.runs.folder import FACTS as FACTS
from garage_tui.core.runs.folder import LOCK as LOCK
from garage_tui.core.runs.folder import LOG as LOG
from garage_tui.core.runs.folder import MANIFEST as MANIFEST
from garage_tui.core.runs.folder import STATE as STATE
from garage_tui.core.runs.folder import Status as Status
from garage_tui.core.runs.folder import is_alive as is_alive
from garage_tui.core.runs.folder import living_status
from garage_tui.core.runs.folder import name_of as name_of

RESTING: tuple[Status, ...] = (*ENDED, "paused", "interrupted")
"""States that are true without a process; every other one is a lie once the lock is free."""

_STATE_BYTES = 2048  # states are padded to this, so that a full disk can still be told (see write_small)


class RunState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`state.json`: where the run is. Times are seconds since 1970."""

    state: Status
    reason: str = ""
    """Why it failed, was stopped, is paused or waits: one line for a person."""
    waits: Waits = ""
    """What it waits for by itself: paused for `heat`, queued for `hours`, `sun`, a `card` or `memory`."""
    phase: str = ""
    """What a running run is doing: "loading the base model", "training", "saving the adapter"."""
    trainer: str = ""
    """Which trainer a LoRA run got, and why: `trains with TRL and PEFT: no CUDA here`."""
    step: int = 0
    total_steps: int = 0
    epoch: float = 0.0
    loss: float | None = None
    tokens_per_s: float | None = None
    images_per_s: float | None = None
    """Of a diffusion run."""
    seconds_left: float | None = None
    spark: tuple[float, ...] = ()
    """The loss so far: the means of at most 24 equal stretches."""
    memory: int | None = None
    """Most bytes of memory that the job's process had resident."""
    gpu_memory: int | None = None
    """Most bytes that the job had reserved on its GPUs."""
    gpus: tuple[str, ...] = ()
    """Indices of the GPUs that it works on; empty on a CPU."""
    wh: float | None = None
    """Watt-hours that its GPUs used while it lived; None where nothing measures them."""
    wh_from: str = ""
    """`counter` (the GPU's own) or `power` (integrated here)."""
    active_seconds: float = 0.0
    """Seconds of work as of `updated`, without waits and pauses."""
    created: float = 0.0
    started: float | None = None
    """When it first began to work."""
    updated: float = 0.0
    ended: float | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`run.json`: enough to run it again."""

    id: str
    kind: str
    """`lora` or `diffusion`"""
    created: float
    recipe: dict[str, Any]
    base: dict[str, Any]
    """`name`, and once it is known `path`, `source` and `sha256` of its weights."""
    dataset: dict[str, Any]
    """`path`, `sha256`, `rows` (those trained on)."""
    versions: dict[str, str] = {}
    git: str | None = None
    """Revision of the workspace, with `+` where it had changes; None outside a repository."""
    gpu: list[str] = []
    gpus_asked: tuple[int, ...] = ()
    """Indices of the GPUs that the owner asked for; empty takes any one."""
    command: list[str] = []
    stop_grace_seconds: float = 60.0
    checkpoint_seconds: float = 60.0
    """Work between two checkpoints."""
    memory: float | None = None
    """Most bytes that it will need on its card (or in main memory), as was estimated; None where nobody knows."""
    limits: RunLimits = msgspec.field(default=RunLimits(), name="care")
    """Its limits of temperature, power, time and solar surplus; the key on disk is `care`."""


@dataclass(frozen=True)
class Run:
    """A frozen look at a run folder."""

    id: str
    path: Path
    alive: bool
    manifest: Manifest | None
    state: RunState | None
    broken: str = ""
    """Why the folder cannot be read; empty where it can."""

    @property
    def name(self) -> str:
        """The id without its date."""
        return name_of(self.id)

    @property
    def draws(self) -> bool:
        """True for a diffusion run."""
        return self.manifest is not None and self.manifest.kind == "diffusion"

    @property
    def status(self) -> str:
        """The state in one word, after a look at the lock: a dead run that says running was interrupted."""
        if self.broken or self.state is None:
            return "broken"
        state = self.state.state
        if not self.alive:
            return state if state in RESTING else "interrupted"
        return living_status(self.path, state)

    @property
    def reason(self) -> str:
        """Why it is as it is: one line, or nothing where there is nothing to explain."""
        if self.broken or self.state is None:
            return self.broken
        if self.state.state == "paused" and not self.alive and self.state.ended is None:
            return f"by you at step {self.state.step}; its processes are gone, it goes on from its checkpoint"
        if self.alive or self.state.state in RESTING:
            return self.state.reason
        how = (
            "the box went down (power cut or reboot)"
            if self.state.updated < boot_time()
            else "its processes ended without a word (killed by hand or by the system)"
        )
        where = "it was waiting for its turn" if self.state.state == "queued" else f"at step {self.state.step}"
        return f"{how}; {where}"

    @property
    def adapter(self) -> Path | None:
        """The PEFT adapter folder, once it is whole."""
        folder = self.path / ADAPTER
        return folder if (folder / "adapter_config.json").exists() else None

    @property
    def seconds(self) -> float | None:
        """How long it has worked, without waits and pauses; None before it started."""
        if self.state is None or self.state.started is None:
            return None
        works = self.alive and self.state.state in ("running", "stopping")
        return self.state.active_seconds + (max(0.0, time.time() - self.state.updated) if works else 0.0)

    @property
    def over(self) -> bool:
        """True where nothing more will come of it by itself, even if its processes are still leaving."""
        return not self.alive or (self.state is not None and self.state.state in ENDED)

    @property
    def resumable(self) -> bool:
        """True where `control.resume` has something to do."""
        if self.held:
            return True
        if self.manifest is None or self.status not in ("paused", "stopped", "failed", "interrupted"):
            return False
        return not self.alive or self.status == "paused"

    @property
    def held(self) -> bool:
        """True while it waits for its hours, the sun, a card or memory, which `control.resume` cuts short."""
        return self.alive and self.status == "queued" and self.state is not None and bool(self.state.waits)


def read_run(folder: Path) -> Run:
    """Return what the folder says now; a damaged folder comes back as broken, with the reason."""
    # The lock is read first: a run that ends in between is then seen alive with its last state, never dead and running.
    alive = is_alive(folder)
    manifest, state, broken = None, None, ""
    try:
        manifest = msgspec.json.decode(read_regular(folder / MANIFEST), type=Manifest)
        state = read_state(folder)
    except FileNotFoundError as error:
        broken = f"{Path(error.filename).name} is missing"
    except UNREADABLE as error:
        broken = f"{MANIFEST if manifest is None else STATE} cannot be read: {error}"
    return Run(folder.name, folder, alive, manifest, state, broken)


def read_state(folder: Path) -> RunState:
    """Return the state.

    Raises:
        OSError, msgspec.DecodeError: it is missing or damaged.
    """
    return msgspec.json.decode(read_regular(folder / STATE), type=RunState)


def write_state(folder: Path, state: RunState) -> RunState:
    """Replace the state atomically (on a full disk: in place) and return what was written."""
    state = msgspec.structs.replace(state, updated=time.time(), reason=state.reason[:600])
    write_small(folder / STATE, msgspec.json.encode(state).ljust(_STATE_BYTES - 1) + b"\n")
    return state


def write_manifest(folder: Path, manifest: Manifest) -> None:
    write_atomic(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


@functools.cache
def boot_time() -> float:
    """Return when this box was started, in seconds since 1970; 0 where the kernel does not say (proc(5), `btime`)."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/stat").read_text().splitlines()
        return float(next(line for line in lines if line.startswith("btime ")).split()[1])
    return 0.0
