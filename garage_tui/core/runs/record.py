"""The record of a run: its manifest, its state, and what follows from both (`folder.py` names the files).

Files are the only interface between a run and whoever watches it. A run is alive if and only if its `lock` is held,
whatever its files say.
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
from garage_tui.core.base.errors import reason_of
from garage_tui.core.base.json_text import struct_document, struct_json
from garage_tui.core.base.phase import Phase
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.limits.run_limits import RunLimits, Waits
from garage_tui.core.runs.folder import ADAPTER, ENDED, MANIFEST, STATE, Status, is_alive, live_status, name_of
from garage_tui.core.runs.place_record import lost_at_place, reason_at_place

RESTING: tuple[Status, ...] = (*ENDED, "paused", "interrupted")
"""States that hold without a process; any other one is outdated once the lock is free."""

_STATE_BYTES = 2048  # states are padded to this, so that one can be written on a full disk (see write_small)


class RunState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`state.json`: how far the run is. Times are seconds since 1970."""

    state: Status
    reason: str = ""
    """Why it failed, was stopped, is paused or waits: one line that a person reads."""
    waits: Waits = ""
    """What it waits for by itself: paused for `heat`; queued for `hours`, `sun`, `card` (a free GPU),
    `memory`, or at a `place`."""
    phase: str = ""
    """What a running run is doing: "loading the base model", "training", "saving the adapter"."""
    phase_done: int = 0
    phase_total: int = 0
    """How much of the phase is done, of how much; 0 where nothing is counted."""
    phase_unit: str = ""
    """What is counted, where the phase does not say it: `MB`."""
    phase_started: float | None = None
    """Unix time at which the phase began."""
    trainer: str = ""
    """Which trainer a LoRA run uses, and why: `trains with TRL and PEFT: no CUDA here`."""
    step: int = 0
    total_steps: int = 0
    epoch: float = 0.0
    loss: float | None = None
    tokens_per_s: float | None = None
    images_per_s: float | None = None
    """Speed of a diffusion run, in pictures a second."""
    seconds_left: float | None = None
    spark: tuple[float, ...] = ()
    """The loss so far, for a sparkline: means over at most 24 equal spans."""
    memory: int | None = None
    """Peak resident memory of the job's process, in bytes."""
    gpu_memory: int | None = None
    """Peak memory that the job reserved on its GPUs, in bytes."""
    gpus: tuple[str, ...] = ()
    """Indices of the GPUs that it uses; empty on a CPU."""
    wh: float | None = None
    """Watt-hours that its GPUs used while it was alive; None where nothing measures them."""
    wh_from: str = ""
    """`counter` (the GPU's own) or `power` (integrated here)."""
    active_seconds: float = 0.0
    """Seconds of work as of `updated`, without waits and pauses."""
    created: float = 0.0
    started: float | None = None
    """Unix time at which it first began to train."""
    updated: float = 0.0
    ended: float | None = None

    @property
    def now(self) -> Phase:
        """The phase with its count and its time."""
        return Phase(self.phase, self.phase_done, self.phase_total, self.phase_unit, self.phase_started)

    @property
    def time_left(self) -> float | None:
        """Seconds until the last step is done; None where they are not known, or it is done already."""
        return self.seconds_left if self.step < self.total_steps else None

    @property
    def shows_phase(self) -> bool:
        """True where the phase takes the place of the steps: before the first step, and while the phase is counted."""
        return bool(self.phase) and (not self.step or self.now.share is not None)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`run.json`: everything that is needed to repeat the run."""

    id: str
    kind: str
    """`lora` or `diffusion`"""
    created: float
    recipe: dict[str, Any]
    base: dict[str, Any]
    """`name`, and once they are known `path`, `source` and the `sha256` of its weights."""
    dataset: dict[str, Any]
    """`path`, `sha256` and `rows` (those that are trained on)."""
    versions: dict[str, str] = {}
    git: str | None = None
    """Revision of the workspace, with `+` where it had changes; None outside a repository."""
    gpu: list[str] = []
    gpus_asked: tuple[int, ...] = ()
    """Indices of the GPUs that the owner asked for; empty means any one."""
    command: list[str] = []
    stop_grace_seconds: float = 60.0
    checkpoint_seconds: float = 60.0
    """Seconds of training between two checkpoints."""
    memory: float | None = None
    """Estimated peak memory on its GPU (or in main memory), in bytes; None where it is unknown."""
    place: str = ""
    """The place of the settings where it works; empty for this box."""
    limits: RunLimits = msgspec.field(default=RunLimits(), name="care")
    """Its limits of temperature, power, time and solar surplus; the key on disk is `care`."""


@dataclass(frozen=True)
class Run:
    """A run folder as it was when it was read."""

    id: str
    path: Path
    alive: bool
    manifest: Manifest | None
    state: RunState | None
    broken: str = ""
    """Why the folder cannot be read; empty where it can be."""

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
        """The status in one word; a run that is not alive though its state is `running` was interrupted."""
        if self.broken or self.state is None:
            return "broken"
        state = self.state.state
        if not self.alive:
            return state if state in RESTING and not self._cooling else "interrupted"
        return live_status(self.path, state)

    @property
    def reason(self) -> str:
        """Why it has this status: one line, or empty where there is nothing to explain."""
        if self.broken or self.state is None:
            return self.broken
        if self.state.state == "paused" and not self.alive and self.state.ended is None and not self._cooling:
            return f"by you at step {self.state.step}; its processes are gone, it resumes from its checkpoint"
        elsewhere = self.manifest is not None and bool(self.manifest.place)
        if self.alive and elsewhere:
            state = self.state
            queued = state.state == "queued"
            return reason_at_place(self.path, queued, state.waits, state.reason) or state.reason
        if self.alive or (self.state.state in RESTING and not self._cooling):
            return self.state.reason
        if elsewhere and (lost := lost_at_place(self.path)):
            return f"{lost}; at step {self.state.step}"
        how = (
            "the box went down (power cut or reboot)"
            if self.state.updated < boot_time()
            else "its processes ended unexpectedly (killed by a user or by the system)"
        )
        where = "it was in the queue" if self.state.state == "queued" else f"at step {self.state.step}"
        return f"{how}; {where}"

    @property
    def _cooling(self) -> bool:
        """True where its job paused by itself, to wait for a cooler GPU: without a job that is an interruption."""
        return self.state is not None and self.state.state == "paused" and self.state.waits == "heat"

    @property
    def adapter(self) -> Path | None:
        """The PEFT adapter folder, once it is complete."""
        folder = self.path / ADAPTER
        return folder if (folder / "adapter_config.json").exists() else None

    @property
    def seconds(self) -> float | None:
        """Seconds of work, without waits and pauses; None before it started."""
        if self.state is None or self.state.started is None:
            return None
        works = self.alive and self.state.state in ("running", "stopping")
        return self.state.active_seconds + (max(0.0, time.time() - self.state.updated) if works else 0.0)

    @property
    def over(self) -> bool:
        """True where it has ended, even if its processes have not exited yet."""
        return not self.alive or (self.state is not None and self.state.state in ENDED)

    @property
    def resumable(self) -> bool:
        """True where `control.resume` has something to do."""
        if self.held:
            return True
        if self.leaving:
            return self.state is not None and self.state.state != "finished"
        if self.alive and self.status == "pausing":
            return self._pause_can_be_taken_back
        if self.manifest is None or self.status not in ("paused", "stopped", "failed", "interrupted"):
            return False
        return not self.alive or self.status == "paused"

    @property
    def _pause_can_be_taken_back(self) -> bool:
        """True while it will pause in memory; a run that is to leave may have saved and be gone at any moment."""
        from garage_tui.core.runs.request import requested_action

        return requested_action(self.path) == "pause"

    @property
    def leaving(self) -> bool:
        """True while its processes still exit, though the run has ended."""
        state = self.state
        if not self.alive or state is None or state.ended is None:
            return False
        return state.state in RESTING

    @property
    def held(self) -> bool:
        """True while it waits for its hours, the sun, a GPU or memory; `control.resume` ends that wait."""
        waiting_for = self.state.waits if self.state is not None else ""
        return self.alive and self.status == "queued" and bool(waiting_for) and waiting_for != "place"


def read_run(folder: Path) -> Run:
    """Return the run of a folder as it is now; a damaged folder is returned as broken, with the reason."""
    # The lock is read first: a run that ends in between is then alive with its last state, never dead and running.
    alive = is_alive(folder)
    manifest, state, broken = None, None, ""
    try:
        manifest = msgspec.json.decode(read_regular(folder / MANIFEST), type=Manifest)
        state = read_state(folder)
    except FileNotFoundError as error:
        broken = f"{Path(error.filename).name} is missing"
    except UNREADABLE as error:
        broken = f"{MANIFEST if manifest is None else STATE} cannot be read: {reason_of(error)}"
    if broken and manifest is not None and (state := _recovered(folder, manifest, alive)) is not None:
        broken = ""
    return Run(folder.name, folder, alive, manifest, state, broken)


def _recovered(folder: Path, manifest: Manifest, alive: bool) -> RunState | None:
    """Return the state of a run without a readable `state.json`; None where something else is in its place."""
    from garage_tui.core.runs.state_recovery import recovered_fields  # rarely needed

    try:
        if (folder / STATE).exists() and not (folder / STATE).is_file():
            return None
        if (fields := recovered_fields(folder, alive)) is None:
            return None
        return msgspec.convert({"created": manifest.created, **fields}, RunState)
    except (OSError, msgspec.ValidationError, TypeError):
        return None


def read_state(folder: Path) -> RunState:
    """Return the state.

    Raises:
        OSError, msgspec.DecodeError: it is missing or damaged.
    """
    return msgspec.json.decode(read_regular(folder / STATE), type=RunState)


def write_state(folder: Path, state: RunState) -> RunState:
    """Replace the state atomically (on a full disk: in place) and return what was written."""
    state = msgspec.structs.replace(state, updated=time.time(), reason=state.reason[:600])
    write_small(folder / STATE, struct_json(state, marks=True).ljust(_STATE_BYTES - 1) + b"\n")
    return state


def write_manifest(folder: Path, manifest: Manifest) -> None:
    write_atomic(folder / MANIFEST, struct_document(manifest, indent=2, marks=True))


@functools.cache
def boot_time() -> float:
    """Return when this box was booted, in seconds since 1970; 0 where that is unknown (`btime` of /proc/stat)."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/stat").read_text().splitlines()
        return float(next(line for line in lines if line.startswith("btime ")).split()[1])
    return 0.0
