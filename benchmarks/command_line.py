"""How long `garage --help` takes, beside a bare `import argparse` measured in the same run.

    python benchmarks/command_line.py

Budget: at most twice the bare interpreter with argparse, plus 60 ms.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

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


def main() -> None:
    for command in (BARE, *OURS.values()):
        seconds(command)  # fills the file cache
    # In turn, so that a slow moment of the machine meets all of them.
    rounds = [[seconds(command) for command in (BARE, *OURS.values())] for _ in range(RUNS)]
    bare, *ours = (statistics.median(column) * 1e3 for column in zip(*rounds, strict=True))
    print(f"import argparse   {bare:6.0f} ms")
    for name, figure in zip(OURS, ours, strict=True):
        print(f"{name:<16}  {figure:6.0f} ms")
    budget = 2 * bare + 60
    print(f"budget for --help {budget:6.0f} ms: {'held' if ours[0] <= budget else 'MISSED'}")


if __name__ == "__main__":
    main()
