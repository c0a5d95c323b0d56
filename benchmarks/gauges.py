"""What the gauges cost: one reading from a shell, and a look each second for as long as an app is open.

    .venv/bin/python benchmarks/gauges.py

Budgets: `garage gpu --line` 150 ms, and 1 % of a core at a look a second. The references, a bare `import argparse` and
a process that only sleeps, are measured in turn with them. The two GPUs are those of tests/nvml (gcc): the real pynvml
and ctypes, and a library that answers from a file, about 40 µs for a question; a driver takes longer for some.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 15
BARE = [sys.executable, "-c", "import argparse"]
LINE = [sys.executable, "-m", "garage_tui", "gpu", "--line"]
SECONDS = 30
WATCH = f"""
import resource, sys, time
from pathlib import Path
def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
look = lambda: None
if sys.argv[1] == "meter":
    from garage_tui.core.history import History
    from garage_tui.core.meter import Meter
    meter, history = Meter(Path.cwd()), History()
    look = lambda: history.add(meter.look())
look()
before = used()
for _ in range({SECONDS}):
    time.sleep(1.0)
    look()
print((used() - before) / {SECONDS})
"""


def seconds(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - start


def share(what: str, environment: dict[str, str]) -> float:
    """Return the share of a core that a process uses."""
    command = [sys.executable, "-c", WATCH, what]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tests.nvml.box import RTX_3090, T4, FakeBox, build

    plain = {**os.environ, "PYTHONPATH": sys.path[0]}
    with tempfile.TemporaryDirectory() as folder:
        box = FakeBox(Path(folder), build(Path(folder)), RTX_3090, T4)
        cards = {**plain, **box.environment()}
        cards.pop("FAKE_NVML_CALLS")  # writing them down is the test's affair
        ways = [(BARE, plain), (LINE, plain), (LINE, cards)]
        for way in ways:
            seconds(*way)  # fills the file cache
        rounds = [[seconds(*way) for way in ways] for _ in range(RUNS)]
        bare, without, two = (statistics.median(column) * 1e3 for column in zip(*rounds, strict=True))
        print(f"import argparse                          {bare:6.0f} ms")
        print(f"garage gpu --line, no GPU                {without:6.0f} ms (budget 150)")
        print(f"garage gpu --line, two GPUs              {two:6.0f} ms (budget 150)")
        nothing, none, both = share("nothing", plain), share("meter", plain), share("meter", cards)
        print(f"a process that sleeps, a second each     {nothing:7.3%} of a core")
        print(f"a look a second, no GPU                  {none:7.3%} (budget 1 %)")
        print(f"a look a second, two GPUs                {both:7.3%} (budget 1 %)")


if __name__ == "__main__":
    main()
