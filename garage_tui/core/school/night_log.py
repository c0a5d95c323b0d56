"""The record of nights: `checkpoints/school.jsonl`, one line for each step, only appended to.

It says what a night has begun, so that the next pass goes on where one was cut off. A last line that a power cut tore
has no effect.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.locked_file import held_alone
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.workspace import Workspace
from garage_tui.core.runs.appended_lines import append_to_file

NIGHTS = "school.jsonl"
"""Name of the file in `checkpoints/`."""
_LOCK = ".school.lock"
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]

Outcome = Literal["promoted", "refused", "nothing new", "failed", "stopped"]


class NightEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the record."""

    night: _Id
    """When the night began, as a date with a time; the lines of one night have the same."""
    when: Annotated[float, msgspec.Meta(ge=0, le=1e11)]
    """Seconds since 1970."""
    event: Literal["began", "run", "ended"]
    file: str = ""
    """Of `began`: the facts file."""
    sha256: str = ""
    """Of `began`: the hash of the rows that are taught."""
    rows: int = 0
    left_out: dict[str, str] = {}
    """Of `began`: facts that are not taught and lines that are no rows, the first of them, with the reason."""
    left_out_count: int = 0
    """Of `began`: how many there are; 0 on old lines, which name all."""
    run: str = ""
    """Of `run`: its id; of `ended`: the run that was decided on."""
    attempt: int = 0
    """Of `run`: which attempt of the night it is, from 1."""
    outcome: Outcome | None = None
    text: str = ""
    """Of `ended`: the morning line."""
    learned: list[str] = []
    kept: int = 0
    failed: dict[str, str] = {}
    """Facts that the run was taught and does not answer, with the reason."""
    noise: int = 0
    """Answers that were correct only one of two times."""
    wh: float | None = None
    """Watt-hours that the runs of the night have used; None where they were not measured."""


@dataclass(frozen=True)
class Night:
    """One night, from its lines in the record."""

    id: str
    events: tuple[NightEvent, ...]

    @property
    def began(self) -> NightEvent:
        """Its first line; an empty one where that cannot be read."""
        first = NightEvent(night=self.id, when=self.events[0].when if self.events else 0.0, event="began")
        return next((one for one in self.events if one.event == "began"), first)

    @property
    def runs(self) -> dict[int, str]:
        """The id of the run of each attempt."""
        return {one.attempt: one.run for one in self.events if one.event == "run"}

    @property
    def end(self) -> NightEvent | None:
        """How it ended; None while it is under way, or where it was cut off."""
        return next((one for one in self.events if one.event == "ended"), None)


def read_nights(workspace: Workspace) -> list[Night]:
    """Return all nights, the oldest first; lines that cannot be read are left out.

    Raises:
        GarageError: the record is there and cannot be read.
    """
    file = workspace.checkpoints / NIGHTS
    try:
        data = read_regular(file)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise GarageError(f"{file} cannot be read ({error.strerror or error})") from error
    nights: dict[str, list[NightEvent]] = {}
    for line in data.split(b"\n"):
        with contextlib.suppress(*DAMAGED):
            event = msgspec.json.decode(line, type=NightEvent)
            nights.setdefault(one_line(event.night, 255), []).append(event)
    return [Night(name, tuple(events)) for name, events in nights.items()]


def append_event(workspace: Workspace, event: NightEvent) -> None:
    """Append a line to the record; a torn last line is removed first.

    Raises:
        GarageError: it cannot be written; the file is then as it was before.
    """
    append_to_file(workspace.checkpoints / NIGHTS, struct_json(event), _is_event)


def _is_event(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=NightEvent)
    except DAMAGED:
        return False
    return True


@contextlib.contextmanager
def only_one(workspace: Workspace) -> Iterator[None]:
    """Hold the lock of the nights of a workspace: one process at a time teaches.

    Raises:
        GarageError: another process holds it, or it cannot be written.
    """
    busy = "another `garage school` is at work in this workspace: wait for it, or stop it first"
    with held_alone(workspace.checkpoints / _LOCK, busy):
        yield


def is_at_work(workspace: Workspace) -> bool:
    """Return whether a process teaches in this workspace now."""
    try:
        fd = os.open(workspace.checkpoints / _LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(fd)


def new_night(nights: list[Night], now: float) -> str:
    """Return the id of a night that begins now; it is unlike all others, also where the clock was set back."""
    name = time.strftime("%Y-%m-%d %H:%M", time.localtime(now))
    known = {night.id for night in nights}
    count = 2
    found = name
    while found in known:
        found, count = f"{name} #{count}", count + 1
    return found


def folder_of(workspace: Workspace, run: str) -> Path:
    """Return the folder of a run that the record names; the record may have been written by hand."""
    return workspace.checkpoints / Path(run).name
