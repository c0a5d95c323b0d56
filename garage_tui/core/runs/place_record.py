"""`place.json`: the job of a run at another place. The run's watcher at home writes it, and nobody else."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Annotated

import msgspec

from garage_tui.core.base.atomic import write_small
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import decoded, one_line

PLACE, OUTPUT, PLACE_LOCK = "place.json", "place.txt", "place.lock"
"""`place.txt` is what the scheduler and the supervisor there printed; the supervisor there holds `place.lock`."""

_RECORD_BYTES = 1024  # padded to this, so that one can be written on a full disk (see write_small)


JobText = Annotated[str, msgspec.Meta(pattern=r"^(?:[A-Za-z0-9_][A-Za-z0-9._:+-]{0,200})?$")]
"""A name or an id that is handed to the commands of a scheduler: a run folder may be somebody else's."""


class PlaceRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The job of a run at a place. Times are seconds since 1970."""

    place: str
    """The name of the place in the settings."""
    name: JobText
    """The name that the job has there. It is unique, so that a job is found again whose id was never received."""
    folder: str
    """The run folder there, absolute."""
    attempt: int = 1
    """How often a job was submitted for this run."""
    job: JobText = ""
    """The scheduler's id of the job; empty until the scheduler has answered."""
    step: int = 0
    """The step at which it was submitted."""
    submitted: float = 0.0
    scheduler: str = ""
    """What the scheduler says about the job: `PENDING (Resources)`."""
    trouble: str = ""
    """Why the place does not answer, as one line; empty where it does."""
    trouble_since: float = 0.0
    answers: bool = True
    """False where the trouble is that the place does not answer at all."""
    over: bool = False
    """True once the job has ended and what it left was fetched."""


def read_place_record(folder: Path) -> PlaceRecord | None:
    """Return the record of a run folder; None if it has none, or a damaged one."""
    try:
        return msgspec.json.decode(read_regular(folder / PLACE), type=PlaceRecord)
    except UNREADABLE:
        return None


def write_place_record(folder: Path, record: PlaceRecord) -> PlaceRecord:
    """Replace the record and return it.

    Raises:
        OSError: it cannot be written.
    """
    write_small(folder / PLACE, struct_json(record).ljust(_RECORD_BYTES - 1) + b"\n")
    return record


def works_elsewhere(folder: Path) -> PlaceRecord | None:
    """Return the record of a run whose job may still work at a place; None for any other run."""
    record = read_place_record(folder)
    return record if record is not None and not record.over else None


def last_output(folder: Path) -> str:
    """Return the last line that the scheduler or the supervisor at the place printed."""
    with contextlib.suppress(OSError):
        lines = decoded((folder / OUTPUT).read_bytes()).splitlines()
        if last := next((one_line(line, 300) for line in reversed(lines) if line.strip()), ""):
            return last
    return f"{OUTPUT} says nothing"


def reason_at_place(folder: Path, queued: bool, waiting_for: str, reason: str) -> str:
    """Return what the watcher of a live run says about its place; empty where the state says more.

    Args:
        queued: the run has not begun.
        waiting_for: what it waits for.
        reason: that of its state.
    """
    there = works_elsewhere(folder)
    if there is None:
        return ""
    if there.trouble:
        since = time.strftime("%H:%M", time.localtime(there.trouble_since))
        if there.answers:
            return f"not followed since {since}: {there.trouble}; it is tried again"
        return f"{there.place} has not answered since {since} ({there.trouble}); it is tried again"
    if queued and waiting_for == "place" and there.scheduler:
        return f"{reason}: {there.scheduler}"
    return ""


def lost_at_place(folder: Path) -> str:
    """Return why a run at a place is not followed any more, while its job may still work; empty for any other run."""
    there = works_elsewhere(folder)
    if there is None:
        return ""
    job = there.job or there.name
    return (
        f"nobody follows it any more, but its job at {there.place} ({job}) may work: `garage resume {folder.name}` "
        "finds it again"
    )
