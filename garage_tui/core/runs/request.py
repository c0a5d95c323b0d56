"""`request.json`: what the owner asks of a run that is alive. Its supervisor and its job poll it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.write_errors import why_not_written

REQUEST = "request.json"
RequestedAction = Literal["", "stop", "pause", "release"]
"""`pause` waits in memory; `release` saves, leaves, and so frees the memory; with an empty one the run goes on."""


class RunRequest(NamedTuple):
    """The content of the file, which also holds when it was written (`at`). Without a file the run simply goes on."""

    action: RequestedAction
    """`want` in the file."""
    now: bool = False
    """The run does not wait for its hours, the sun, a model server or memory, until it is started again."""


def write_request(folder: Path, action: RequestedAction, now: bool = False) -> None:
    """Ask something of a run that is alive; `now` stays set where it was set before.

    Raises:
        GarageError: the request cannot be written.
    """
    content = {"want": action, "at": time.time(), "now": now or skips_start_conditions(folder)}
    try:
        write_atomic(folder / REQUEST, json.dumps(content, separators=(",", ":")).encode())
    except OSError as error:
        raise GarageError(f"{folder.name} cannot be told: {why_not_written(error, folder)}") from error


def clear_request(folder: Path) -> None:
    """Take back what was asked of a run; `now` stays set where it was set before."""
    if skips_start_conditions(folder):
        write_request(folder, "")
    else:
        (folder / REQUEST).unlink(missing_ok=True)


def requested_action(folder: Path) -> RequestedAction | None:
    """Return what the owner asks of a run; None where it should go on."""
    request = _read_request(folder)
    return (request.action or None) if request else None


def skips_start_conditions(folder: Path) -> bool:
    """Return whether the owner wants the run to start without waiting for hours, sun, a model server or memory."""
    request = _read_request(folder)
    return request is not None and request.now


def _read_request(folder: Path) -> RunRequest | None:
    try:
        content = json.loads(read_regular(folder / REQUEST))
        request = RunRequest(content["want"], content.get("now", False))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return request if request.action in get_args(RequestedAction) and isinstance(request.now, bool) else None
