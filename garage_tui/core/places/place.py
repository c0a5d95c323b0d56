"""A place by its name, and what is wrong with its settings."""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import quoted
from garage_tui.core.settings.settings import Settings, user_settings_file
from garage_tui.core.settings.types import PlaceSettings


class PlaceUnreachableError(Exception):
    """A place, or its scheduler, does not answer now: nothing is known about it, and the same may work later."""


@dataclass(frozen=True)
class Place:
    """A place with its name."""

    name: str
    settings: PlaceSettings

    @property
    def shared(self) -> bool:
        """True where the place sees the run folders of this box under the same paths."""
        return not self.settings.folder

    @property
    def python(self) -> str:
        return self.settings.python or sys.executable

    @property
    def scheduler_name(self) -> str:
        return {"slurm": "Slurm", "ray": "Ray"}[self.settings.kind]

    @property
    def where(self) -> str:
        """How it is reached, as text: `Slurm at lab.example.org`."""
        at = self.settings.address if self.settings.kind == "ray" else self.settings.ssh or "this box"
        return f"{self.scheduler_name} at {at}"


def find_place(settings: Settings, name: str) -> Place:
    """Return the place of this name.

    Raises:
        BadInputError: there is none, or its settings contradict one another.
    """
    if name not in settings.places:
        known = f"your places are {', '.join(settings.places)}" if settings.places else "no place is set"
        raise BadInputError(
            f"there is no place {quoted(name)}: {known}; a table [places.{name}] in {user_settings_file()} makes one "
            "(`garage help places`)"
        )
    place = Place(name, settings.places[name])
    if problem := _problem(place.settings):
        raise BadInputError(f"[places.{name}] in {user_settings_file()}: {problem}")
    return place


def _problem(settings: PlaceSettings) -> str:
    """Return what is wrong with the settings of a place; empty if nothing is."""
    if settings.kind == "ray":
        if not settings.address:
            return "a place with Ray needs `address`, such as http://127.0.0.1:8265"
        if settings.args:
            return "`args` are for Slurm; a place with Ray has `gpus` and `cpus`"
        if settings.folder and not settings.ssh:
            return "`folder` needs `ssh`: Ray moves no files"
    elif settings.address or settings.key_file:
        return "`address` and `key_file` are for Ray"
    elif settings.gpus or settings.cpus != 1:
        return "`gpus` and `cpus` are for Ray; Slurm has `args`, such as --gres=gpu:1"
    if settings.python and not PurePosixPath(settings.python).is_absolute():
        return "`python` must be an absolute path there"
    if settings.folder.startswith("~") and not settings.folder.startswith("~/"):
        return "`folder` must be an absolute path there, or one below your home there"
    return ""


def check_inputs_travel(place: Place, what: str, path: str) -> None:
    """Refuse an input that is not at the place.

    Args:
        what: the input, as the beginning of the sentence.
        path: it, if it is a folder of this box; empty if it is not.

    Raises:
        BadInputError: it is a folder of this box, and the place does not share its files.
    """
    if path and not place.shared:
        raise BadInputError(
            f"{what} {path} is a folder of this box, which {place.name} does not have: choose one by its name or Hub "
            "id, or leave `folder` out of the place's settings if it shares this box's files"
        )


def check_options(place: Place, gpus: tuple[int, ...]) -> None:
    """Refuse what only this box can decide.

    Raises:
        BadInputError: GPUs of this box were chosen.
    """
    if gpus:
        how = "`gpus`" if place.settings.kind == "ray" else '`args`, such as ["--gres=gpu:1"],'
        raise BadInputError(
            f"--gpus chooses {plural(len(gpus), 'GPU')} of this box, and the run is to work at {place.name}: leave it "
            f"out; {how} in [places.{place.name}] say what a run gets there"
        )


def folder_there(place: Place, run: Path, before: str = "") -> str:
    """Return the path that the run folder has at the place; relative to the home there where the setting is so.

    Its name has a digest of the path here, as two workspaces may have runs of the same id.

    Args:
        before: the path that it had there before, if it was there: its name stays.
    """
    if place.shared:
        return str(run)
    name = PurePosixPath(before).name if is_folder_of(before, run) else f"{run.name}.{path_digest(run)}"
    return str(PurePosixPath(place.settings.folder.removeprefix("~/") or ".") / name)


def is_folder_of(there: str, run: Path) -> bool:
    """Return whether a path at a place has the name of this run's folder; until 0.1.0 it had no digest."""
    name = PurePosixPath(there).name
    return name == run.name or re.fullmatch(rf"{re.escape(run.name)}\.[0-9a-f]{{6}}", name) is not None


def path_digest(run: Path) -> str:
    """Return what tells a run folder from one with the same name in another workspace: six characters."""
    return hashlib.sha256(str(run).encode()).hexdigest()[:6]
