"""The target of an export, which is written completely or not at all.

An earlier export of the same run is replaced. Another file is replaced only with `--force`, another folder never.

An export is made in a staging folder beside its target, `.NAME.part`, and then renamed. The process that makes it holds
a lock on the staging folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from garage_tui.core.base.atomic import sync_folder, sync_tree
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.format import human_bytes
from garage_tui.core.base.home_path import expand_home
from garage_tui.core.base.output_file import output_file
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import open_regular, read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.write_errors import why_not_written

EXPORTS = "export"
"""The folder in a run folder where exports go by default."""
MARK = "garage-export.json"
"""The file in an exported folder that names the export and its files."""
SUFFIXES = {"merged": "-merged", "adapter": "-adapter", "gguf": "-{}.gguf", "hand-over": "-hand-over"}
_LONGEST_NAME = 255
"""Bytes of a file name on Linux; the staging folder has the target's name and a little more."""
_HEAD_BYTES = 65_536  # a GGUF begins with its metadata


class ExportMarker(msgspec.Struct, frozen=True, kw_only=True):
    """What marks a folder as an export of this program, as `garage-export.json` has it."""

    run: str
    form: str
    base: str
    made: float
    files: tuple[str, ...]


def signature(run_id: str) -> str:
    """Return the description in a GGUF by which an export of this run is recognised."""
    return f"Exported by garage_tui from run {run_id}."


def target_path(run: Path, form: str, outtype: str, to: str = "", *, force: bool = False) -> Path:
    """Return the absolute path of an export of a run.

    Args:
        to: where the user wants it; empty is the run's own `export/`.
        force: the user agreed to replace what is there, so that a link is followed.

    Raises:
        BadInputError: `to` cannot be used.
    """
    name = run.name + SUFFIXES[form].format(outtype)
    if not to:
        if (run / EXPORTS).is_symlink():
            raise BadInputError(
                f"{one_line(str(run / EXPORTS), 1000)} is a link: remove it, or name another target with --to"
            )
        return run / EXPORTS / name
    try:
        path = expand_home(to).absolute()
    except BadInputError as error:
        raise BadInputError(f"--to {error}") from error
    if len(os.fsencode(_part(path).name if path.name else "")) > _LONGEST_NAME:
        raise BadInputError(f"--to: the name {one_line(path.name, 60)} is too long: give a shorter one")
    if path.name == "..":
        path = path.resolve()
    if not path.name and form != "gguf":
        raise BadInputError("--to / is the root of all folders: name a folder in it")
    if form == "gguf" and path.is_dir():
        path = path / name
    shown = one_line(str(path), 1000)
    if form == "gguf" and path.suffix != ".gguf":
        raise BadInputError(f"--to {shown}: give an existing folder, or a name that ends in .gguf")
    if form != "gguf" and path.suffix == ".gguf":
        raise BadInputError(f"--to {shown}: give the name of a folder; a GGUF is made with --as gguf")
    if not path.parent.is_dir():
        raise BadInputError(f"--to {shown}: its parent folder does not exist")
    return path.resolve() if force else path


def replaces(target: Path, run_id: str, form: str, *, force: bool = False) -> bool:
    """Return whether an export replaces something at the target; False if nothing is there.

    Args:
        force: the user agreed to replace a file. A folder is replaced only if it is an earlier export of this run: it
            would be deleted with all that is in it.

    Raises:
        BadInputError: something is there that is not replaced; the text says what.
    """
    shown = one_line(str(target), 1000)
    advice = "name another target with --to, or move it away"
    if target.is_symlink():
        raise BadInputError(f"{shown} is a link: --force follows it; or {advice}")
    if not target.exists() or (target.is_dir() and form != "gguf" and not any(target.iterdir())):
        return False
    if target.is_dir() != (form != "gguf"):
        kind = "folder" if target.is_dir() else "file" if target.is_file() else "device or a pipe"
        raise BadInputError(f"{shown} is a {kind}: {advice}")
    if form == "gguf":
        with contextlib.suppress(OSError), open_regular(target) as file:
            if (head := file.read(_HEAD_BYTES)).startswith(b"GGUF") and signature(run_id).encode() in head:
                return True
        if force and output_file(target).replaces:  # a file, and not a device or a pipe
            return True
        raise BadInputError(
            f"{shown} exists and is not an earlier export of {run_id}: --force replaces it; or {advice}"
        )
    try:
        mark = msgspec.json.decode(read_regular(target / MARK), type=ExportMarker)
    except UNREADABLE as error:
        raise BadInputError(f"{shown} exists and is not an earlier export of {run_id}: {advice}") from error
    if (mark.run, mark.form) != (run_id, form):
        raise BadInputError(f"{shown} contains an export of {one_line(mark.run)} ({one_line(mark.form)}): {advice}")
    known = {MARK, *mark.files}
    if foreign := [name for path in target.rglob("*") if (name := str(path.relative_to(target))) not in known]:
        raise BadInputError(f"{shown} contains {one_line(foreign[0])}, which is not part of an export: {advice}")
    return True


@contextlib.contextmanager
def staging_folder(target: Path) -> Iterator[Path]:
    """Create the staging folder of an export beside `target`; it is removed afterwards in every case.

    Raises:
        BadInputError: another process is exporting to this target.
        GarageError: it cannot be created.
    """
    part, new = _part(target), not target.parent.exists()
    try:
        part.mkdir(parents=True, exist_ok=True)
        lock = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise GarageError(f"{target.parent} cannot be written: {why_not_written(error, target.parent)}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInputError(f"another export to {target} is running: wait for it, or cancel it") from error
        try:
            for left_over in part.iterdir():  # of an export that was interrupted, by a power cut for example
                shutil.rmtree(left_over) if left_over.is_dir() and not left_over.is_symlink() else left_over.unlink()
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)
    finally:
        os.close(lock)
        if new:
            with contextlib.suppress(OSError):
                target.parent.rmdir()  # if nothing was exported


def remove_leftovers(target: Path) -> None:
    """Remove what a killed export has left beside `target`."""
    with contextlib.suppress(GarageError, OSError):
        if _part(target).exists():
            with staging_folder(target):
                pass


def install(made: Path, target: Path) -> None:
    """Move a finished export from the staging folder to its target, once it is flushed to disk.

    Raises:
        OSError: the disk is full, or the target cannot be written; an earlier export is unchanged.
    """
    sync_tree(made)
    if target.is_dir():
        target.rename(made.with_name(f"{made.name}.old"))
    made.replace(target)
    with contextlib.suppress(OSError):
        sync_folder(target.parent)


def check_disk_space(folder: Path, needed: float) -> None:
    """Check that so many bytes are free in a folder.

    Raises:
        GarageError: too few are free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        sizes = human_bytes(needed), human_bytes(free)
        if sizes[0] == sizes[1]:  # they differ by less than one can see in gigabytes
            sizes = f"{math.ceil(needed / 1e6):,} MB", f"{math.floor(free / 1e6):,} MB"
        shortage = f"about {sizes[0]} are needed in {folder.parent}, but only {sizes[1]} are free"
        raise GarageError(f"{shortage}: free some space, or name another target with --to")


def _part(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")
