"""The writer of state changes and events into a run folder while no job writes there."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import msgspec

from garage_tui.core.base.json_text import json_line
from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import log_file
from garage_tui.core.runs.folder import EVENTS
from garage_tui.core.runs.record import RunState, read_run, read_state, write_state


def current_state(folder: Path) -> RunState:
    """Return the state of a run; of a damaged one what the events say, and at least that it is running."""
    try:
        return read_state(folder)
    except UNREADABLE:
        return read_run(folder).state or RunState(state="running")


def update_state(folder: Path, **changes: object) -> None:
    """Write the state of a run with some fields changed."""
    write_state(folder, msgspec.structs.replace(current_state(folder), **changes))


def append_event(folder: Path, event: str, **fields: object) -> None:
    """Append one event to `events.jsonl`; on a full disk it is left out."""
    with contextlib.suppress(OSError), log_file(folder / EVENTS) as events:
        events.write(encode_event(event, **fields))


def encode_event(event: str, **fields: object) -> bytes:
    """Return an event as a line of `events.jsonl`, with the current time."""
    return json_line({"t": round(time.time(), 3), "event": event, **fields}) + b"\n"
