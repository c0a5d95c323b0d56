"""The record of which run is in service: whose model people get who ask for the lasting name.

`checkpoints/service.jsonl` has one line for each change and is only appended to. Its last line decides; without any,
the base model is in service. A last line that a power cut tore has no effect, and the next change removes it.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from garage_tui.core.base.atomic import sync_folder
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.locked_file import open_locked
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.core.base.safe_open import check_regular, read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.runs.appended_lines import append_line

SERVICE = "service.jsonl"
"""Name of the file in `checkpoints/`."""
MAX_WHY = 500
"""Most characters of the reason for a change."""
MEND = "`garage promote RUN` puts a run in service, `garage back --base` the base model"
"""What to do about a record that cannot be read, or a run that cannot be served."""


class ServiceChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the record: a change of what is in service."""

    run: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None
    """Id of the run that is in service from then on; None: the base model."""
    when: Annotated[float, msgspec.Meta(ge=0, le=1e11)]
    """Seconds since 1970."""
    who: str = ""
    """Login name of who changed it."""
    why: str = ""
    """The reason that was given."""
    before: str | None = None
    """Id of the run that was in service before; None: the base model."""
    back: bool = False
    """True where somebody went back to what was in service before."""

    @property
    def explanation(self) -> str:
        """Who changed it, and why: `by anna: new dog`; empty where the record says neither."""
        return ": ".join(filter(None, (f"by {self.who}" if self.who else "", self.why)))


@dataclass(frozen=True)
class Service:
    """The record as it was when it was read; its texts are sanitised."""

    changes: tuple[ServiceChange, ...] = ()
    """The oldest first; lines that cannot be read are left out."""
    problem: str = ""
    """Why nobody knows what is in service, in one sentence; empty if the record says it."""
    skipped: tuple[int, ...] = ()
    """Numbers of the lines that cannot be read, from 1."""

    @property
    def current(self) -> ServiceChange | None:
        """The change that decides; None if there was none, or while nobody knows."""
        return self.changes[-1] if self.changes and not self.problem else None

    @property
    def run(self) -> str | None:
        """Id of the run in service; None while it is the base model, or while nobody knows."""
        return self.current.run if self.current else None

    @property
    def since(self) -> float | None:
        """When that changed last, in seconds since 1970; None if it never did."""
        return self.current.when if self.current else None

    @property
    def _stack(self) -> list[str | None]:
        """What was put in service without having been taken back: the base model (None) first."""
        stack: list[str | None] = [None]
        for change in self.changes:
            if change.back and change.run in stack[:-1]:
                while stack.pop() != change.run:
                    pass
            if change.run is None:
                stack = []
            if not stack or stack[-1] != change.run:
                stack.append(change.run)
        return stack

    @property
    def can_go_back(self) -> bool:
        """Whether anything was in service before."""
        return bool(self.problem) or self.run is not None

    @property
    def earlier(self) -> str | None:
        """Id of the run that `back` puts in service; None: the base model.

        Where nobody knows what is in service, it is what the last line says that can be read.
        """
        stack = self._stack
        if self.problem:
            return stack[-1]
        return stack[-2] if len(stack) > 1 else None


def service_file(checkpoints: Path) -> Path:
    return checkpoints / SERVICE


def read_service(workspace: Workspace) -> Service:
    """Return the record of a workspace; one that cannot be read is returned with its `problem`."""
    return read_record(workspace.checkpoints)


def read_record(checkpoints: Path) -> Service:
    """Return the record in a folder of runs, as `read_service` does."""
    file = service_file(checkpoints)
    try:
        data = read_regular(file)
    except FileNotFoundError:
        return Service()
    except OSError as error:
        return Service(problem=f"{file} cannot be read ({error.strerror or error})")
    changes: list[ServiceChange] = []
    skipped: list[int] = []
    problem = ""
    lines = _whole_lines(data)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            changes.append(_clean(msgspec.json.decode(line, type=ServiceChange)))
            problem = ""
        except DAMAGED as error:
            skipped.append(number)
            reason = one_line(str(error), 120)
            problem = f"line {number} of {file} does not say what is in service ({reason}); {MEND}"
    return Service(tuple(changes), problem, tuple(skipped))


def append_change(fd: int, change: ServiceChange) -> None:
    """Append a change to the record that `locked_record` gave; a torn last line is removed first.

    Raises:
        OSError: it cannot be written; the file is then as it was before.
    """
    append_line(fd, struct_json(change), _is_change)


@contextlib.contextmanager
def locked_record(checkpoints: Path) -> Iterator[int]:
    """Hold the lock of the record, made if need be, and give its descriptor: one process at a time changes it.

    Raises:
        GarageError: it cannot be written; the text says why.
    """
    file = service_file(checkpoints)
    try:
        checkpoints.mkdir(parents=True, exist_ok=True)
        is_new = not os.path.lexists(file)
        if not is_new:
            check_regular(file)  # opening a pipe or a device may block, or have an effect
        fd = open_locked(file)
        try:
            if is_new:
                os.fchmod(fd, 0o644)
                sync_folder(checkpoints)
            yield fd
        finally:
            os.close(fd)
    except OSError as error:
        raise GarageError(f"{file} cannot be written: {why_not_written(error, file)}") from error


def refuse_if_in_service(checkpoints: Path, run_id: str) -> None:
    """Check that a run is not in service, before something would take it away.

    Raises:
        GarageError: it is, or may be; the text says what to do.
    """
    record = read_record(checkpoints)
    if record.problem:
        raise GarageError(f"{run_id} may be in service and is not deleted: {record.problem}")
    if record.run == run_id:
        raise GarageError(
            f"{run_id} is in service and answers people now: put another run in service with `garage promote RUN`, "
            "or go back with `garage back`, then delete it"
        )


def new_change(run: str | None, why: str, before: Service, *, back: bool = False) -> ServiceChange:
    """Return a change that is made now, by the user of this process."""
    return ServiceChange(run=run, when=round(time.time(), 3), who=login(), why=why, before=before.run, back=back)


def login() -> str:
    """Return the login name of this process's user, or its number where it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _whole_lines(data: bytes) -> list[bytes]:
    """Return the lines of the file, without a last one that was torn."""
    *lines, last = data.split(b"\n")
    return [*lines, last] if _is_change(last) else lines


def _is_change(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=ServiceChange)
    except DAMAGED:
        return False
    return True


def _clean(change: ServiceChange) -> ServiceChange:
    return msgspec.structs.replace(
        change,
        run=None if change.run is None else one_line(change.run, 255),
        who=one_line(change.who, 60),
        why=one_line(change.why, MAX_WHY),
        before=None if change.before is None else one_line(change.before, 255),
    )
