"""The app over a real sshd: the line is cut, frozen, slow and far away; runs go on, and nothing typed is lost."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from garage_tui.core.launch.run_control import stop
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from tests.support import ssh_box
from tests.support.app_in_tmux import Terminal, gone, only_run, wait_for
from tests.support.late_terminal import LateTerminal
from tests.support.ssh_box import Box, Line, apps, cpu_seconds, everyone, kill, needs_sshd, parents, words

pytestmark = [needs_sshd, pytest.mark.skipif(not ssh_box.TMUX, reason="needs tmux, which is the terminal")]

FAR, SLOW = 0.075, 32_000
"""Seconds in each direction; bytes a second, which is 256 kbit/s."""
F2 = b"\x1bOQ"


@pytest.fixture(scope="module")
def box(tmp_path_factory) -> Iterator[Box]:
    box = Box(tmp_path_factory.mktemp("sshd"))
    yield box
    box.close()


class Home(Terminal):
    """A terminal of the owner's, far from the box: a tmux here, with `ssh -t` in it."""

    box: Box
    port: int | None = None

    def open(self, *arguments: str) -> None:
        self.opens(self.box.garage("--workspace", self._workspace, *arguments))

    def opens(self, remote: str) -> None:
        """Run a line of the box's shell."""
        self._new_server()
        columns, rows = self._size
        ssh = self.box.ssh(remote, terminal=True, port=self.port)
        self.tmux("new-session", "-d", "-s", "app", "-x", columns, "-y", rows, "env", "TERM=xterm-256color", *ssh)
        self.tmux("set-option", "-g", "remain-on-exit", "on")


@pytest.fixture
def state(monkeypatch, tmp_path) -> None:
    """A state of the app's own, for what is unsaved."""
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))


@pytest.fixture
def home(box, workspace, state) -> Iterator[Home]:
    home = Home(workspace.root, 120, 40)
    home.box = box
    yield home
    home.close()
    for pid in apps(workspace.root):
        kill(pid)
    for run in list_runs(workspace):
        if run.alive:
            stop(run)
            wait_for(lambda run=run: not read_run(run.path).alive, 90, lambda run=run: f"{run.id} does not stop")


def only_app(root: Path) -> int:
    [pid] = wait_for(lambda: apps(root), 60, lambda: "no app")
    return pid


def starts_a_run(home: Home, workspace, tiny_model) -> None:
    """Have the app teach, which takes some 15 s."""
    workspace.settings_file.write_text(f'base_model = "{tiny_model}"\n')
    home.open()
    home.sees("35 rows")
    home.press("t")
    home.sees("60 steps")
    home.press("C-s")
    home.sees("● running")


def writes_a_row(home: Home) -> None:
    """Leave a row half-written."""
    home.press("F2")
    home.sees("35 rows")
    home.types("aWhoever is Ann?\rAnn is a dead pil")
    home.sees("Ann is a dead pil")
    time.sleep(1)  # what was typed in the last third of a second may be lost


def finds_all_again(home: Home, workspace, *keys: str) -> None:
    """Come back: the run is shown, and the row is offered.

    Args:
        keys: from the screen that was left to the facts.
    """
    home.open()
    if keys:
        home.press(*keys)
    home.sees("Unsaved work", "a half-written answer: “Ann is a dead pil”")
    home.press("Enter")
    home.sees("Whoever is Ann?", "Enter saves")
    home.types("ot.")
    home.press("Enter")
    home.sees("36 rows", "Saved datasets/garage.jsonl")
    home.press("F3")
    home.sees(only_run(workspace).id)


def session_of(pid: int) -> int:
    """Return the sshd that a process belongs to; 0 where there is none."""
    return next((up for up in parents(pid) if words(up)[0].startswith("sshd")), 0)


def ends_by_itself(pid: int) -> None:
    """Wait for an app to end that nobody has asked to, without working for that."""
    before = cpu_seconds(pid)
    wait_for(lambda: gone(pid) or cpu_seconds(pid) - before > 4, 60, lambda: f"{pid} outlives its terminal")
    assert gone(pid), "it is left behind and works"


@contextlib.contextmanager
def pouring(log: Path) -> Iterator[None]:
    """Write into a log, faster than it can be painted."""
    over = threading.Event()

    def pour() -> None:
        while not over.wait(0.02):
            with log.open("a") as file:
                file.writelines(f"{time.monotonic()} is poured {'~' * 60}\n" for _ in range(100))

    thread = threading.Thread(target=pour)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def steps(workspace) -> int:
    """Return how many steps the run has taken."""
    state = only_run(workspace).state
    return state.step if state else 0


def test_the_client_is_killed_and_the_run_and_a_half_written_row_are_there_afterwards(home, workspace, tiny_model):
    starts_a_run(home, workspace, tiny_model)
    writes_a_row(home)
    app, before = only_app(workspace.root), steps(workspace)
    kill(home.pid)
    ends_by_itself(app)
    assert only_run(workspace).alive or only_run(workspace).status == "finished"
    home.close()
    finds_all_again(home, workspace)
    assert len(apps(workspace.root)) == 1
    wait_for(lambda: steps(workspace) > before, 240, lambda: "the run has stopped with the connection")


def test_the_line_is_far_away_and_slow_and_what_is_typed_arrives_whole(home, workspace, box):
    line = Line(box.port, FAR, SLOW)
    home.port = line.port
    home.open()
    home.sees("35 rows", "What is TinyLLM?")
    for key, seen in [("F6", "GPU"), ("F3", "No runs yet"), ("F2", "35 rows")]:
        home.press(key)
        home.sees(seen)
    question, answer = "Who is Größe? " * 3, "".join(f"{n} and then " for n in range(30))
    home.types(f"a{question}\r{answer}")
    home.press("Enter")
    home.sees("36 rows", "Saved datasets/garage.jsonl")
    written = (workspace.datasets / "garage.jsonl").read_text().splitlines()
    assert f'{{"question": "{question.strip()}", "answer": "{answer.strip()}"}}' in written
    home.press("q")
    wait_for(lambda: not apps(workspace.root), 60, lambda: home.screen)
    line.close()


def then_a_shell(box: Box, root: Path, seconds: float) -> list[str]:
    """Return the command that opens the app on the box, and tells afterwards what a shell would be given."""
    app = box.garage("--workspace", root).removeprefix("exec ")
    return box.ssh(f"{app}; echo LEFT; stty raw -echo; timeout {seconds} cat -v; echo RIGHT", terminal=True)


def left_for_the_shell(terminal: LateTerminal) -> bytes:
    """Return what was echoed since the app has left, or was there to be read."""
    terminal.reads(b"RIGHT")
    after = terminal.seen.rpartition(b"\x1b[?1049l")[2].partition(b"RIGHT")[0]
    return re.sub(rb"\x1b\[[?;\d]*[hlt]|\x1b\]2;[^\x07]*\x07|LEFT\r\n", b"", after)


@pytest.mark.parametrize("late", [0.15, pytest.param(1.0, marks=pytest.mark.long)])
def test_who_leaves_at_once_finds_no_late_answer_and_no_mouse_in_the_shell(box, workspace, late, state):
    terminal = LateTerminal(then_a_shell(box, workspace.root, 0.5 + late), late)
    try:
        terminal.reads(b"\x1b[?1049h")
        terminal.send(b"q")
        off: float | None = None
        while not off or time.monotonic() < off + late - 0.04:  # the mouse moves until the terminal is told of that
            terminal.send(b"\x1b[<35;10;10M")
            terminal.read(0.02)
            if not off and b"\x1b[?1000l" in terminal.seen:
                off = time.monotonic()
        assert left_for_the_shell(terminal) == b""
        assert terminal.asked.count(b"\x1b[c") >= 1 and b"\x1b[?2026$p" in terminal.asked
    finally:
        terminal.close()


@pytest.mark.long
@pytest.mark.parametrize("late", [0.15, 0.5, 1.2])
def test_no_late_answer_is_typed_into_a_field(box, workspace, late, state):
    terminal = LateTerminal(then_a_shell(box, workspace.root, 1 + late), late)
    try:
        terminal.reads(b"35 rows")
        terminal.send(b"aWho?\rMe, ")
        terminal.read(late)
        terminal.send(b"of course.\r")
        terminal.reads(b"Saved")
        terminal.send(b"q")
        assert left_for_the_shell(terminal) == b""
    finally:
        terminal.close()
    assert '{"question": "Who?", "answer": "Me, of course."}' in (workspace.datasets / "garage.jsonl").read_text()


@pytest.mark.long
def test_the_servers_side_is_killed_while_much_is_painted_and_the_run_goes_on_to_its_end(home, workspace, tiny_model):
    starts_a_run(home, workspace, tiny_model)
    app = only_app(workspace.root)
    with pouring(only_run(workspace).path / "log.txt"):
        writes_a_row(home)
        home.press("F3")  # Esc would cancel the row, and nothing of it would be left to find
        home.sees("poured")
        kill(session_of(app))
        ends_by_itself(app)
    home.close()
    finds_all_again(home, workspace, "F2")
    home.sees("✓ finished", seconds=240)


@pytest.mark.long
def test_a_frozen_client_costs_nothing_and_finds_the_newest_when_it_goes_on(home, workspace, tiny_model, box):
    line = Line(box.port, FAR, 8_000)
    home.port = line.port
    starts_a_run(home, workspace, tiny_model)
    app = only_app(workspace.root)
    with pouring(only_run(workspace).path / "log.txt"):
        home.sees("poured")
        kill(home.pid, signal.SIGSTOP)
        process = psutil.Process(app)
        time.sleep(2)
        memory, worked = process.memory_info().rss, cpu_seconds(app)
        time.sleep(20)
        assert cpu_seconds(app) - worked < 14, "it works as if for somebody"
        assert process.memory_info().rss - memory < 30 << 20
        kill(home.pid, signal.SIGCONT)
        home.press("F2")
        home.sees("35 rows", seconds=120)
    line.close()
    ends_by_itself(app)


@pytest.mark.long
def test_a_key_does_not_wait_behind_a_pouring_log_on_the_slowest_of_lines(box, workspace, state):
    run = workspace.checkpoints / "20261126-0900-lora-poured"
    run.mkdir()
    write_manifest(run, Manifest(id=run.name, kind="lora", created=0.0, recipe={}, base={}, dataset={}))
    write_state(run, RunState(state="running", total_steps=60, step=6))
    line = Line(box.port, FAR, 8_000)
    words = box.garage("--workspace", workspace.root, "--screen", "runs")
    with (run / "lock").open("w") as lock, pouring(run / "log.txt"):
        fcntl.flock(lock, fcntl.LOCK_EX)
        terminal = LateTerminal(box.ssh(words, terminal=True, port=line.port))
        try:
            terminal.reads(b"lora-poured")
            terminal.send(b"l")
            terminal.read(15)
            before = len(terminal.seen)
            terminal.send(F2)
            terminal.reads(b"35 rows")
            assert len(terminal.seen) - before < 40_000, "old frames come first"
        finally:
            terminal.close()
            line.close()


@pytest.mark.long
def test_tmux_on_the_box_keeps_the_app_and_all_that_is_typed_while_the_line_is_cut(home, workspace, box):
    socket = f"garage-ssh-{os.getpid()}"
    app = box.garage("--workspace", workspace.root).removeprefix("exec ")
    there = shlex.join(["tmux", "-L", socket, "-f", "/dev/null", "new-session", "-A", "-s", "garage", app])
    try:
        home.opens(f"env LANG=C.UTF-8 {there}")
        writes_a_row(home)
        first = only_app(workspace.root)
        for way in ("the client", "the server's side"):
            side = home.pid
            if way != "the client":
                [side] = {session_of(pid) for pid in everyone() if socket in words(pid)} - {0}
            kill(side)
            home.close()
            assert apps(workspace.root) == [first]
            home.opens(f"env LANG=C.UTF-8 {there}")
            home.sees("Ann is a dead pil")
        home.types("ot.")
        home.press("Enter")
        home.sees("36 rows", "Saved datasets/garage.jsonl")
    finally:
        subprocess.run(["tmux", "-L", socket, "kill-server"], capture_output=True)


def test_without_a_terminal_it_says_so_in_a_line(box, workspace):
    said = subprocess.run(box.ssh(box.garage("--workspace", workspace.root)), capture_output=True, text=True)
    assert said.returncode == 2 and said.stdout == ""
    assert re.fullmatch(r"garage: the app needs a terminal.*\n", said.stderr)
