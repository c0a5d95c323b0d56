"""Everything is killed −9 at random moments; afterwards files are whole, states true, and runs resumable.

`make crash` does it 200 times; CI a few times ($GARAGE_CRASHES). $GARAGE_CRASH_SEED repeats a printed seed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pty
import random
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from garage_tui.core.base.tail import FileFollower
from garage_tui.core.facts import file as facts
from garage_tui.core.launch import run_control, start
from garage_tui.core.runs import checkpoints
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.folder import is_alive
from garage_tui.core.runs.record import RESTING, Run, read_run
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.recipe import LoraRecipe
from tests.support.repository import REPOSITORY
from tests.support.run_folders import wait

CRASHES = int(os.environ.get("GARAGE_CRASHES", "2"))
SEED = int(os.environ.get("GARAGE_CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)

EDITOR = """
import sys, time
from pathlib import Path
from garage_tui.core.facts.file import load_facts
loaded = load_facts(Path(sys.argv[1]))
while True:
    loaded.save()
    time.sleep(0.005)
"""


class App:
    """The real app on a pseudo terminal that somebody reads."""

    def __init__(self, workspace: Workspace) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), "--screen", "runs"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(REPOSITORY)},
        )
        os.close(theirs)
        self.painted = threading.Event()
        threading.Thread(target=self._read, args=(ours,), daemon=True).start()

    def _read(self, terminal: int) -> None:
        with contextlib.suppress(OSError):
            while os.read(terminal, 65536):
                self.painted.set()
        os.close(terminal)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(20)


def pids(folder: Path, word: str) -> list[int]:
    """Return the pids of a run's processes with `word` in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_text().split("\0")
            if str(folder) in words and word in words:
                found.append(int(path.parent.name))
    return found


def kill(folder: Path, word: str) -> None:
    for pid in pids(folder, word):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def check_everything(workspace: Workspace, expected: int) -> None:
    """Assert what must be true after any crash."""
    runs = list_runs(workspace)
    assert len(runs) == expected
    for run in runs:
        assert not run.broken, run.broken
        assert run.manifest is not None and run.state is not None
        assert run.status in ("queued", "running", "finished", "failed", "interrupted"), run.status
        if not run.alive and not is_alive(run.path):  # it cannot come back to life by itself
            state = read_run(run.path).state
            assert state is not None and (state.state in RESTING) == (read_run(run.path).status != "interrupted")
        data = (run.path / "facts.jsonl").read_bytes()
        assert hashlib.sha256(data).hexdigest() == run.manifest.dataset["sha256"]
        steps = [
            event["step"] for event in FileFollower(run.path / "events.jsonl").events() if event["event"] == "step"
        ]
        assert steps == list(range(1, len(steps) + 1)), "every step once, in order"
        for checkpoint in checkpoints.list_checkpoints(run.path):
            if (checkpoint / checkpoints.SEAL).exists() and not run.alive:
                assert checkpoints.read_seal(checkpoint), f"{checkpoint} is sealed and not whole"
        if run.status == "finished":
            assert run.adapter is not None and run.state.step == run.state.total_steps
    assert len(facts.load_facts(workspace.datasets / "garage.jsonl").facts) == 35


def crash(what: str, run: Run, app: App, workspace: Workspace) -> App:
    """Kill something, and return the app that is open afterwards."""
    if what in ("app", "hangup"):
        app.send(signal.SIGKILL if what == "app" else signal.SIGHUP)
        return App(workspace)
    if what in ("supervisor", "everything"):
        kill(run.path, "garage_tui.core.scheduling.supervisor")
    if what in ("job", "everything"):
        kill(run.path, start.JOBS["lora"])
    return app


@pytest.mark.timeout(120 + 60 * CRASHES)
def test_whatever_is_killed_nothing_is_lost_and_nothing_lies(workspace, tiny_model, monkeypatch, tmp_path):
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    print(f"GARAGE_CRASHES={CRASHES} GARAGE_CRASH_SEED={SEED}", flush=True)
    dice, done, adapters = random.Random(SEED), Counter[str](), set()
    file = workspace.datasets / "garage.jsonl"
    recipe = LoraRecipe(base=str(tiny_model), epochs=120, lr=5e-3, dropout=0.1)
    settings = Settings(checkpoint_seconds=1.0)
    # Every kind at least once, the rest as the dice fall.
    kinds = ["app", "supervisor", "job", "everything", "hangup", "editor"]
    plan = [*kinds, *dice.choices(kinds, [1, 2, 4, 4, 1, 1], k=max(0, CRASHES - len(kinds)))][:CRASHES]
    dice.shuffle(plan)
    app, runs = App(workspace), 0
    folder = None
    try:
        for what in plan:
            if folder is None:
                folder, runs = start.start_lora(workspace, settings, file, recipe), runs + 1
            editor = subprocess.Popen(
                [sys.executable, "-c", EDITOR, str(file)], env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
            )
            try:
                time.sleep(dice.uniform(0, 14))  # a start takes about 6 s, a run about 20
                before = read_run(folder)
                print(f"{what} while {before.status}", flush=True)
                if what == "editor":
                    editor.kill()
                else:
                    app = crash(what, before, app, workspace)
            finally:
                editor.kill()
                editor.wait()
            done[what] += 1
            if what in ("job", "everything"):
                run = wait(folder, lambda run: not run.alive)
                ways = ("finished",) if before.status == "finished" else ("finished", "failed", "interrupted")
                assert run.status in ways, (run.status, run.reason)
                assert run.status != "failed" or "SIGKILL" in run.reason, run.reason
            elif before.alive:
                # In the queue there is no job yet: the run ends with its supervisor, and keeps its position.
                ends = (
                    ("finished", "interrupted") if (what, before.status) == ("supervisor", "queued") else ("finished",)
                )
                assert read_run(folder).alive or read_run(folder).status in ends, (what, before.status)
            check_everything(workspace, runs)
            run = read_run(folder)
            if run.resumable:
                run_control.resume(run)
            elif run.status == "finished" and not run.alive:
                adapters.add(
                    hashlib.sha256((folder / "adapter" / "adapter_model.safetensors").read_bytes()).hexdigest()
                )
                folder = None
        if folder is not None:
            run = wait(folder, lambda run: not run.alive, seconds=900)
            if run.resumable:
                run_control.resume(run)
                run = wait(folder, lambda run: not run.alive, seconds=900)
            assert run.status == "finished", (run.status, run.reason)
            check_everything(workspace, runs)
            adapters.add(hashlib.sha256((folder / "adapter" / "adapter_model.safetensors").read_bytes()).hexdigest())
        assert len(adapters) == 1, "whatever was killed, the same seed reached the same adapter"
        print(f"{sum(done.values())} crashes ({dict(done)}), {runs} runs, all whole", flush=True)
    finally:
        app.send(signal.SIGKILL)
        if folder is not None:
            kill(folder, "garage_tui.core.scheduling.supervisor")
            kill(folder, start.JOBS["lora"])
