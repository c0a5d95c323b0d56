"""Runs at a place behind ssh with files of its own: a real sshd, rsync and Slurm, and a job that counts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from garage_tui.core.launch import run_control
from garage_tui.core.runs.folder import FACTS
from garage_tui.core.runs.place_record import OUTPUT, read_place_record
from garage_tui.core.runs.record import read_run
from garage_tui.core.runs.request import write_request
from tests.core.places.conftest import wait
from tests.core.places.test_slurm import gone, works
from tests.support.ssh_box import Box, needs_sshd

pytestmark = [
    needs_sshd,
    pytest.mark.skipif(shutil.which("rsync") is None, reason="needs rsync (Debian: apt install rsync)"),
]


@pytest.fixture
def box(slurm, runs, tmp_path, monkeypatch):
    """The place `lab` behind ssh, with a folder of its own."""
    seen = {name: os.environ[name] for name in ("SLURM_CONF", "GARAGE_PYTHONPATH", "GARAGE_STATE", "PATH")}
    seen |= {name: os.environ[name] for name in ("GARAGE_CACHE", "HF_HUB_OFFLINE") if name in os.environ}
    (tmp_path / "sshd").mkdir()
    (tmp_path / "bin").mkdir()
    there = Box(tmp_path / "sshd", seen)
    there.install_as("lab", tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    runs.set_place(kind="slurm", ssh="lab", folder=str(tmp_path / "lab's scratch"))
    monkeypatch.delenv("SLURM_CONF")  # this box has no Slurm
    yield there
    there.close()


@pytest.mark.long
def test_a_run_is_brought_there_followed_and_brought_home_and_nothing_is_left(box, runs, tmp_path):
    folder = runs.start(epochs=80)
    run = wait(folder, works(2))
    there = Path(read_place_record(folder).folder)
    assert there.parent == tmp_path / "lab's scratch" and there.name.startswith(f"{folder.name}.")
    assert (there / FACTS).exists()
    assert not (there / "lock").exists() and not (folder / "place.lock").exists()
    run = wait(folder, gone("finished"))
    assert run.adapter and (folder / "checkpoint-80" / "weights").read_text() == "80" and (folder / OUTPUT).exists()
    assert runs.steps(folder) == list(range(1, 81)) and not there.exists()


@pytest.mark.long
def test_a_connection_that_is_gone_for_a_while_is_said_and_nothing_is_lost(box, runs):
    folder = runs.start()
    run = wait(folder, works(2))
    job = runs.job_id(folder)
    box.close()
    run = wait(folder, lambda run: "lab has not answered since" in run.reason)
    assert run.alive and run.status == "running" and "Connection refused" in run.reason
    write_request(folder, "stop")  # what is asked meanwhile is done as soon as it can be
    box.open()
    run = wait(folder, gone("stopped"))
    assert "by you at step" in run.reason and runs.job_id(folder) == job and run.adapter
    assert runs.steps(folder) == list(range(1, run.state.step + 1))


def test_a_place_that_cannot_be_reached_keeps_the_run_waiting_until_it_is_taken_back(runs, monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ssh").write_text(
        "#!/bin/sh\necho 'ssh: connect to host lab port 22: No route to host' >&2\nexit 255\n"
    )
    (tmp_path / "bin" / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    runs.set_place(kind="slurm", ssh="lab", folder="/scratch")
    folder = runs.start()
    run = wait(folder, lambda run: "does not answer" in run.reason)
    assert run.status == "queued"
    assert run.reason == "lab does not answer (ssh: connect to host lab port 22: No route to host); it is tried again"
    run_control.stop(run)
    assert wait(folder, gone("stopped")).reason == "taken back before it was started at lab"
    assert read_place_record(folder) is None


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs to mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.long
def test_a_full_disk_there_is_said_in_a_sentence(box, runs, small_disk):
    (small_disk / "much").write_bytes(bytes(1 << 20 - 1))
    runs.set_place(kind="slurm", ssh="lab", folder=str(small_disk / "runs"))
    subprocess.run(["dd", "if=/dev/zero", f"of={small_disk / 'more'}"], capture_output=True)
    folder = runs.start()
    reason = wait(folder, gone("failed")).reason
    assert "lab" in reason and ("the disk is full" in reason or "No space left" in reason)


@pytest.mark.long
def test_a_place_without_rsync_is_said_in_a_sentence(box, runs, tmp_path):
    program = tmp_path / "bin" / "ssh"
    text = program.read_text()
    refuse = 'echo "bash: line 1: rsync: command not found" >&2; exit 127'
    program.write_text(text.replace("exec ", f'case "$*" in *"rsync --server"*) {refuse};; esac\nexec '))
    folder = runs.start()
    expected = "rsync is not installed at lab: install it there (Debian: apt install rsync)"
    assert wait(folder, gone("failed")).reason == expected
    program.write_text(text)
    run_control.resume(read_run(folder))
    wait(folder, works(1))


@pytest.mark.long
def test_a_folder_that_somebody_deletes_there_ends_the_run_once_its_job_is_over(box, runs, slurm):
    folder = runs.start()
    wait(folder, works(2))
    there = Path(read_place_record(folder).folder)
    there.rename(there.with_name("elsewhere"))  # in one step: its job still writes
    run = wait(folder, gone("interrupted"))
    assert "what it left cannot be fetched" in run.reason or "ended without a word" in run.reason
    assert read_place_record(folder).over and runs.steps(folder)[:2] == [1, 2]
