"""What a run's supervisor does for a run at a place: it puts the parts together and watches until the end."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.safe_open import log_file
from garage_tui.core.places.batch_scheduler import BatchScheduler
from garage_tui.core.places.place import Place, find_place, is_folder_of
from garage_tui.core.places.ray_jobs import RayScheduler
from garage_tui.core.places.shell import PlaceShell
from garage_tui.core.places.slurm import SlurmScheduler
from garage_tui.core.places.start_at_place import JobStart
from garage_tui.core.places.transfer import CopiedFolder, SharedFolder, Transfer
from garage_tui.core.places.watch import PlaceWatcher, WatchEndedError
from garage_tui.core.runs.diffusion_files import IMAGES
from garage_tui.core.runs.folder import LOG
from garage_tui.core.runs.place_record import read_place_record
from garage_tui.core.runs.record import Manifest
from garage_tui.core.runs.state_writer import append_event, update_state
from garage_tui.core.settings.settings import Workspace, load_settings

_PICTURES = "garage_tui.jobs.diffusion.prepare"
"""The module that reads the pictures of a run into its folder."""


def follow_at_place(module: str, folder: Path, manifest: Manifest) -> bool:
    """Have a run work at its place, and return True once it has ended; False where the system ended this process.

    Which programs and addresses that takes, the owner's settings of now say, never the folder, which may be somebody
    else's.

    Args:
        module: the module of the job.
    """
    record = read_place_record(folder)
    try:
        place = find_place(load_settings(Workspace(folder.parents[1])), manifest.place)
    except BadInputError as error:
        reason = str(error)
        if record is not None and not record.over:
            reason += f"; its job there ({record.job or record.name}) may still work"
        update_state(folder, state="failed", reason=reason, waits="", ended=time.time())
        append_event(folder, "ended", state="failed", reason=reason)
        return True
    if record is not None and not place.shared and not is_folder_of(record.folder, folder):
        record = None  # what it names is not this run's: a folder may be somebody else's
    shell = PlaceShell(place)
    try:
        scheduler = make_scheduler(place, shell)
        there = record.folder if record else ""
        transfer: Transfer = (
            SharedFolder(folder, shell, place) if place.shared else CopiedFolder(folder, shell, place, there)
        )
        start = JobStart(
            folder,
            manifest,
            module,
            place,
            shell,
            scheduler,
            transfer,
            record,
            lambda: read_pictures(folder, manifest, place),
        )
        PlaceWatcher(folder, manifest, place, scheduler, transfer, start.run, record).run()
    except WatchEndedError:
        return False
    finally:
        shell.close()
    return True


def make_scheduler(place: Place, shell: PlaceShell) -> BatchScheduler:
    """Return the scheduler of a place."""
    return RayScheduler(place) if place.settings.kind == "ray" else SlurmScheduler(place, shell)


def read_pictures(folder: Path, manifest: Manifest, place: Place) -> None:
    """Read the pictures of a diffusion run into its folder, where they are in a folder of this box.

    Raises:
        GarageError: there are none, or they cannot be read.
    """
    source = str(manifest.dataset.get("path", ""))
    if place.shared or manifest.kind != "diffusion" or not source.startswith("/") or (folder / IMAGES).exists():
        return
    with log_file(folder / LOG) as log:
        done = subprocess.run(
            [sys.executable, "-P", "-m", _PICTURES, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise GarageError(f"the pictures in {source} cannot be read: {last}")
