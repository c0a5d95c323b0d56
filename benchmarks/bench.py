"""Every budget of the project in one table: how much is allowed, how much it is, beside what measured in the same run.

make bench                      (five minutes; nothing else should be at work)
make bench-training             what runs cost beside plain TRL (a quarter of an hour)
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import app
import command_line
import supervisor
from table import Figure, show


def figures() -> Iterator[Figure]:
    """Yield one figure after another, as they are measured."""
    yield from command_line.figures()
    yield from app.figures()
    yield from supervisor.figures()


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else every start compiles us anew
    sys.exit(not show(figures()))
