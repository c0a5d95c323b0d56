"""The start of a run: writes its folder and manifest, puts it into the queue, and starts its supervisor."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.json_text import has_half_character
from garage_tui.core.base.locked_file import locked_soon
from garage_tui.core.base.safe_open import log_file
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.diffusion.estimate import estimate_diffusion
from garage_tui.core.diffusion.image_source import folder_of
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.facts.training_file import TrainingFile, read_training_file
from garage_tui.core.hardware.gpus import read as read_gpus
from garage_tui.core.hardware.gpus import usable as usable_gpus
from garage_tui.core.images.image_folder import require_pictures
from garage_tui.core.launch.provenance import git_revision, package_versions
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.models import base_models
from garage_tui.core.places.place import check_inputs_travel, check_options, find_place
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.folder import FACTS, LOCK, LOG
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.core.runs.request import REQUEST
from garage_tui.core.scheduling import queue
from garage_tui.core.scheduling.admission import check_fits
from garage_tui.core.scheduling.sleep_inhibitor import keep_awake_for
from garage_tui.core.scheduling.slots import CPU
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.estimate import estimate_lora
from garage_tui.core.training.recipe import LoraRecipe

JOBS = {"lora": "garage_tui.jobs.lora", "diffusion": "garage_tui.jobs.diffusion"}
"""The job module of each kind of run."""


def start_lora(
    workspace: Workspace,
    settings: Settings,
    facts_file: Path,
    recipe: LoraRecipe,
    name: str | None = None,
    command: list[str] | None = None,
    gpus: tuple[int, ...] = (),
    limits: RunLimits | None = None,
    taught: TrainingFile | None = None,
    base: base_models.BaseModel | None = None,
    place: str = "",
) -> Path:
    """Start a LoRA run in a session of its own, or put it into the queue; return its folder.

    Args:
        name: the readable end of the run id; by default the facts file's name.
        command: what the user typed, for the manifest.
        gpus: indices of the GPUs that the run should have; by default any one.
        limits: the limits of the run; by default those of the settings.
        taught: the facts file, if the caller has read it; by default it is read now.
        base: the model that `recipe.base` names, if the caller has looked it up; by default it is looked up now.
        place: the name of the place where it is to work; empty for this box.

    Raises:
        BadInputError: the facts have errors, the base model does not exist, or there is no such GPU or place.
        GarageError: the run folder cannot be written.
    """
    taught = taught or read_training_file(facts_file)
    rows, data = taught.rows, taught.data
    base = base or base_models.find(recipe.base)
    _check_name(base.path)
    if place:
        own_folder = str(base.path) if base.hub_id is None else ""
        check_inputs_travel(find_place(settings, place), "the base model", own_folder)
    dataset = {"path": str(facts_file.resolve()), "sha256": taught.sha256, "rows": len(rows)}
    return _start(
        workspace,
        settings,
        "lora",
        name or facts_file.stem,
        gpus,
        place,
        lambda folder: write_atomic(folder / FACTS, data),
        recipe=msgspec.to_builtins(recipe),
        base=base_models.manifest_entry(base),
        dataset=dataset,
        command=command or [],
        memory=estimate_lora(workspace, recipe, base, rows).memory,
        limits=limits or RunLimits.from_settings(settings),
        total_steps=recipe.steps(len(rows)),
    )


def start_diffusion(
    workspace: Workspace,
    settings: Settings,
    recipe: DiffusionRecipe,
    name: str | None = None,
    command: list[str] | None = None,
    gpus: tuple[int, ...] = (),
    limits: RunLimits | None = None,
    place: str = "",
) -> Path:
    """Start a diffusion run in a session of its own, or put it into the queue; return its folder.

    Arguments are those of `start_lora`; the default name is that of the pictures.

    Raises:
        BadInputError: there is no such folder, too few pictures are in it, or there is no such GPU or place.
        GarageError: the run folder cannot be written.
    """
    if folder := folder_of(recipe.images):
        _check_name(folder)
        require_pictures(folder)
        recipe = msgspec.structs.replace(recipe, images=str(folder))  # absolute: the job has another working directory
    return _start(
        workspace,
        settings,
        "diffusion",
        name or Path(recipe.images).name,
        gpus,
        place,
        lambda folder: None,
        recipe=msgspec.to_builtins(recipe),
        base={},
        dataset={"path": recipe.images},
        command=command or [],
        memory=estimate_diffusion(workspace, recipe, gpus=gpus).memory,
        limits=limits or RunLimits.from_settings(settings),
    )


def _start(
    workspace: Workspace,
    settings: Settings,
    kind: str,
    name: str,
    gpus: tuple[int, ...],
    place: str,
    fill: Callable[[Path], object],
    total_steps: int = 0,
    **about: Any,
) -> Path:
    """Make the folder of a run, fill it, and start it.

    Args:
        fill: writes the run's input files into its folder.
        about: further fields of the manifest.
    """
    if place:
        check_options(find_place(settings, place), gpus)
    else:
        queue_entry(Path(), gpus)  # a missing GPU is refused before anything is written
        check_fits(kind, about.get("memory"), gpus)
    _check_name(workspace.checkpoints)
    folder: Path | None = None
    try:
        folder = new_run_folder(workspace, kind, name)
        fill(folder)
        now = time.time()
        write_manifest(
            folder,
            Manifest(
                id=folder.name,
                kind=kind,
                created=now,
                versions=package_versions(),
                git=git_revision(workspace.root),
                gpu=[reading.name for reading in read_gpus()],
                gpus_asked=gpus,
                place=place,
                stop_grace_seconds=settings.stop_grace_seconds,
                checkpoint_seconds=settings.checkpoint_seconds,
                **about,
            ),
        )
        write_state(folder, RunState(state="queued", total_steps=total_steps, created=now))
        spawn(JOBS[kind], folder, None if place else queue_entry(folder, gpus))
    except BaseException as error:  # a folder without a run would be listed as broken for ever
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            why = why_not_written(error, workspace.checkpoints)
            raise GarageError(f"no run can be started in {workspace.checkpoints}: {why}") from error
        raise
    return folder


def _check_name(folder: Path) -> None:
    """Refuse a folder that queue and manifest, JSON files, cannot name.

    Raises:
        BadInputError: its name is not UTF-8.
    """
    if has_half_character(str(folder)):
        raise BadInputError(f"the name of {folder} is not valid UTF-8: rename the folder")


def spawn(module: str, folder: Path, slots: queue.QueueEntry | None = None) -> None:
    """Put a run into the queue and start its supervisor in a session of its own; the run's lock is held from now on.

    A run at another place does not enter the queue, and its state stays: its job there may be at work and write it.

    Args:
        slots: the slots that the run can use; by default the CPU.

    Raises:
        BadInputError: the run is running or queued already.
        GarageError: the queue or the log cannot be written, or no process can be started; the run is as it was.
    """
    _check_name(folder)
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        if not locked_soon(lock):  # whoever asks whether the run is alive has the lock for a moment, too
            raise BadInputError(f"{folder.name} is running already")
        run = read_run(folder)
        if run.state is None:
            raise BadInputError(f"{folder.name}: {run.broken}")
        (folder / REQUEST).unlink(missing_ok=True)  # a request from before this start
        at_place = run.manifest is not None and bool(run.manifest.place)
        if not at_place:
            waiting = msgspec.structs.replace(
                run.state, state="queued", reason="", waits="", phase="", gpus=(), seconds_left=None, ended=None
            )
            write_state(folder, waiting)
        try:
            if not at_place:
                queue.enter([slots or queue.QueueEntry(str(folder))])
            _start_supervisor(module, folder, lock)
            keep_awake_for(folder)
        except BaseException:
            _undo(folder, run.state)
            raise
    except OSError as error:
        raise GarageError(f"{folder.name} cannot be started: {why_not_written(error, folder)}") from error
    finally:
        os.close(lock)  # the supervisor's copy holds the lock


def _start_supervisor(module: str, folder: Path, lock: int) -> None:
    with log_file(folder / LOG) as log:
        subprocess.Popen(
            [sys.executable, "-P", "-m", "garage_tui.core.scheduling.supervisor", module, str(folder), str(lock)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock],
            start_new_session=True,
            env=environment(shares_cores=module == JOBS["lora"]),
        )


def _undo(folder: Path, state: RunState) -> None:
    """Leave a run as it was before a start that failed: it does not wait for anything."""
    with contextlib.suppress(OSError):
        write_state(folder, state)
    with contextlib.suppress(OSError, GarageError):
        queue.leave(folder)


def runs_before(gpus: tuple[int, ...] = ()) -> int:
    """Return how many runs a new run would have to wait for.

    Raises:
        BadInputError: there is no such GPU.
        GarageError: the queue cannot be read.
    """
    return queue.runs_before(queue_entry(Path(), gpus))


def queue_entry(folder: Path, gpus: tuple[int, ...]) -> queue.QueueEntry:
    """Return the queue entry of a run: the GPUs that it needs, else any one GPU, else the CPU.

    Raises:
        BadInputError: one of the GPUs does not exist.
    """
    usable = tuple(str(reading.index) for reading in usable_gpus())
    needed = tuple(dict.fromkeys(map(str, gpus)))
    if missing := [index for index in needed if index not in usable]:
        has = f"this machine has {', '.join(usable)}" if usable else "no usable GPU was found"
        raise BadInputError(f"no GPU {', '.join(missing)}: {has}")
    if needed:
        return queue.QueueEntry(str(folder), needed, len(needed))
    return queue.QueueEntry(str(folder), usable or (CPU,), 1)
