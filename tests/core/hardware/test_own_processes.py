"""Our processes on a box without a GPU: real ones, told by the run folder among their arguments."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from garage_tui.core.hardware.own_processes import OwnProcessMeter
from garage_tui.core.runs.folder import MANIFEST

BUSY = "import sys\nprint(flush=True)\nwhile True: pass"


@pytest.fixture
def start(tmp_path):
    """Starts a process of a run that does nothing but compute."""
    started: list[subprocess.Popen[bytes]] = []

    def start_(run_id: str) -> subprocess.Popen[bytes]:
        folder = tmp_path / "checkpoints" / run_id
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).touch()
        command = [sys.executable, "-c", BUSY, str(folder)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        assert started[-1].stdout is not None
        started[-1].stdout.readline()
        return started[-1]

    yield start_
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def of(meter: OwnProcessMeter, run_id: str):
    return next((one for one in meter.read() if one.name == run_id), None)


def test_the_processes_of_a_run_are_one_line_with_their_memory_and_cores(start):
    run_id = "20261129-0900-lora-shed"
    start(run_id), start(run_id)
    meter = OwnProcessMeter()
    first = of(meter, run_id)
    assert first is not None and first.memory > 2 * 2**20 and first.cores is None
    time.sleep(1)
    then = of(meter, run_id)
    assert then is not None and then.cores is not None and 0 < then.cores <= 2.2


def test_one_that_has_ended_is_gone_at_once_and_a_new_one_comes(start, monkeypatch):
    meter = OwnProcessMeter()
    monkeypatch.setattr("garage_tui.core.hardware.own_processes._EVERY", 0.0)
    process = start("20261129-0900-lora-shed")
    assert of(meter, "20261129-0900-lora-shed")
    process.kill()
    process.wait()
    assert of(meter, "20261129-0900-lora-shed") is None
    start("20261129-0901-lora-loft")
    assert of(meter, "20261129-0901-lora-loft")
