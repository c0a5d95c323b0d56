"""One result of a check: of this machine, or of a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One result; `bad` means that something will not work. `mend` is the command or advice that fixes it."""

    level: Literal["good", "note", "bad"]
    text: str
    mend: str = ""
