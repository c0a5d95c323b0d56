"""Where an export goes: never over what is not an earlier export of the same run, and whole or not at all.

An export is made in a folder beside its place, `.NAME.part`, and renamed. Who makes it holds a lock on that folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import open_regular, read_regular
from garage_tui.core.base.sanitize import one_line

EXPORTS = "export"
"""The folder in a run's folder where its exports go by default."""
MARK = "garage-export.json"
"""In an exported folder: what it is, and which files are the export's."""
SUFFIXES = {"merged": "-merged", "adapter": "-adapter", "gguf": "-{}.gguf"}
_HEAD_BYTES = 65_536  # a GGUF begins with what it says about itself


class ExportMarker(msgspec.Struct, frozen=True, kw_only=True):
    """`garage-export.json`."""

    run: str
    form: str
    base: str
    made: float
    files: tuple[str, ...]


def signature(run_id: str) -> str:
    """Return the words in a GGUF's description by which an export of this run is known again."""
    return f"Exported by garage_tui from run {run_id}."


def target_path(run: Path, form: str, outtype: str, to: str = "") -> Path:
    """Return the absolute path where an export of a run goes.

    Raises:
        BadInputError: `to` cannot be its path.
    """
    name = run.name + SUFFIXES[form].format(outtype)
    if not to:
        if (run / EXPORTS).is_symlink():
            raise BadInputError(f"{one_line(str(run / EXPORTS), 1000)} is a link: remove it, or name a place with --to")
        return run / EXPORTS / name
    path = Path(to).expanduser().absolute()
    if form == "gguf" and path.is_dir():
        path = path / name
    said = one_line(str(path), 1000)
    if form == "gguf" and path.suffix != ".gguf":
        raise BadInputError(f"--to {said}: give a folder that is there, or a name that ends in .gguf")
    if form != "gguf" and path.suffix == ".gguf":
        raise BadInputError(f"--to {said}: a name for a folder, please; a GGUF is made with --as gguf")
    if not path.parent.is_dir():
        raise BadInputError(f"--to {said}: its folder is not there")
    return path


def replaces(target: Path, run_id: str, form: str) -> bool:
    """Return whether an earlier export of this run is there; False where nothing is.

    Raises:
        BadInputError: something else is there, which is not overwritten; the text says what.
    """
    said = one_line(str(target), 1000)
    mend = "name another place with --to, or move it away"
    if target.is_symlink():
        raise BadInputError(f"{said} is a link: {mend}")
    if not target.exists() or (target.is_dir() and form != "gguf" and not any(target.iterdir())):
        return False
    if target.is_dir() != (form != "gguf"):
        raise BadInputError(f"{said} is a {'folder' if target.is_dir() else 'file'}: {mend}")
    if form == "gguf":
        with contextlib.suppress(OSError), open_regular(target) as file:
            if (head := file.read(_HEAD_BYTES)).startswith(b"GGUF") and signature(run_id).encode() in head:
                return True
        raise BadInputError(f"{said} is there, and is no earlier export of {run_id}: {mend}")
    try:
        mark = msgspec.json.decode(read_regular(target / MARK), type=ExportMarker)
    except UNREADABLE as error:
        raise BadInputError(f"{said} is there, and is no earlier export of {run_id}: {mend}") from error
    if (mark.run, mark.form) != (run_id, form):
        raise BadInputError(f"{said} holds an export of {one_line(mark.run)} ({one_line(mark.form)}): {mend}")
    known = {MARK, *mark.files}
    if foreign := [name for path in target.rglob("*") if (name := str(path.relative_to(target))) not in known]:
        raise BadInputError(f"{said} holds {one_line(foreign[0])}, which no export has put there: {mend}")
    return True


@contextlib.contextmanager
def staging_folder(target: Path) -> Iterator[Path]:
    """Make the folder beside `target` where an export is made; it is gone afterwards, whatever happens.

    Raises:
        BadInputError: somebody else makes one there now.
        GarageError: it cannot be made.
    """
    part, new = _part(target), not target.parent.exists()
    try:
        part.mkdir(parents=True, exist_ok=True)
        lock = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise GarageError(f"nothing can be written to {target.parent}: {error.strerror or error}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInputError(f"another export to {target} is being made: wait for it, or cancel it") from error
        try:
            for left_over in part.iterdir():  # of an export that was cut off, by a power cut say
                shutil.rmtree(left_over) if left_over.is_dir() and not left_over.is_symlink() else left_over.unlink()
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)
    finally:
        os.close(lock)
        if new:
            with contextlib.suppress(OSError):
                target.parent.rmdir()  # where nothing came of it


def remove_leftovers(target: Path) -> None:
    """Take away what an export that was killed has left beside `target`."""
    with contextlib.suppress(GarageError, OSError):
        if _part(target).exists():
            with staging_folder(target):
                pass


def install(made: Path, target: Path) -> None:
    """Put what was made in the workshop in its place, once it is on the disk; an earlier export goes with the workshop.

    Raises:
        OSError: the disk is full, or the place cannot be written; an earlier export is as it was.
    """
    for path in [made, *made.rglob("*")]:
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
    if target.is_dir():
        target.rename(made.with_name(f"{made.name}.old"))
    made.replace(target)
    with contextlib.suppress(OSError):
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)


def check_disk_space(folder: Path, needed: float) -> None:
    """Look whether so many bytes find room in a folder.

    Raises:
        GarageError: they do not.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        short = f"about {_size(needed)} are needed in {folder.parent}, where {_size(free)} are free"
        raise GarageError(f"{short}: free some space, or name another place with --to")


def _size(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size > 1e9 else f"{size / 1e6:.0f} MB"


def _part(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")
