"""What is written into a run folder while it lives: by its supervisor, where there is no job that writes."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

import msgspec

from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import log_file
from garage_tui.core.runs.record import EVENTS, RunState, read_state, write_state


def state_of(folder: Path) -> RunState:
    """Return the state; of a damaged one that it runs."""
    try:
        return read_state(folder)
    except UNREADABLE:
        return RunState(state="running")


def change(folder: Path, **changes: object) -> None:
    """Write the state with changes."""
    state = state_of(folder)
    write_state(folder, msgspec.structs.replace(state, **changes))


def tell(folder: Path, event: str, **fields: object) -> None:
    """Append one event; on a full disk it is left out."""
    with contextlib.suppress(OSError), log_file(folder / EVENTS) as events:
        events.write(event_line(event, **fields))


def event_line(event: str, **fields: object) -> bytes:
    """Return an event as it stands in `events.jsonl`, with the time of now."""
    return json.dumps({"t": round(time.time(), 3), "event": event, **fields}, ensure_ascii=False).encode() + b"\n"
