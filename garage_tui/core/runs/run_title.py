"""The title of a run above its report card."""

from __future__ import annotations

from pathlib import Path

import msgspec

from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.runs.folder import MANIFEST
from garage_tui.core.runs.record import Manifest


def title_of(folder: Path) -> str:
    """Return the id of a run, with the place where it worked if that was not this box: `20261130-… · at lab`."""
    try:
        place = msgspec.json.decode(read_regular(folder / MANIFEST), type=Manifest).place
    except UNREADABLE:
        place = ""
    return f"{folder.name} · at {place}" if place else folder.name
