"""Start a run that outlives whoever started it, and stop one."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from garage_tui.core import facts, gpu, models
from garage_tui.core.atomic import write_atomic
from garage_tui.core.errors import BadInputError, GarageError
from garage_tui.core.recipe import LoraRecipe
from garage_tui.core.runs import (
    FACTS,
    LOCK,
    LOG,
    Manifest,
    Run,
    State,
    new_run_folder,
    request,
    write_manifest,
    write_state,
)
from garage_tui.core.settings import Settings, Workspace

LORA_JOB = "garage_tui.jobs.lora"
_PACKAGES = ("garage-tui", "torch", "transformers", "trl", "peft", "accelerate", "datasets")


def start_lora(
    workspace: Workspace,
    settings: Settings,
    facts_file: Path,
    recipe: LoraRecipe,
    name: str | None = None,
    command: list[str] | None = None,
) -> Path:
    """Start a LoRA run in a process group and session of its own; return its folder.

    Args:
        name: the readable end of the run id; by default the facts file's name.
        command: what the owner typed, for the manifest.

    Raises:
        BadInputError: the facts have errors, or the base model is a folder that is none.
        GarageError: the run folder cannot be written.
    """
    rows = facts.training_rows(facts_file)
    base = models.describe(recipe.base)
    data = facts_file.read_bytes()
    try:
        folder = new_run_folder(workspace, "lora", name or facts_file.stem)
        write_atomic(folder / FACTS, data)
        now = time.time()
        write_manifest(
            folder,
            Manifest(
                id=folder.name,
                kind="lora",
                created=now,
                recipe=msgspec.to_builtins(recipe),
                base=base,
                dataset={
                    "path": str(facts_file.resolve()),
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "rows": len(rows),
                },
                versions=_versions(),
                git=_git_revision(workspace.root),
                gpu=[reading.name for reading in gpu.read()],
                command=command or [],
                stop_grace_seconds=settings.stop_grace_seconds,
            ),
        )
        write_state(folder, State(state="queued", total_steps=recipe.steps(len(rows)), created=now))
        spawn(LORA_JOB, folder)
    except OSError as error:
        raise GarageError(f"the run cannot be started in {workspace.checkpoints}: {error.strerror or error}") from error
    return folder


def spawn(module: str, folder: Path) -> None:
    """Start the supervisor of the run in `folder`, in a session of its own, with the run's lock held from the start."""
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with (folder / LOG).open("ab") as log:
            subprocess.Popen(
                [sys.executable, "-P", "-m", "garage_tui.core.supervisor", module, str(folder), str(lock)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[lock],
                start_new_session=True,
                env=environment(),
            )
    except BlockingIOError as error:
        raise BadInputError(f"{folder.name} is running already") from error
    finally:
        os.close(lock)  # the supervisor's copy keeps the lock


def stop(run: Run) -> None:
    """Ask a run to save and stop; it does so within a step, and its state says when it is done.

    Raises:
        BadInputError: it is not running.
    """
    if not run.alive:
        raise BadInputError(f"{run.id} is not running ({run.status})")
    request(run.path, "stop")


def environment() -> dict[str, str]:
    """Return the environment of a process of ours: with this package importable from wherever it was started."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        # Threads that spin while they wait take the cores from whoever else works on a small box: with a server or a
        # second run beside it, training was up to twice as fast without (docs/figures.md).
        "OMP_WAIT_POLICY": "PASSIVE",
        **os.environ,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYTHONUNBUFFERED": "1",
    }


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _git_revision(folder: Path) -> str | None:
    try:
        git = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return git.stdout.strip() or None
