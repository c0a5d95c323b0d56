"""A week in some minutes: a million lines of log and 100,000 events go through the app that is open in a tmux.

    .venv/bin/python benchmarks/soak.py [MINUTES]

Meanwhile all screens are visited and the log is scrolled and searched. What must not grow: memory, open files, threads.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import app
from processes import megabytes
from table import Figure, show

LINES, EVENTS = 1_000_000, 100_000
WARM = 0.2
"""The share of the time after which nothing new should be needed."""
VISITS = ("F3", "F6", "F5", "F4", "F2", "F3", "l", "PageUp", "PageUp", "Home", "End", "l", "w", "w", "f", "f")


class Tmux:
    """A tmux of its own with the app in it."""

    def __init__(self, command: list[str]) -> None:
        self._call("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", *command)

    def _call(self, *arguments: str) -> str:
        return subprocess.run(
            ["tmux", "-L", "garage-soak", *arguments], check=True, capture_output=True, text=True
        ).stdout

    def press(self, key: str) -> None:
        self._call("send-keys", key)

    @property
    def screen(self) -> str:
        return self._call("capture-pane", "-p")

    @property
    def pid(self) -> int:
        return int(self._call("display-message", "-p", "#{pane_pid}"))

    def end(self) -> None:
        self._call("kill-server")


def write(run: Path, first: int, last: int, of: int) -> None:
    """Write this part of the log and of the events."""
    with (run / "log.txt").open("a") as log:
        for number in range(LINES * first // of, LINES * last // of):
            log.write(
                f"step {number // 10} line {number} loss 0.123 \x1b[32mtokens/s\x1b[0m 120 and what a library says\n"
            )
    with (run / "events.jsonl").open("a") as events:
        for step in range(EVENTS * first // of, EVENTS * last // of):
            events.write(
                f'{{"event": "step", "t": {step}.5, "step": {step}, "loss": {3 / (1 + step):.5f}, "lr": 0.1}}\n'
            )


def figures(minutes: float = 5.0) -> Iterator[Figure]:
    """Yield one figure after another."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        app.workspace(root)
        run = app.newest_run(root)
        (run / "state.json").write_text('{"state": "running", "step": 1, "total_steps": 100000, "created": 1}')
        lock = (run / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)  # so that it counts as alive
        tmux = Tmux([*app.garage(root), "--screen", "runs"])
        try:
            time.sleep(3)
            assert "▸ ● running" in tmux.screen, tmux.screen
            pid, seen = tmux.pid, []
            parts = max(1, round(minutes * 60 / len(VISITS))) * len(VISITS)  # it ends as it began
            for part, key in zip(range(parts), cycle(VISITS), strict=False):
                began = time.perf_counter()
                write(run, part, part + 1, parts)
                tmux.press(key)
                seen.append(
                    (
                        megabytes(pid),
                        len(list(Path(f"/proc/{pid}/fd").iterdir())),
                        len(list(Path(f"/proc/{pid}/task").iterdir())),
                    )
                )
                time.sleep(max(0.0, 1 - (time.perf_counter() - began)))
            for key in ("F2", "F3"):
                tmux.press(key)
                time.sleep(2)
            assert f"line {LINES - 1} " in tmux.screen, tmux.screen
        finally:
            tmux.end()
    warm = seen[int(len(seen) * WARM) :]
    for place, (what, most, unit) in enumerate(
        (("memory", 5.0, "MB more"), ("open files", 2.0, ""), ("threads", 2.0, ""))
    ):
        quarter = len(warm) // 4
        before = max(one[place] for one in warm[:quarter])
        after = max(one[place] for one in warm[-quarter:])
        beside = f"at its most {before:.0f} early, {after:.0f} in the last {minutes * (1 - WARM) / 4:.1f} min"
        yield Figure(f"{LINES:,} lines, {EVENTS:,} events: {what}", most, max(0.0, after - before), unit, beside)


if __name__ == "__main__":
    sys.exit(not show(figures(*map(float, sys.argv[1:]))))
