"""Runs at a place with a real Ray (`make test-ray`), and what its REST API answers when something is wrong."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.launch import run_control
from garage_tui.core.places.place import Place, PlaceUnreachableError
from garage_tui.core.places.ray_jobs import RayScheduler
from garage_tui.core.runs.place_record import read_place_record
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import load_settings
from garage_tui.core.settings.types import PlaceSettings
from tests.core.places.conftest import kill, wait
from tests.core.places.test_slurm import gone, works

RAY = os.environ.get("GARAGE_RAY", "")
ADDRESS = "http://127.0.0.1:8265"
needs_ray = pytest.mark.skipif(not RAY, reason="needs Ray in an environment of its own (make test-ray)")


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    """A head of Ray with two processors."""
    python = tmp_path_factory.mktemp("jobs")
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    variables = {**os.environ, "RAY_JOB_STOP_WAIT_TIME_S": "90", "GARAGE_PYTHONPATH": str(python)}
    start = ["start", "--head", "--block", "--num-cpus=2", "--node-ip-address=127.0.0.1", "--dashboard-host=127.0.0.1"]
    # Fixed ports: for one that an agent chooses itself, Ray waits 15 seconds, which is too short on a busy box.
    names = (
        "metrics-export-port",
        "dashboard-agent-grpc-port",
        "dashboard-agent-listen-port",
        "runtime-env-agent-port",
    )
    ports = [f"--{name}={port}" for port, name in enumerate(names, 41001)]
    more = [*ports, "--disable-usage-stats", f"--temp-dir={folder}"]
    server = subprocess.Popen([RAY, *start, *more], env=variables, start_new_session=True)
    deadline = time.monotonic() + 200
    while True:
        try:
            urllib.request.urlopen(f"{ADDRESS}/api/version", timeout=5)
            break
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline
            time.sleep(0.5)
    yield python
    server.terminate()
    server.wait(60)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ray(head, runs, tmp_path):
    """The place `lab` is Ray, with shared files; its jobs are found where the head looks for modules."""
    shutil.copy(tmp_path / "counting_job.py", head)
    runs.set_place(kind="ray", address=ADDRESS)
    return runs


@needs_ray
def test_a_run_works_at_ray_is_followed_and_finishes(ray):
    folder = ray.start(epochs=5)
    run = wait(folder, gone("finished"), 200)
    assert run.adapter and ray.steps(folder) == [1, 2, 3, 4, 5] and read_place_record(folder).scheduler == "SUCCEEDED"


@needs_ray
def test_a_run_at_ray_that_is_stopped_saves(ray):
    folder = ray.start(saving=0.9)
    run = wait(folder, works(2), 200)
    run_control.stop(run)
    run = wait(folder, gone("stopped"), 200)
    assert "by you at step" in run.reason and (folder / f"checkpoint-{run.state.step}").exists()


@needs_ray
def test_a_third_run_waits_at_ray_and_is_taken_out_of_the_queue(ray):
    first, second = ray.start(), ray.start()
    for folder in (first, second):
        wait(folder, works(1), 200)
    third = ray.start()
    run = wait(third, lambda run: "waiting at lab: PENDING" in run.reason, 200)
    run_control.stop(run)
    assert wait(third, gone("stopped"), 200).reason == "taken out of the queue at lab"
    for folder in (first, second):
        run_control.stop(read_run(folder))
        wait(folder, gone("stopped"), 200)


@needs_ray
def test_when_the_watcher_is_killed_the_job_at_ray_is_found_again(ray):
    folder = ray.start()
    wait(folder, works(2), 200)
    kill(ray.watcher(folder))
    run = wait(folder, gone("interrupted"), 200)
    run_control.resume(run)
    wait(folder, works(run.state.step + 2), 200)
    assert read_place_record(folder).attempt == 1
    run_control.stop(read_run(folder))
    wait(folder, gone("stopped"), 200)
    assert ray.steps(folder) == list(range(1, len(ray.steps(folder)) + 1))


@needs_ray
def test_a_run_that_was_cut_off_at_slurm_goes_on_at_ray_each_step_once(slurm, ray):
    ray.set_place(kind="slurm")
    folder = ray.start()
    wait(folder, works(3))
    slurm.run("scancel", ray.job_id(folder))
    run = wait(folder, gone("interrupted"))
    ray.set_place(kind="ray", address=ADDRESS)
    run_control.resume(run_control.move_to(run, load_settings(ray.workspace), "lab"))
    run = wait(folder, works(run.state.step + 3), 200)
    run_control.stop(run)
    wait(folder, gone("stopped"), 200)
    assert ray.steps(folder) == list(range(1, len(ray.steps(folder)) + 1))


class _Answers(http.server.BaseHTTPRequestHandler):
    """Answers every request with one code and one text, as Ray does in a state that is hard to bring about."""

    code, text = 200, "{}"
    heard: list[str]

    def _answer(self) -> None:
        self.heard.append(self.headers.get("Authorization", ""))
        self.send_response(self.code)
        self.end_headers()
        self.wfile.write(self.text.encode())

    do_GET = do_POST = _answer

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def answering(tmp_path):
    """Returns a scheduler of Ray whose head answers with this code and this text, and what it has heard."""
    servers = []

    def make(code: int, text: str = "{}", **settings: object):
        handler = type("Handler", (_Answers,), {"code": code, "text": text, "heard": []})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        address = f"http://127.0.0.1:{server.server_address[1]}"
        return RayScheduler(Place("lab", PlaceSettings(kind="ray", address=address, **settings))), handler.heard

    yield make
    for server in servers:
        server.shutdown()


def test_a_key_that_others_can_read_is_refused_and_not_sent(answering, tmp_path):
    key = tmp_path / "token"
    key.write_text("secret\n")
    key.chmod(0o644)
    scheduler, heard = answering(200, key_file=str(key))
    with pytest.raises(GarageError, match=r"others on this box can read the key in .*: chmod 600"):
        scheduler.status("a")
    assert heard == []
    key.chmod(0o600)
    scheduler.status("a")
    assert heard == ["Bearer secret"]


@pytest.mark.parametrize(
    ("code", "text", "error", "sentence"),
    [
        (401, "", GarageError, "asks for a token: set `key_file`"),
        (503, "the head restarts", PlaceUnreachableError, "the head restarts"),
        (200, "<html>", PlaceUnreachableError, "is not Ray's: <html>"),
    ],
)
def test_what_ray_does_not_answer_is_said_in_a_sentence(answering, code, text, error, sentence):
    with pytest.raises(error, match=sentence):
        answering(code, text)[0].status("a")


def test_a_job_that_ray_no_longer_knows_is_over(answering):
    assert answering(404)[0].status("a").kind == "over" and answering(404)[0].find("a") == ""
    waits = answering(200, json.dumps({"status": "PENDING", "message": "Job has not started yet."}))[0].status("a")
    assert waits == ("waits", "PENDING (Job has not started yet.)")


def test_a_job_that_ray_refuses_is_said_with_rays_reason(answering):
    scheduler, _ = answering(400, "Traceback …\nValueError: num_gpus must be a whole number\n")
    with pytest.raises(GarageError, match="Ray at lab refuses the job: ValueError: num_gpus must be a whole number"):
        scheduler.submit("/runs/a", "a", ["python"], 60.0)


def test_a_head_that_is_gone_does_not_answer():
    gone_head = RayScheduler(Place("lab", PlaceSettings(kind="ray", address="http://127.0.0.1:9")))
    with pytest.raises(PlaceUnreachableError, match="refused"):
        gone_head.describe()
