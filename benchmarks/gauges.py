"""What the gauges cost: one reading from a shell, and a look each second for as long as an app is open.

    .venv/bin/python benchmarks/gauges.py

Budgets: `garage gpu --line` 150 ms, and 1 % of a core at a look a second. The references, a bare `import argparse` and
a process that only sleeps, are measured in turn with them. The two GPUs are those of tests/nvml (gcc): the real pynvml
and ctypes, and a library that answers from a file, about 40 µs for a question; a driver takes longer for some.

With $PYTHONDONTWRITEBYTECODE Python compiles our files again at each start, and that is measured too; without it the
second start finds them compiled. `env -u PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX=$(mktemp -d)` before the command
measures that, and leaves nothing in the checkout.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
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
    from garage_tui.core.hardware.history import ReadingHistory
    from garage_tui.core.hardware.snapshot import HardwareMeter
    meter, history = HardwareMeter(Path.cwd()), ReadingHistory()
    look = lambda: history.add(meter.read())
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


@contextlib.contextmanager
def working(workspace: Path) -> Iterator[None]:
    """Have a run work there, as far as a reader can tell."""
    from garage_tui.core.runs.folder import LOCK
    from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state

    folder = workspace / "checkpoints" / "20261125-1200-lora-garage"
    folder.mkdir(parents=True)
    write_manifest(folder, Manifest(id=folder.name, kind="lora", created=0, recipe={}, base={}, dataset={}))
    write_state(folder, RunState(state="running", step=34, total_steps=100, seconds_left=250.0))
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tests.support.nvml.box import RTX_3090, T4, FakeBox, build

    plain = {**os.environ, "PYTHONPATH": sys.path[0]}
    with tempfile.TemporaryDirectory() as folder:
        box = FakeBox(Path(folder), build(Path(folder)), RTX_3090, T4)
        cards = {**plain, **box.environment()}
        cards.pop("FAKE_NVML_CALLS")  # writing them down is the test's affair
        there = [sys.executable, "-m", "garage_tui", "--workspace", folder, "gpu", "--line"]
        ways = {
            "import argparse": (BARE, plain),
            "garage gpu --line, no GPU": (LINE, plain),
            "garage gpu --line, two GPUs": (LINE, cards),
            "garage gpu --line, two GPUs and a run": (there, cards),
        }
        with working(Path(folder)):
            for way in ways.values():
                seconds(*way)  # fills the file cache
            rounds = [[seconds(*way) for way in ways.values()] for _ in range(RUNS)]
        kept = "compiled anew at each start" if sys.dont_write_bytecode else "found compiled"
        print(f"our files are {kept}; budget of a line: 150 ms; medians of {RUNS}")
        for name, column in zip(ways, zip(*rounds, strict=True), strict=True):
            print(f"{name:<40} {statistics.median(column) * 1e3:6.0f} ms, at best {min(column) * 1e3:4.0f}")
        nothing, none, both = share("nothing", plain), share("meter", plain), share("meter", cards)
        print(f"a process that sleeps, a second each     {nothing:7.3%} of a core")
        print(f"a look a second, no GPU                  {none:7.3%} (budget 1 %)")
        print(f"a look a second, two GPUs                {both:7.3%} (budget 1 %)")


if __name__ == "__main__":
    main()
