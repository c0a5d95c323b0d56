"""A terminal that takes nothing or is closed: the app neither spins, grows nor hangs, and it leaves no mess."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
import time

import psutil
import pytest

from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from tests.support.app_in_tmux import gone, wait_for
from tests.support.late_terminal import LateTerminal
from tests.support.repository import REPOSITORY
from tests.support.ssh_box import cpu_seconds

LONG = pytest.mark.long


@pytest.fixture
def open_app(workspace, monkeypatch, tmp_path):
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    opened = []

    def open_(*words: str, **variables: str) -> LateTerminal:
        app = [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root), *words]
        opened.append(LateTerminal(app, PYTHONPATH=str(REPOSITORY), **variables))
        return opened[-1]

    yield open_
    for terminal in opened:
        terminal.close()


@pytest.fixture
def poured(workspace):
    """A run whose log is poured into, some hundred lines each time."""
    run = workspace.checkpoints / "20261126-0900-lora-poured"
    run.mkdir()
    write_manifest(run, Manifest(id=run.name, kind="lora", created=0.0, recipe={}, base={}, dataset={}))
    write_state(run, RunState(state="failed", total_steps=60, step=60))
    log = run / "log.txt"
    log.touch()

    def pour(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with log.open("a") as file:
                file.writelines(f"{time.monotonic()} of all that is poured {'~' * 60}\n" for _ in range(200))
            time.sleep(0.05)

    return pour


def ends(pid: int) -> None:
    """Wait for the app's end, which must not take work."""
    before = cpu_seconds(pid)
    wait_for(lambda: gone(pid) or cpu_seconds(pid) - before > 4, 60, lambda: f"{pid} outlives its terminal")
    assert gone(pid), "it is left behind and works"


def test_a_terminal_that_is_closed_while_nobody_tells_the_app_ends_it(workspace, monkeypatch, tmp_path):
    """As under setsid: the kernel's SIGHUP goes to the session's leader alone."""
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    ours, theirs = pty.openpty()
    app = subprocess.Popen(
        [sys.executable, "-m", "garage_tui", "--workspace", str(workspace.root)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": str(REPOSITORY)},
    )
    os.close(theirs)
    try:
        seen = b""
        while b"35 rows" not in seen:
            seen += os.read(ours, 65536)
        os.close(ours)
        ends(app.pid)
        assert app.wait(60) == 0
    finally:
        app.kill()
        app.wait()


def test_a_terminal_that_takes_nothing_is_not_waited_for_and_shows_the_newest_when_it_goes_on(open_app, poured):
    terminal = open_app("--screen", "runs")
    terminal.reads(b"lora-poured")
    terminal.send(b"l")
    poured(1)
    terminal.read(1)
    process = psutil.Process(terminal.pid)
    memory, before = process.memory_info().rss, cpu_seconds(terminal.pid)
    poured(3)  # nobody reads
    assert cpu_seconds(terminal.pid) - before < 2.5
    assert process.memory_info().rss - memory < 30 << 20
    terminal.seen = b""
    terminal.send(b"\x1bOQ")
    terminal.reads(b"35 rows")
    assert len(terminal.seen) < 100_000, "all that was painted in the meantime is sent, too"


@pytest.mark.parametrize(
    "how", ["hang up", *(pytest.param(name, marks=pytest.mark.long) for name in ("SIGTERM", "SIGHUP"))]
)
def test_a_terminal_that_takes_nothing_does_not_keep_the_app_from_leaving(open_app, poured, how):
    terminal = open_app("--screen", "runs")
    terminal.reads(b"lora-poured")
    terminal.send(b"l")
    poured(2)  # nobody reads
    if how == "hang up":
        terminal.hang_up()
    else:
        os.kill(terminal.pid, signal.Signals[how])
    ends(terminal.pid)
    assert os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1]) == 0


def test_an_app_that_is_told_to_leave_gives_the_terminal_back_as_it_was(open_app):
    terminal = open_app()
    before = termios.tcgetattr(terminal.fd)
    terminal.reads(b"35 rows")
    assert termios.tcgetattr(terminal.fd) != before
    terminal.seen = b""
    os.kill(terminal.pid, signal.SIGTERM)
    wait_for(lambda: terminal.read(0.05) is None or gone(terminal.pid), 60, lambda: "it does not leave")
    terminal.read(0.2)
    assert termios.tcgetattr(terminal.fd) == before
    for mode in (b"?1049l", b"?25h", b"?1000l", b"?1006l", b"?1004l", b"?2004l", b"<u"):
        assert b"\x1b[" + mode in terminal.seen
    assert b"Traceback" not in terminal.seen
    assert os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1]) == 0


def test_bytes_that_are_no_utf_8_do_no_harm(open_app):
    terminal = open_app()
    terminal.reads(b"35 rows")
    terminal.send(b"\xc3")  # half a character, and the other half later
    terminal.read(0.3)
    terminal.send(b"\xa9/\xe9\xff\xc3(\r")
    terminal.read(0.5)
    terminal.seen = b""
    terminal.send(b"\x1b[17~")
    terminal.reads(b"GPU")
    assert b"Traceback" not in terminal.seen and not gone(terminal.pid)
