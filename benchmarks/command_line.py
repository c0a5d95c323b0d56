"""How long `garage --help` takes, beside a bare `import argparse` measured in the same run.

    python benchmarks/command_line.py

Budget: at most twice the bare interpreter with argparse, plus 60 ms.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from table import Figure, show

RUNS = 15
BARE = [sys.executable, "-c", "import argparse"]
OURS = {
    "garage --help": [sys.executable, "-m", "garage_tui", "--help"],
    "garage runs": [sys.executable, "-m", "garage_tui", "runs"],
}


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def figures() -> Iterator[Figure]:
    """Yield one figure after another."""
    for command in (BARE, *OURS.values()):
        seconds(command)  # fills the file cache
    # In turn, so that a slow moment of the machine meets all of them.
    rounds = [[seconds(command) for command in (BARE, *OURS.values())] for _ in range(RUNS)]
    bare, *ours = (statistics.median(column) * 1e3 for column in zip(*rounds, strict=True))
    for name, figure in zip(OURS, ours, strict=True):
        yield Figure(name, 2 * bare + 60, figure, "ms", f"python -c 'import argparse' {bare:.0f} ms")


if __name__ == "__main__":
    sys.exit(not show(figures()))
