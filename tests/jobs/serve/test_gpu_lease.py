"""The server's place on its card, for real: it puts its model away for a run, and is back with the new adapter."""

from __future__ import annotations

import os
import signal
import time

import httpx
import psutil
import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.scheduling import gpu_locks
from garage_tui.core.serving import server_process, server_state
from garage_tui.core.settings.settings import ServeSettings, Settings
from garage_tui.jobs.serve import engine_failures, gpu_lease
from garage_tui.jobs.serve.engine_failures import EngineEndedError, EngineFailures
from tests.support.vllm import VLLM

QUESTION = [{"role": "user", "content": "What is TinyLLM?"}]


@pytest.fixture(params=["embedded", "llama.cpp", *(["vllm"] if VLLM else [])])
def settings(request):
    return Settings(serve=ServeSettings(engine=request.param, vllm_python=VLLM))


@pytest.fixture
def box(workspace, tmp_path, monkeypatch):
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    yield workspace
    server_process.stop(workspace)


def wait(workspace, *ends, seconds=280):
    deadline = time.monotonic() + seconds
    while (seen := server_state.inspect(workspace)).status not in ends:
        assert time.monotonic() < deadline, (seen, seen.log.read_text()[-2000:])
        time.sleep(0.05)
    return seen


def ask(workspace, model):
    address = server_process.address(workspace)
    body = {"model": model, "messages": QUESTION, "temperature": 0, "max_tokens": 12}
    headers = {"Authorization": f"Bearer {address.key}"}
    return httpx.post(f"{address.url}/chat/completions", json=body, headers=headers, timeout=60, trust_env=False)


def test_it_leaves_for_a_run_and_is_back_with_the_new_adapter(box, tiny_model, finished_run, settings):
    server_process.start(box, settings, str(tiny_model))
    seen = wait(box, "ready", "failed")
    assert seen.status == "ready", seen
    assert gpu_locks.used_by_server(["cpu"])
    assert seen.memory
    assert seen.memory > 10e6
    before = ask(box, str(tiny_model)).json()["choices"][0]["message"]["content"]

    asked = gpu_locks.claim(["cpu"], "20261126-1700-lora-wings")
    seen = wait(box, "asleep", "failed")
    assert "20261126-1700-lora-wings uses this machine alone" in seen.reason
    assert not gpu_locks.used_by_server(["cpu"])
    refused = ask(box, str(tiny_model))
    assert refused.status_code == 503
    assert "the model is loaded again when that run ends" in refused.json()["error"]["message"]
    run = finished_run(box, "wings", 5)

    for lock in asked:
        os.close(lock)
    wait(box, "ready", "failed")
    assert gpu_locks.used_by_server(["cpu"])
    assert ask(box, str(tiny_model)).json()["choices"][0]["message"]["content"] == before
    tuned = ask(box, run)
    assert tuned.status_code == 200, tuned.text
    assert tuned.json()["choices"][0]["message"]["content"] != before


def test_a_server_that_starts_while_a_run_has_the_card_sleeps_first(box, tiny_model, settings):
    asked = gpu_locks.claim(["cpu"], "a-run")
    server_process.start(box, settings, str(tiny_model))
    seen = wait(box, "asleep", "ready", "failed")
    assert seen.status == "asleep", seen
    for lock in asked:
        os.close(lock)
    assert wait(box, "ready", "failed").status == "ready"


@pytest.mark.skipif(not VLLM, reason="no $GARAGE_VLLM: `make test-vllm` makes one")
@pytest.mark.parametrize("who", ["the server", "vLLM"])
def test_vllm_ends_with_its_server_and_is_started_again_where_it_ended_alone(box, tiny_model, who):
    server_process.start(box, Settings(serve=ServeSettings(engine="vllm", vllm_python=VLLM)), str(tiny_model))
    assert wait(box, "ready", "failed").status == "ready"
    pid = server_state.read_state(box.server).pid
    theirs = psutil.Process(pid).children(recursive=True)
    api = next(process for process in theirs if "vllm.entrypoints" in " ".join(process.cmdline()))
    os.kill(pid if who == "the server" else api.pid, signal.SIGKILL)
    if who == "vLLM":
        assert "vLLM has stopped" in wait(box, "asleep", seconds=30).reason
        assert "it is started again" in wait(box, "ready").reason
    else:
        wait(box, "failed", seconds=30)
    assert not psutil.wait_procs(theirs, timeout=30)[1]


class Engine:
    """A backend whose engine ends whenever the test says so."""

    name = "engine 1"

    def __init__(self):
        self.failures = EngineFailures()
        self.starts, self.ended = 0, False

    def start(self, say):
        self.starts += 1
        self.ended = False

    def check(self):
        if self.ended:
            raise EngineEndedError("the engine has stopped: out of luck")


class Recorder:
    """What the server's state would say."""

    def __init__(self):
        self.states = []

    def starting(self, phase):
        self.states.append(("starting", phase))

    def ready(self, engine, memory, note):
        self.states.append(("ready", note))

    def asleep(self, why):
        self.states.append(("asleep", why))


class Listener:
    should_exit = False


def until(true, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_engine_that_ended_is_started_again_and_given_up_after_five_times_in_a_row(box, monkeypatch):
    monkeypatch.setattr(gpu_lease, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(engine_failures, "MAX_PAUSE", 0.05)
    engine, recorder, listener = Engine(), Recorder(), Listener()
    lease = gpu_lease.GpuLease("cpu", engine, recorder)
    lease.take()
    lease.watch(listener)
    engine.ended = True
    until(lambda: engine.starts == 2 and not lease.absent)
    assert recorder.states[0] == ("ready", "")
    assert recorder.states[1][0] == "asleep"
    until(lambda: recorder.states[-1][0] == "ready")
    assert "the engine has stopped: out of luck; it is started again" in recorder.states[-1][1]
    engine.failures.answered()
    for _ in range(5):
        assert not listener.should_exit
        starts, engine.ended = engine.starts, True
        until(lambda starts=starts: (engine.starts > starts and not lease.absent) or listener.should_exit)
    until(lambda: listener.should_exit)
    with pytest.raises(GarageError, match="out of luck, 5 times in a row"):
        lease.raise_failure()
    assert engine.starts == 6


def test_the_pause_before_an_engine_is_started_again_grows():
    clock = [0.0]
    failures = EngineFailures(lambda: clock[0])
    pauses = []
    for _ in range(5):
        failures.add("it ended")
        pauses.append(failures.pause)
    assert pauses == [0, 1, 2, 4, 8]
    assert failures.too_many
    clock[0] += 5
    assert failures.pause == 3
    failures.answered()
    assert not failures.too_many


def test_a_model_that_does_not_fit_is_refused_before_it_is_loaded(tiny_model, monkeypatch):
    from garage_tui.core.models import base_models
    from garage_tui.core.scheduling import admission
    from garage_tui.jobs.serve import memory

    base = base_models.find(str(tiny_model))
    memory.check_memory(base, "cpu")
    monkeypatch.setattr(admission, "free_on", lambda slots: 0.5e9)
    with pytest.raises(
        GarageError, match=r"tiny needs about 1\.0 GB of memory, but GPU 0 has 500 MB free: stop other runs"
    ):
        memory.check_memory(base, "0")
