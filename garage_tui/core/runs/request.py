"""`request.json`: what the owner wants of a living run. Its supervisor and its job look for it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from garage_tui.core.base.atomic import write_atomic
from garage_tui.core.base.safe_open import read_regular

REQUEST = "request.json"
Want = Literal["", "stop", "pause", "release"]


class RunRequest(NamedTuple):
    """The file, which also says when it was written (`at`). It is gone when the run shall simply go on."""

    want: Want
    """`pause` waits in memory; `release` saves, leaves, and so frees the memory; nothing goes on."""
    now: bool = False
    """It does not wait for its hours or for the sun, until it is started again."""


def request(folder: Path, want: Want, now: bool = False) -> None:
    """Leave word for a living run. What was said of `now` before holds on."""
    said = {"want": want, "at": time.time(), "now": now or goes_now(folder)}
    write_atomic(folder / REQUEST, json.dumps(said, separators=(",", ":")).encode())


def wanted(folder: Path) -> Want | None:
    """Return what the owner wants of a living run; None where it shall go on."""
    request = _read_request(folder)
    return (request.want or None) if request else None


def goes_now(folder: Path) -> bool:
    """Return whether the owner wants it to wait for no hours and no sun."""
    request = _read_request(folder)
    return request is not None and request.now


def _read_request(folder: Path) -> RunRequest | None:
    try:
        said = json.loads(read_regular(folder / REQUEST))
        found = RunRequest(said["want"], said.get("now", False))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return found if found.want in get_args(Want) and isinstance(found.now, bool) else None


def go_on(folder: Path) -> None:
    """Take back what was wanted of a run; what was said of `now` holds on."""
    if goes_now(folder):
        request(folder, "")
    else:
        (folder / REQUEST).unlink(missing_ok=True)
