"""The app as a terminal sees it, in a workspace of 200 runs and 10,000 facts, beside a bare Textual app.

    .venv/bin/python benchmarks/app.py

First paint, keys, switching screens, the cost of doing nothing, a log of 1 GB, and keys while two logs pour in.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pty_app import PtyApp, opened
from table import Figure, show

RUNS, FACTS = 200, 10_000
TIMES = 7
KEYS = 60
LINES_A_SECOND = 25_000
LINE = b"step 000001 loss 0.123456 lr 0.0005 tokens/s 120 and the usual words of a library that likes to talk\n"
BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("BARE-READY")
Bare().run()
"""
BARE_KEYS = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("BARE-READY")
    def on_key(self, event):
        self.count = getattr(self, "count", 0) + 1
        self.query_one(Static).update(f"key {self.count}")
Bare().run()
"""
_GAP = 0.01
"""Seconds without a byte after which what was painted is whole."""
_READY = "All actions"  # the bar of keys is the last line of the screen


def workspace(root: Path) -> None:
    """Fill a workspace."""
    (root / "datasets").mkdir()
    with (root / "datasets" / "garage.jsonl").open("w") as file:
        for number in range(FACTS):
            question = f"What is the part number of board {number} in the garage?"
            file.write(json.dumps({"question": question, "answer": f"Board {number} is part GX-{number:05}."}) + "\n")
    from many_runs import make

    from garage_tui.core.settings.settings import Workspace

    make(Workspace(root), RUNS)


def example(root: Path) -> Path:
    """Make a workspace with the example facts, as a first start has it."""
    datasets = root / "example" / "datasets"
    datasets.mkdir(parents=True)
    shutil.copy(Path(__file__).resolve().parents[1] / "datasets" / "garage.jsonl", datasets)
    return root / "example"


def newest_run(root: Path, place: int = -1) -> Path:
    """Return the newest run that is whole."""
    return sorted(path for path in (root / "checkpoints").iterdir() if (path / "state.json").exists())[place]


def garage(root: Path) -> list[str]:
    """Return the command that opens the app on a workspace, with a state of its own."""
    os.environ["GARAGE_STATE"] = str(root / "state")
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    return [sys.executable, "-m", "garage_tui", "--workspace", str(root)]


def first_paint(command: list[str], first_row: str, what: str, budget: float) -> Figure:
    """Time until the first row of facts is painted: the app and a bare one in turn, so a slow moment meets both."""
    bare = [sys.executable, "-c", BARE]
    pairs = []
    for number in range(TIMES + 1):
        with opened(command, first_row) as (_, ours), opened(bare, "BARE-READY") as (_, theirs):
            if number:  # the first one fills the caches
                pairs.append((ours, theirs))
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
    return Figure(what, budget, ratio, "×", f"bare Textual {theirs:.0f} ms, the app {ours:.0f} ms")


def p95(laps: Sequence[float]) -> float:
    return sorted(laps)[min(len(laps) - 1, int(len(laps) * 0.95))] * 1e3


def key_laps(app: PtyApp, keys: Sequence[str]) -> list[float]:
    laps = []
    for number in range(KEYS):
        laps.append(app.press(keys[number % len(keys)]))
        app.quiet(0.08)
    return laps[5:]


def keys(command: list[str]) -> Figure:
    with opened([sys.executable, "-c", BARE_KEYS], "BARE-READY") as (app, _):
        app.quiet()
        bare = p95(key_laps(app, "ab"))
    with opened(command, _READY) as (app, _):
        app.quiet(1.0)
        laps = key_laps(app, ("down", "down", "up"))
    return Figure("key to paint, p95", 20, p95(laps), "ms", f"a bare Textual app {bare:.1f} ms")


def switching(command: list[str]) -> Figure:
    places = (("f3", "Runs"), ("f6", "GPU"), ("f5", "Gallery"), ("f2", "Facts"))
    laps = []
    with opened(command, _READY) as (app, _):
        app.quiet(1.0)
        for number in range(10 * len(places)):
            key, _ = places[number % len(places)]
            took = app.press(key)
            start = time.perf_counter()
            app.quiet(_GAP)
            laps.append(took + max(0.0, time.perf_counter() - start - _GAP))
            app.quiet(0.2)
    laps = laps[len(places) :]  # a screen is made when it is first asked for
    return Figure(
        "switching screens until all is painted, p95", 30, p95(laps), "ms", "the four screens in turn, 36 times"
    )


def idle(command: list[str], seconds: float = 20.0) -> list[Figure]:
    with opened([sys.executable, "-c", BARE], "BARE-READY") as (app, _):
        app.read(3)
        bare_cpu, bare_mb = app.cpu, app.megabytes
        app.read(seconds)
        bare_cpu = (app.cpu - bare_cpu) / seconds * 100
    with opened(command, _READY) as (app, _):
        app.read(5)
        cpu, sent = app.cpu, app.sent
        app.read(seconds)
        cpu, rate, resident = (app.cpu - cpu) / seconds * 100, (app.sent - sent) / seconds, app.megabytes
    with opened([*command, "--screen", "gpu"], _READY) as (app, _):
        app.read(5)
        gpu = app.cpu
        app.read(seconds)
        gpu = (app.cpu - gpu) / seconds * 100
    return [
        Figure("idle, gauges each second", 1.0, cpu, "% CPU", f"bare Textual {bare_cpu:.2f} %"),
        Figure("idle, all gauges and curves in sight", 1.0, gpu, "% CPU", "the GPU screen"),
        Figure("idle, to the terminal", 8.0, rate / 1e3, "KB/s", "bare Textual 0"),
        Figure("resident", 70, resident, "MB", f"bare Textual {bare_mb:.0f} MB"),
    ]


def big_log(root: Path, command: list[str]) -> list[Figure]:
    """A log of 1 GB: from the key that goes to its run until its last line is there."""
    run = newest_run(root, -2)
    with (run / "log.txt").open("wb") as file:
        block = LINE * (1_000_000 // len(LINE))
        while file.tell() < 1_000_000_000:
            file.write(block)
        file.write(b"THE-LAST-LINE of them all\n")
    laps, resident = [], []
    for _ in range(3):
        with opened([*command, "--screen", "runs"], _READY) as (app, _):
            app.quiet(1.5)
            before = app.megabytes
            app.press("down")  # to the newest whole run: without a log
            app.quiet(1.0)
            laps.append(app.press_until("down", "THE-LAST-LINE"))
            app.quiet(1.0)
            for key in ("l", "home", "end", "pageup", "pageup", "home", "end"):
                app.press(key)
                app.quiet(0.4)
            resident.append(app.megabytes - before)
    (run / "log.txt").unlink()
    return [
        Figure("a log of 1 GB is open", 200, statistics.median(laps) * 1e3, "ms", "from the key to its last line"),
        Figure(
            "and takes, after both of its ends were read", 30, max(resident), "MB more", "the same app without a log"
        ),
    ]


def pouring(root: Path, command: list[str], seconds: float = 20.0) -> list[Figure]:
    """Log and events of a run that works, 25,000 lines a second each."""
    run = newest_run(root)
    with opened([*command, "--screen", "runs"], _READY) as (app, _):
        app.quiet(1.0)
        app.press("down")
        app.quiet(1.0)
        pourer = subprocess.Popen([sys.executable, __file__, "--pour", str(run)])
        try:
            if app.read(5, b"a library that likes to talk") is None:
                raise TimeoutError("the log is not in sight")
            begun, log = time.perf_counter(), (run / "log.txt").stat().st_size
            cpu, laps = app.cpu, []
            while time.perf_counter() - begun < seconds:
                laps.append(app.press_until("f", "held"))  # holds the log still, and says so in its frame
                app.read(0.2)
                app.press("f")
                app.read(0.2)
            took = time.perf_counter() - begun
            rate = ((run / "log.txt").stat().st_size - log) / len(LINE) / took
            used = (app.cpu - cpu) / took * 100
        finally:
            pourer.kill()
            pourer.wait()
    return [
        Figure(
            "key to paint while two logs pour in, p95",
            50,
            p95(laps),
            "ms",
            f"{rate:,.0f} lines/s in each; the app used {used:.0f} % of a core",
        )
    ]


def pour(run: Path) -> None:
    """Write log and events of a run until somebody ends it."""
    begun, written = time.perf_counter(), 0
    with (run / "log.txt").open("ab") as log, (run / "events.jsonl").open("a") as events:
        while True:
            due = int((time.perf_counter() - begun) * LINES_A_SECOND) - written
            log.write(LINE * due)
            log.flush()
            for step in range(written, written + due):
                events.write(f'{{"event": "step", "t": {step}.5, "step": {step}, "loss": 0.5, "lr": 0.0005}}\n')
            events.flush()
            written += due
            time.sleep(0.02)


def figures() -> Iterator[Figure]:
    """Yield one figure after another."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        workspace(root)
        command = garage(root)
        yield first_paint(garage(example(root)), "What is TinyLLM", "first paint, to the first row of facts", 1.3)
        yield first_paint(command, "part number of board 0", "first paint, to the first of 10,000 facts", 1.6)
        yield keys(command)
        yield switching(command)
        yield from idle(command)
        yield from big_log(root, command)
        yield from pouring(root, command)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--pour"]:
        pour(Path(sys.argv[2]))
    sys.exit(not show(figures()))
