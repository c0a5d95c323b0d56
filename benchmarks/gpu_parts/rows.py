"""The rows that a part reports: it prints them for its parent, which prints the table."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_MARK = "ROW "


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    part: str
    what: str
    figure: str
    """The measured value with its unit, or what failed."""
    note: str = ""
    failed: bool = False


Report = Callable[..., None]
"""Called as `report(what, figure, note="", failed=False)` as soon as a row is measured."""


def reporter(part: str) -> Report:
    """Return a function that prints the rows of a part for the parent process."""

    def report(what: str, figure: str, note: str = "", failed: bool = False) -> None:
        print(_MARK + json.dumps(asdict(Row(part, what, figure, note, failed))), flush=True)

    return report


def read_row(line: str) -> Row | None:
    """Return the row in a line that a part printed; None where it is any other output."""
    return Row(**json.loads(line.removeprefix(_MARK))) if line.startswith(_MARK) else None


@dataclass(frozen=True)
class Options:
    """What a part is called with."""

    device: str
    """`cuda` or `cpu`"""
    dry: bool
    """Tiny shapes: it shows that the part runs, and no figure means anything."""
    model: str
    """The folder of the model with random weights."""
    base: str
    """The folder of a tokenizer; empty for that of the small base, or one made of the repository's texts."""
