"""One card, two uses: a server leaves for a run and comes back, or the run waits, or they share; with real locks."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from functools import partial

import pytest

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.diffusion.recipe import make_recipe
from garage_tui.core.hardware.memory import all_memory
from garage_tui.core.launch import run_control
from garage_tui.core.launch.start import spawn, start_diffusion
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.runs.catalog import list_runs, new_run_folder
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state
from garage_tui.core.scheduling import admission, gpu_locks
from garage_tui.core.scheduling.admission import GpuAdmission
from garage_tui.core.settings.settings import Settings
from tests.support import run_folders
from tests.support.nvml.box import RTX_3090
from tests.support.run_folders import kill

wait = partial(run_folders.wait, seconds=20)

JOB = """
import sys
from garage_tui.jobs.runtime.progress import Progress
progress = Progress.of_arguments(sys.argv[1:])
progress.start_phase("working")
while progress.requested() == "":
    progress.write_step(step=1, loss=0.5, total_steps=1)
    __import__("time").sleep(0.05)
progress.end("stopped", "by you")
"""


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))


@pytest.fixture
def seat():
    seat = gpu_locks.GpuLock("cpu")
    yield seat
    seat.leave()


@pytest.fixture
def start(workspace, tmp_path, monkeypatch):
    """Starts a run with these limits and this memory, through the real `spawn` and supervisor."""
    (tmp_path / "a_job.py").write_text(JOB)
    monkeypatch.setenv("GARAGE_PYTHONPATH", str(tmp_path))

    def go(policy="auto", memory=None):
        folder = new_run_folder(workspace, "lora", "wings")
        about = {"recipe": {}, "base": {}, "dataset": {}, "memory": memory, "limits": RunLimits(card=policy)}
        write_manifest(folder, Manifest(id=folder.name, kind="lora", created=0, **about))
        write_state(folder, RunState(state="queued", created=time.time()))
        spawn("a_job", folder)
        return folder

    yield go
    for run in list_runs(workspace):
        kill(run.path)


def works(run):
    return run.status == "running" and run.state.phase == "working"


def holds(what):
    return lambda run: run.state is not None and run.state.waits == what


def test_a_server_that_is_asked_leaves_and_comes_back_when_the_run_has_ended(start, seat):
    assert seat.take()
    folder = start("sleep")
    run = wait(folder, holds("card"))
    assert "waiting for the model server to free this machine" in run.reason
    assert gpu_locks.claimed_by("cpu") == folder.name
    seat.leave()
    wait(folder, works)
    assert not seat.take()  # not while it works
    run_control.stop(wait(folder, works))
    wait(folder, lambda run: not run.alive)
    assert gpu_locks.claimed_by("cpu") == ""
    assert seat.take()


def test_a_run_that_is_killed_gives_the_card_back(start, seat):
    folder = start("sleep")
    wait(folder, works)
    assert not seat.take()
    kill(folder)
    wait(folder, lambda run: not run.alive)
    assert seat.take()


def test_a_run_may_wait_until_the_server_has_left(start, seat):
    assert seat.take()
    folder = start("wait")
    run = wait(folder, holds("card"))
    assert "`garage serve --stop` stops it" in run.reason
    assert gpu_locks.claimed_by("cpu") == ""
    seat.leave()
    wait(folder, works)


def test_they_share_where_the_memory_allows_it(start, seat):
    assert seat.take()
    wait(start("auto", memory=1e6), works)
    assert gpu_locks.claimed_by("cpu") == ""


def test_a_run_that_waits_for_the_card_can_be_stopped_and_lets_the_server_stay(start, seat):
    assert seat.take()
    folder = start("sleep")
    run_control.stop(wait(folder, holds("card")))
    run = wait(folder, lambda run: not run.alive)
    assert run.status == "stopped"
    assert gpu_locks.claimed_by("cpu") == ""


def test_a_run_that_does_not_fit_waits_for_memory_and_goes_on_when_it_is_told_to(start):
    folder = start(memory=1e15)
    run = wait(folder, holds("memory"))
    assert "it needs about 1000000.0 GB, and this machine has" in run.reason
    run_control.resume(run)
    wait(folder, works)


@pytest.mark.parametrize(
    ("policy", "free", "needs", "asks"),
    [
        ("auto", 10e9, 4e9, False),
        ("auto", 3e9, 4e9, True),
        ("auto", 10e9, None, True),  # on a GPU nobody gambles
        ("auto", None, 4e9, False),
        ("sleep", 10e9, 4e9, True),
        ("both", 3e9, 4e9, False),
        ("wait", 3e9, 4e9, False),
    ],
)
def test_on_a_gpu_the_free_memory_decides(monkeypatch, policy, free, needs, asks):
    monkeypatch.setattr(admission, "free_on", lambda slots: free)
    seat = gpu_locks.GpuLock("0")
    assert seat.take()
    asking = GpuAdmission("a-run", ("0",), needs, policy)
    hold = asking.hold()
    assert (gpu_locks.claimed_by("0") == "a-run") is asks
    seat.leave()
    if policy == "both":
        assert hold is not None
        assert hold.waiting_for == "memory"
        assert "it needs about 4.0 GB, and GPU 0 has 3.0 GB free" in hold.reason
    asking.close()
    assert gpu_locks.claimed_by("0") == ""


@pytest.mark.parametrize("gpus", [(), (0,)])
def test_a_run_that_can_never_fit_is_refused_with_both_figures_and_leaves_nothing(make_box, workspace, gpus):
    if gpus:
        make_box(RTX_3090)
    far_too_much = make_recipe("class", batch_size=1_000_000)
    with pytest.raises(BadInputError) as refused:
        start_diffusion(workspace, Settings(), far_too_much, gpus=gpus)
    said = str(refused.value)
    where = "GPU 0 has 25.8 GB" if gpus else f"this machine has {all_memory([]) / 1e9:.1f} GB"
    assert f"{where} in total" in said and "smaller batch" in said and "GB of memory" in said
    assert list_runs(workspace) == [] and list(workspace.checkpoints.glob("*")) == []


@pytest.fixture
def reader():
    """Holds the lock of a claim on GPU 0, as a server does while it reads it; called, it lets go after some seconds."""
    file = gpu_locks.queue_folder() / "asked-0.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(file, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_SH)
    closed = threading.Event()

    def let_go(seconds=0.0):
        time.sleep(seconds)
        os.close(lock)
        closed.set()

    yield let_go
    if not closed.is_set():
        os.close(lock)


def test_a_server_that_reads_the_claim_at_this_moment_is_told_all_the_same(reader):
    leaving = threading.Thread(target=reader, args=(0.1,))
    leaving.start()
    held = gpu_locks.claim(("0", "1"), "a-run")
    leaving.join()
    assert (len(held), gpu_locks.claimed_by("0"), gpu_locks.claimed_by("1")) == (2, "a-run", "a-run")
    for lock in held:
        os.close(lock)


@pytest.mark.parametrize("policy", ["sleep", "auto"])
def test_a_claim_that_another_process_keeps_is_tried_again_until_the_server_is_told(reader, policy):
    seat = gpu_locks.GpuLock("0")
    fcntl.flock(own := os.open(gpu_locks.queue_folder() / "seat-0.lock", os.O_RDWR | os.O_CREAT), fcntl.LOCK_SH)
    asking = GpuAdmission("a-run", ("0", "1"), None, policy)
    assert asking.hold().waiting_for == "card"
    assert (asking.claims, gpu_locks.claimed_by("1")) == ([], "")
    reader()
    assert "waiting for the model server to free GPU 0, 1" in asking.hold().reason
    assert not seat.take()
    os.close(own)
    assert asking.hold() is None
    asking.close()
