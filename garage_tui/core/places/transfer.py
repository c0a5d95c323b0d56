"""The run folder at a place: the same one where files are shared, else a copy that rsync keeps."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from garage_tui.core.base.atomic import sync_tree
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.write_errors import shortage_in, shortage_sentence, why_not_written
from garage_tui.core.places.place import Place, PlaceUnreachableError, folder_there, is_folder_of
from garage_tui.core.places.shell import CommandResult, PlaceShell
from garage_tui.core.runs import checkpoints
from garage_tui.core.runs.folder import ENDED, EVENTS, LOCK, LOG, MANIFEST, STATE
from garage_tui.core.runs.label import LABEL
from garage_tui.core.runs.place_record import OUTPUT, PLACE, PLACE_LOCK
from garage_tui.core.runs.record import Manifest, RunState, read_state, write_manifest, write_state
from garage_tui.core.runs.request import REQUEST

_STAYS_HOME = (LOCK, PLACE, LABEL)
"""Files of the run folder that are about this box alone."""
_STAYS_THERE = (PLACE_LOCK, REQUEST, MANIFEST, STATE, *_STAYS_HOME)
"""Files that are not copied home as they are: the state comes last, and the manifest is merged."""
_LARGE = ("checkpoint-*", "adapter", ".adapter*", "pipeline", ".pipeline*", "*.npy", "export")
"""What is copied home only once the job is over."""
_APPENDED = (EVENTS, LOG, OUTPUT)
_TIMEOUT_SECONDS = 60
_COPY_SECONDS = 6 * 3600.0
_RSYNC_UNREACHABLE = (10, 12, 30, 35, 255)
"""Exit codes of rsync(1) where the connection failed; 12 also where the disk there is full, which its text says."""


class FolderGoneError(GarageError):
    """The copy of the run folder at a place does not exist any more."""


class Transfer(Protocol):
    """The run folder at a place. Every method raises `PlaceUnreachableError` where the place does not answer."""

    def prepare(self) -> str:
        """Bring the run folder there and return its absolute path there.

        Raises:
            GarageError: it cannot be brought there.
        """
        ...

    def send_state(self) -> None:
        """Bring the state there, before a job works there."""
        ...

    def send_request(self) -> None:
        """Bring what the owner asks of the run there, or that nothing is asked."""
        ...

    def fetch(self) -> RunState:
        """Bring home what is new and small; return the state that the run has there.

        Raises:
            FolderGoneError: somebody has deleted the folder there.
        """
        ...

    def take_state(self, state: RunState) -> None:
        """Make a state that was fetched visible here."""
        ...

    def fetch_all(self) -> None:
        """Copy every file except the state from the place to this box, once the job is over.

        Raises:
            GarageError: it cannot be written here.
        """
        ...

    def remove(self) -> None:
        """Delete the copy there."""
        ...


class SharedFolder:
    """A place that sees the run folder under the same path: there is nothing to copy."""

    def __init__(self, folder: Path, shell: PlaceShell, place: Place) -> None:
        self._folder, self._shell, self._place = folder, shell, place

    def prepare(self) -> str:
        if self._shell.host and self._shell.run(["test", "-f", str(self._folder / MANIFEST)]).code:
            raise GarageError(
                f"{self._place.name} does not have {self._folder}: it shares no files with this box, so set `folder` "
                f"in [places.{self._place.name}]"
            )
        return str(self._folder)

    def send_state(self) -> None:
        """Do nothing: the state is there already."""

    def send_request(self) -> None:
        """Do nothing: the request is there already."""

    def fetch(self) -> RunState:
        try:
            return read_state(self._folder)
        except UNREADABLE as error:
            raise PlaceUnreachableError(f"{self._folder / STATE} cannot be read: {error}") from error

    def take_state(self, state: RunState) -> None:
        """Do nothing: it is visible already."""

    def fetch_all(self) -> None:
        _forget_foreign_base(self._folder)

    def remove(self) -> None:
        """Do nothing: it is the run folder itself."""


class CopiedFolder:
    """A place with a folder of its own: rsync copies, through ssh if the place is behind it.

    Args:
        there: the absolute path there, if it is known already.
    """

    def __init__(self, folder: Path, shell: PlaceShell, place: Place, there: str = "") -> None:
        self._folder, self._shell, self._place, self._there = folder, shell, place, there

    def prepare(self) -> str:
        path = folder_there(self._place, self._folder, self._there)
        line = f"mkdir -p -- {shlex.quote(path)} && cd -- {shlex.quote(path)} && pwd -P"
        made = self._shell.run([line], in_shell=True)
        if made.code or not made.out.strip().startswith("/"):
            raise GarageError(f"{self._place.name}: {path} cannot be made there: {made.problem}")
        self._there = made.out.strip()
        self._refuse_newer()
        left_here = [f"--exclude=/{name}" for name in (*_STAYS_HOME, PLACE_LOCK, REQUEST, "export")]
        self._rsync(["--delete", *left_here], f"{self._folder}/", self._remote("/"))
        self.send_request()
        return self._there

    def send_state(self) -> None:
        # All states have the same size, and two may be written within one second: rsync would take them for the same.
        self._rsync(["--ignore-times"], str(self._folder / STATE), self._remote(f"/{STATE}"))

    def send_request(self) -> None:
        try:
            request = (self._folder / REQUEST).read_text()
        except OSError:
            request = ""
        path = shlex.quote(f"{self._there}/{REQUEST}")
        line = f"cat > {path}.part && mv -f -- {path}.part {path}" if request else f"rm -f -- {path}"
        sent = self._shell.run([line], text=request or None, in_shell=True)
        if sent.code:
            raise PlaceUnreachableError(sent.problem)

    def fetch(self) -> RunState:
        state = self._state()
        appended = [f"--include=/{name}" for name in _APPENDED]
        self._rsync(["--append", *appended, "--exclude=*"], self._remote("/"), f"{self._folder}/")
        left = [f"--exclude=/{name}" for name in (*_STAYS_THERE, *_APPENDED, *_LARGE)]
        self._rsync(left, self._remote("/"), f"{self._folder}/")
        return state

    def take_state(self, state: RunState) -> None:
        write_state(self._folder, state)

    def fetch_all(self) -> None:
        left = [f"--exclude=/{name}" for name in _STAYS_THERE]
        self._rsync(left, self._remote("/"), f"{self._folder}/")
        checkpoints.keep_newest(self._folder)  # those from before a resume are older than what came now
        self._merge_manifest()
        try:
            sync_tree(self._folder)  # the copy there is deleted next
        except OSError as error:
            raise GarageError(f"{self._folder} cannot be written: {why_not_written(error, self._folder)}") from error

    def remove(self) -> None:
        if is_folder_of(self._there, self._folder):
            self._shell.run(["rm", "-rf", "--", self._there])

    def _refuse_newer(self) -> None:
        """Keep a copy there that is ahead of what is here: bringing the folder there deletes what is there alone.

        Raises:
            GarageError: it is ahead.
        """
        try:
            there, here = self._state(), read_state(self._folder)
        except (FolderGoneError, PlaceUnreachableError, *UNREADABLE):
            return  # there is none, or none that says anything
        ahead = there.step > here.step or (there.state in ENDED and there.state != here.state)
        if ahead and there.updated > here.updated:
            raise GarageError(
                f"{self._there} at {self._place.name} holds newer work of this run ({there.state}, step {there.step}): "
                "it is kept; copy what you need from there and remove that folder, then resume the run"
            )

    def _state(self) -> RunState:
        found = self._shell.run(["cat", "--", f"{self._there}/{STATE}"])
        if found.code and "No such file" in found.err:
            raise FolderGoneError(f"{self._there} is gone there")
        try:
            return msgspec.json.decode(found.out, type=RunState)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise PlaceUnreachableError(f"{self._there}/{STATE} cannot be read there: {found.problem}") from error

    def _merge_manifest(self) -> None:
        """Take over what the job has found out, without the paths of the place."""
        found = self._shell.run(["cat", "--", f"{self._there}/{MANIFEST}"])
        try:
            there = msgspec.json.decode(found.out, type=Manifest)
            here = msgspec.json.decode((self._folder / MANIFEST).read_bytes(), type=Manifest)
        except UNREADABLE:
            return
        base = {**there.base, **({"path": here.base["path"]} if "path" in here.base else {})}
        changed = msgspec.structs.replace(here, recipe=there.recipe, base=base, dataset=there.dataset)
        if changed != here:
            write_manifest(self._folder, changed)
        _forget_foreign_base(self._folder)

    def _remote(self, end: str) -> str:
        return f"{self._shell.host}:{self._there}{end}" if self._shell.host else f"{self._there}{end}"

    def _rsync(self, options: Sequence[str], source: str, target: str) -> None:
        """Copy files.

        Raises:
            PlaceUnreachableError: the place does not answer.
            GarageError: rsync is missing, or the disk there or here is full.
        """
        through = ["-e", shlex.join(self._shell.ssh())] if self._shell.host else []
        command = ["rsync", "-rtp", "--protect-args", f"--timeout={_TIMEOUT_SECONDS}", *through, *options]
        result = self._shell.local([*command, "--", source, target], seconds=_COPY_SECONDS)
        if not result.code or result.code == 24:  # 24: a file vanished meanwhile, such as an old checkpoint
            return
        raise self._rsync_error(result, target)

    def _rsync_error(self, result: CommandResult, target: str) -> Exception:
        name = self._place.name
        if "rsync: command not found" in result.err or "rsync: not found" in result.err:
            return GarageError(f"rsync is not installed at {name}: install it there (Debian: apt install rsync)")
        if kind := shortage_in(result.err):
            if target.startswith(str(self._folder)):
                return GarageError(shortage_sentence(kind, self._folder, "free some space; nothing is lost"))
            what = "your disk quota is used up" if kind == "quota" else "the disk is full"
            return GarageError(f"{what} at {name} ({self._there}): free some space there and resume the run")
        if result.code in _RSYNC_UNREACHABLE:
            return PlaceUnreachableError(result.problem)
        return GarageError(f"the files of the run cannot be copied to or from {name}: {result.problem}")


def _forget_foreign_base(folder: Path) -> None:
    """Take the path of a base model out of the manifest that this box does not have: its name finds it here."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except UNREADABLE:
        return
    path = manifest.base.get("path")
    if isinstance(path, str) and not Path(path).is_dir() and manifest.base.get("name") != path:
        base: dict[str, Any] = {key: value for key, value in manifest.base.items() if key != "path"}
        write_manifest(folder, msgspec.structs.replace(manifest, base=base))
