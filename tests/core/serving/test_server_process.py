"""The server's life, seen from outside: it starts, dies, starts again, and every failure is a sentence."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.chat import client as chat
from garage_tui.core.chat.chat_error import ChatError
from garage_tui.core.chat.sampling_params import SamplingParams
from garage_tui.core.serving import server_process, server_state
from garage_tui.core.settings.settings import ServeSettings, Settings, Workspace

SETTINGS = Settings()
QUESTION = [{"role": "user", "content": "What is TinyLLM?"}]


@pytest.fixture
def box(workspace):
    """A workspace whose server does not outlive the test."""
    yield workspace
    server_process.stop(workspace)


def wait(workspace, *ends, seconds=90):
    """Wait until the server is one of `ends`; return it and the phases it went through."""
    deadline = time.monotonic() + seconds
    phases = []
    while (snapshot := server_state.inspect(workspace)).status not in ends:
        assert time.monotonic() < deadline, (snapshot, snapshot.log.read_text())
        phases.append(snapshot.reason)
        time.sleep(0.05)
    return snapshot, list(dict.fromkeys(phases))


def processes():
    """Return the command lines of all processes."""
    return subprocess.run(["ps", "-axww", "-o", "args"], capture_output=True, text=True).stdout


def pid(workspace):
    return server_state.read_state(workspace.server).pid


def test_before_the_first_start_it_is_off(workspace):
    assert server_state.inspect(workspace).status == "off"
    with pytest.raises(GarageError, match="no server is running"):
        server_process.address(workspace)
    server_process.stop(workspace)  # nothing to stop is no error


async def test_a_server_is_started_killed_started_again_and_stopped(box, tiny_model):
    server_process.start(box, SETTINGS, str(tiny_model))
    assert server_state.inspect(box).status == "starting"
    with pytest.raises(GarageError, match="still starting"):
        server_process.address(box)
    snapshot, phases = wait(box, "ready", "failed")
    assert snapshot.status == "ready", snapshot
    assert any("loading tiny" in phase for phase in phases)
    assert snapshot.base == str(tiny_model)
    assert snapshot.url.startswith("http://127.0.0.1:")

    address = server_process.address(box)
    key = box.server / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(box.server.stat().st_mode) == 0o700
    assert str(box.root) in processes()
    assert address.key not in processes()
    assert address.key not in (box.server / "state.json").read_text() + snapshot.log.read_text()
    parts = [part async for part in chat.stream(address, str(tiny_model), QUESTION, SamplingParams(max_tokens=8))]
    assert isinstance(parts[-1], chat.AnswerEnd)

    first = pid(box)
    server_process.start(box, SETTINGS, str(tiny_model))  # one lives: nothing happens
    assert pid(box) == first
    with pytest.raises(GarageError, match="is running; stop it with `garage serve --stop`"):
        server_process.start(box, SETTINGS, "smollm2-135m")

    os.kill(first, signal.SIGKILL)
    snapshot, _ = wait(box, "failed", seconds=5)
    assert "ended unexpectedly" in snapshot.reason
    assert snapshot.url is None
    with pytest.raises(GarageError, match="ended unexpectedly"):
        server_process.address(box)
    with pytest.raises(ChatError, match="no server answers"):
        await chat.list_models(address)

    server_process.start(box, SETTINGS, str(tiny_model))
    assert wait(box, "ready", "failed")[0].status == "ready"
    assert server_process.address(box).key == address.key, "clients are configured once"
    server_process.stop(box)
    assert server_state.inspect(box).status == "off"
    assert key.read_text() == address.key


def test_a_server_is_stopped_while_it_starts(box, tiny_model):
    server_process.start(box, SETTINGS, str(tiny_model))
    server_process.stop(box)
    assert server_state.inspect(box).status == "off"


def test_two_starts_at_once_make_one_server(box, tiny_model):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: server_process.start(box, SETTINGS, str(tiny_model)), range(4)))
    assert len([line for line in processes().splitlines() if "jobs.serve" in line and str(box.root) in line]) == 1


def test_a_server_that_nobody_asks_leaves(box, tiny_model):
    server_process.start(box, SETTINGS, str(tiny_model), idle_minutes=0.01)
    snapshot, _ = wait(box, "off", "failed")
    assert snapshot.status == "off"
    assert "no question for 0.01 minutes: the server stops" in snapshot.log.read_text()


def test_the_key_may_come_from_the_environment(box, tiny_model, monkeypatch):
    monkeypatch.setenv("GARAGE_API_KEY", "of-my-own")
    server_process.start(box, SETTINGS, str(tiny_model))
    deadline = time.monotonic() + 30
    while not (box.server / "key").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (box.server / "key").read_text() == "of-my-own"
    server_process.stop(box)
    assert (box.server / "key").read_text() != "of-my-own", "it is not kept where its owner does not keep it"


def test_a_taken_port_is_one_sentence_that_names_the_program(box, tiny_model):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server_process.start(box, SETTINGS, str(tiny_model), port=port)
        snapshot, _ = wait(box, "failed", "ready", seconds=20)
    assert (snapshot.status, snapshot.taken_port) == ("failed", port)
    assert f"port {port} is taken by " in snapshot.reason
    assert f"(process {os.getpid()}): give this workspace another one" in snapshot.reason


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_two_workspaces_on_one_port_are_one_server_and_a_sentence_that_names_it(box, tiny_model, tmp_path, monkeypatch):
    monkeypatch.delenv("GARAGE_PORT")
    settings = Settings(serve=ServeSettings(port=free_port()))
    (other := Workspace(tmp_path / "other")).checkpoints.mkdir(parents=True)
    try:
        # One after the other without a wait: both load a model for seconds before they answer.
        server_process.start(other, settings, str(tiny_model))
        while not server_state.read_state(other.server).pid:
            time.sleep(0.01)
        time.sleep(0.3)
        server_process.start(box, settings, str(tiny_model))
        snapshot, _ = wait(box, "failed", "ready")
        first, _ = wait(other, "failed", "ready")
        assert first.status == "ready", first
        assert snapshot.reason.startswith(
            f"port {settings.serve.port} is taken by the model server of {other.root}: stop it there with "
        )
        address = server_process.address(other)
        server_process.stop(other)
        server_process.start(other, settings, str(tiny_model))
        assert wait(other, "failed", "ready")[0].status == "ready"
        assert server_process.address(other) == address, "a client that is configured once stays configured"
    finally:
        server_process.stop(other)


@pytest.mark.parametrize("host", ["192.0.2.7", "300.1.1.1"])
def test_a_host_that_is_no_address_of_this_box_is_one_sentence(box, tiny_model, host):
    server_process.start(box, SETTINGS, str(tiny_model), host=host)
    snapshot, _ = wait(box, "failed")
    assert snapshot.reason == f"{host} is no address of this box: give 127.0.0.1, or another of its own"


def test_a_port_from_the_environment_that_is_none_is_refused(box, tiny_model, monkeypatch):
    monkeypatch.setenv("GARAGE_PORT", "many")
    with pytest.raises(BadInputError, match="GARAGE_PORT=many: give 0 to 65535, or unset it"):
        server_process.start(box, SETTINGS, str(tiny_model))


def test_a_base_that_is_no_model_is_refused_before_anything_starts(box, tmp_path):
    with pytest.raises(BadInputError, match="is not a base model"):
        server_process.start(box, SETTINGS, "no such model!")
    assert not box.server.exists()


def test_a_base_that_cannot_be_loaded_is_one_sentence(box, tmp_path):
    folder = tmp_path / "hollow"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama"}')
    server_process.start(box, SETTINGS, str(folder))
    snapshot, _ = wait(box, "failed", "ready")
    assert snapshot.reason.startswith("hollow cannot be loaded: ")
    assert "\n" not in snapshot.reason


def test_a_workspace_that_cannot_be_written_is_one_sentence(workspace, tiny_model):
    workspace.server.parent.rmdir()
    workspace.server.parent.write_text("a file where a folder should be")
    with pytest.raises(GarageError, match="the server cannot be started in"):
        server_process.start(workspace, SETTINGS, str(tiny_model))


def test_a_process_that_only_has_the_servers_number_is_never_signalled(box):
    """A stale state names a pid that belongs to somebody else now."""
    bystander = subprocess.Popen(["sleep", "60"])
    holder = None
    try:
        box.server.mkdir()
        server_state.write_state(
            box.server,
            server_state.ServerState(
                status="ready", base="b", pid=bystander.pid, pid_started=1, url="http://127.0.0.1:1/v1"
            ),
        )
        server_process.stop(box)  # the lock is free: nobody lives
        holder = subprocess.Popen(["flock", str(box.server / "lock"), "sleep", "2"])
        while not Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text():
            time.sleep(0.01)
        server_process.stop(box)  # the lock is held: by whom, the state does not say truly
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
        if holder:
            holder.wait()


_CANNOT_LEAVE = """
import fcntl, os, signal, sys, time
from pathlib import Path
from garage_tui.jobs.serve.server import ServerNote
folder = Path(sys.argv[1])
lock = (folder / "lock").open("w")
fcntl.flock(lock, fcntl.LOCK_EX)
note = ServerNote(folder, "base", (), "garage")
note.starting("starting")
signal.signal(signal.SIGTERM, lambda *_: note.end())
print("ready", flush=True)
while True:
    time.sleep(1)
"""


def test_a_server_that_says_it_is_off_and_does_not_leave_is_killed(box, monkeypatch):
    monkeypatch.setattr(server_process, "_STOP_SECONDS", 0.5)
    box.server.mkdir()
    command = [sys.executable, "-c", _CANNOT_LEAVE, str(box.server)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stubborn:
        assert [stubborn.stdout.readline() for _ in range(2)] == ["starting\n", "ready\n"]
        server_process.stop(box)
        assert stubborn.wait(10) == -signal.SIGKILL
    assert server_state.inspect(box).status == "off"
