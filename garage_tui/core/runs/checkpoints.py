"""Checkpoints `checkpoint-N/` of a run: sealed when complete, verified before use; the newest two are kept.

A checkpoint is complete if its seal `whole.json` exists and every file has the size and SHA-256 that the seal names.
The seal is written last, after everything else is on the disk, so that a crash or a power cut leaves a complete
checkpoint or none.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from pathlib import Path

import msgspec

from garage_tui.core.base.atomic import sync_folder, write_atomic
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.core.base.safe_open import IrregularFileError, check_regular, open_regular, read_regular

SEAL = "whole.json"
KEPT = 2
_NAME = re.compile(r"checkpoint-(\d+)")
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
"""Errors that say that a file is not there; any other one (EIO, ESTALE, EACCES) says nothing about the file."""


class CheckpointSeal(msgspec.Struct, frozen=True):
    """Marks a checkpoint as complete, as `checkpoint-N/whole.json` has it."""

    step: int
    tokens: int
    """Tokens trained on so far."""
    files: dict[str, tuple[int, str]]
    """Size in bytes and SHA-256 of each file."""


def seal(folder: Path, step: int, tokens: int) -> None:
    """Flush every file of a checkpoint to the disk, then seal it.

    Raises:
        OSError: the disk is full or broken; the checkpoint is then incomplete.
    """
    files = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name != SEAL:
            with open_regular(path) as file:
                os.fsync(file.fileno())
                files[path.name] = (os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest())
    write_atomic(folder / SEAL, struct_json(CheckpointSeal(step, tokens, files)))
    sync_folder(folder.parent)


def list_checkpoints(run: Path) -> list[Path]:
    """Return the checkpoints of a run folder, complete or not, the newest first."""
    names = ((path, _NAME.fullmatch(path.name)) for path in run.iterdir())
    numbered = [(int(match[1]), path) for path, match in names if match and path.is_dir()]
    return [path for _, path in sorted(numbered, reverse=True)]


def newest_sealed_step(run: Path) -> int:
    """Return the step of the newest sealed checkpoint, unverified; 0 where there is none."""
    sealed = (folder for folder in list_checkpoints(run) if _may_be_sealed(folder))
    return next((int(folder.name.partition("-")[2]) for folder in sealed), 0)


def read_seal(folder: Path) -> CheckpointSeal | None:
    """Return the seal of a complete checkpoint; None if anything is missing or different.

    Raises:
        OSError: it cannot be read now, and may be complete.
    """
    try:
        seal = msgspec.json.decode(read_regular(folder / SEAL), type=CheckpointSeal)
        for path in folder.iterdir():  # what the seal does not name is read, too, where a trainer knows its name
            if not path.is_dir():
                check_regular(path)
        for name, (size, digest) in seal.files.items():
            path = folder / Path(name).name
            if check_regular(path).st_size != size:
                return None
            with open_regular(path) as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    return None
    except (*DAMAGED, IrregularFileError):
        return None
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise
    return seal if seal.files else None


def _may_be_sealed(folder: Path) -> bool:
    """Return False only where it is certain that there is no seal."""
    try:
        os.stat(folder / SEAL)  # noqa: PTH116 (Path.exists takes some errors for an absence)
    except OSError as error:
        return error.errno not in _ABSENT
    return True


def remove(folder: Path) -> None:
    """Delete a checkpoint, its seal first: a half deleted one must not look complete."""
    (folder / SEAL).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def remove_unsealed(run: Path) -> list[str]:
    """Delete checkpoints that a crash or a full disk left incomplete; return their names."""
    unsealed = [folder for folder in list_checkpoints(run) if not _may_be_sealed(folder)]
    for folder in unsealed:
        remove(folder)
    return [folder.name for folder in unsealed]


def keep_newest(run: Path) -> None:
    """Delete all sealed checkpoints but the newest two."""
    for folder in [folder for folder in list_checkpoints(run) if _may_be_sealed(folder)][KEPT:]:
        remove(folder)
