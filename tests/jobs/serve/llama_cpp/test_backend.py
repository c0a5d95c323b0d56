"""The server with llama.cpp as its engine and the real small base model, as the people of a house use it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import tempfile
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from garage_tui.core.scheduling import queue
from garage_tui.core.scheduling.slots import CPU, take_free
from garage_tui.core.serving import llama_cpp_install, server_process, server_state
from garage_tui.core.settings.settings import ServeSettings, Settings, Workspace
from tests.support.running_server import start_server

pytestmark = pytest.mark.skipif(bool(llama_cpp_install.why_not()[0]), reason="llama.cpp cannot run here")
STORY = [{"role": "user", "content": "Tell me a very long story about a dragon."}]
QUESTION = [{"role": "user", "content": "What is TinyLLM?"}]


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A workspace with one run of the real base, and a queue of its own."""
    root = tmp_path_factory.mktemp("llama")
    (root / "checkpoints").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GARAGE_STATE", str(root / "state"))
        yield Workspace(root)


@pytest.fixture(scope="module")
def run(box, smollm2, new_adapter):
    from garage_tui.core.models import base_models
    from garage_tui.core.runs.catalog import new_run_folder
    from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state

    base, folder, now = base_models.find(smollm2), new_run_folder(box, "lora", "tuned"), time.time()
    entry = base_models.manifest_entry(base)
    write_manifest(
        folder, Manifest(id=folder.name, kind="lora", created=now, recipe={}, base=entry, dataset={"rows": 1})
    )
    new_adapter(folder / "adapter", base.path, 5)
    write_state(folder, RunState(state="finished", created=now, started=now, ended=now))
    return folder.name


def start(box, base):
    return start_server(box, Settings(serve=ServeSettings()), base, 200)  # the base may have to be converted first


@pytest.fixture(scope="module")
def server(box, smollm2, run):
    yield start(box, smollm2)
    server_process.stop(box)


@pytest.fixture
def http(box, server):
    address = server_process.address(box)
    headers = {"Authorization": f"Bearer {address.key}"}
    with httpx.Client(base_url=address.url, headers=headers, timeout=120, trust_env=False) as http:
        yield http


def ask(http, model, messages=QUESTION, **fields):
    body = {"model": model, "messages": messages, "temperature": 0, "max_tokens": 12, **fields}
    answer = http.post("/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["message"]["content"]


class Story:
    """A long answer that streams in a thread."""

    def __init__(self, http, model, tokens=400):
        self.events, self.first, self.left = [], threading.Event(), False
        body = {"model": model, "messages": STORY, "temperature": 0, "max_tokens": tokens, "stream": True}

        def read():
            with http.stream("POST", "/chat/completions", json=body) as answer:
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        self.events.append(line[6:])
                        self.first.set()
                    if self.left:
                        break

        self.thread = threading.Thread(target=read)
        self.thread.start()
        assert self.first.wait(60)

    @property
    def streams(self):
        return self.thread.is_alive()

    def leave(self):
        self.left = True
        self.thread.join(30)

    def wait(self):
        self.thread.join(240)
        assert not self.streams
        return self.events


def workers(box):
    """Return the processes of llama.cpp."""
    server = psutil.Process(server_state.read_state(box.server).pid)
    found = []
    for each in server.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ends at this moment
            if "llama_cpp.worker" in " ".join(each.cmdline()):
                found.append(each)
    return found


def test_without_a_gpu_and_without_settings_llama_cpp_answers(server):
    assert server.engine.startswith("llama.cpp")
    assert server.memory > 50e6


def test_beside_a_run_at_work_a_worker_has_one_thread(http, box, smollm2):
    # Before two models are asked at once: from then on they share the cores.
    folder = queue.queue_folder()
    folder.mkdir(parents=True, exist_ok=True)
    held = take_free(folder, {CPU})  # as a run that works on the CPU holds it
    try:
        assert _threads_become(http, smollm2, 1)
    finally:
        os.close(held[CPU])
    assert _threads_become(http, smollm2, len(os.sched_getaffinity(0)))


def test_a_worker_with_another_number_of_threads_still_has_the_conversation(http, box, run):
    words = " ".join(f"Person {number} has a red hat and a dog." for number in range(60))
    messages = [{"role": "user", "content": f"{words} Who has a dog?"}]

    def computed() -> int:
        answer = http.post("/chat/completions", json={"model": run, "messages": messages, "max_tokens": 2}).json()
        return answer["usage"]["prompt_tokens"] - answer["usage"]["prompt_tokens_details"]["cached_tokens"]

    assert computed() > 500
    before = {worker.pid for worker in workers(box)}
    folder = queue.queue_folder()
    held = take_free(folder, {CPU})
    try:
        deadline = time.monotonic() + 20
        while {worker.pid for worker in workers(box)} & before:  # without a question
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert computed() < 50
    finally:
        os.close(held[CPU])
    deadline = time.monotonic() + 20  # the other worker may be replaced at this moment
    folder = Path(tempfile.gettempdir())
    while [*folder.glob("garage-llama-*/slot-*"), *folder.glob("garage-kept-*")]:
        assert time.monotonic() < deadline, "conversations stay on the disk"
        time.sleep(0.1)


def _threads_become(http, model, count):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        ask(http, model, max_tokens=1)
        health = httpx.get(str(http.base_url).removesuffix("/v1/") + "/health", headers=http.headers, trust_env=False)
        if health.json()["threads"] == count:
            return True
        time.sleep(0.3)
    return False


def test_the_key_of_a_worker_is_on_no_command_line(server, box):
    for worker in workers(box):
        assert worker.cmdline()[-1] == "garage_tui.jobs.llm.llama_cpp.worker"


def test_another_model_is_answered_while_a_story_streams(http, run, smollm2):
    story = Story(http, run)
    assert ask(http, smollm2)
    assert ask(http, run)
    assert story.streams, "the answers waited for the whole story"
    story.leave()


def test_two_models_at_once_have_half_of_the_cores_each(http, box, run, smollm2):
    cores = len(os.sched_getaffinity(0))
    story = Story(http, run)
    ask(http, smollm2)
    assert _threads_become(http, smollm2, max(1, cores // 2))
    story.leave()
    deadline, started = time.monotonic() + 20, {}
    while [started.get(model) for model in (run, smollm2)] != [max(1, cores // 2)] * 2:
        assert time.monotonic() < deadline, started
        time.sleep(0.2)
        log = (box.server / "log.txt").read_text()
        started = {name: int(count) for name, count in re.findall(r"starting (\S+) with (\d+) thread", log)}


def test_base_and_tuned_model_asked_at_once_answer_as_alone(http, run, smollm2):
    alone = [ask(http, model, max_tokens=30) for model in (smollm2, run)]
    together = {}
    threads = [
        threading.Thread(target=lambda model=model: together.update({model: ask(http, model, max_tokens=30)}))
        for model in (smollm2, run)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[smollm2], together[run]] == alone
    assert alone[0] != alone[1]


def test_no_field_of_a_request_changes_the_adapter(http, run, smollm2):
    for field in ("lora", "id_slot", "n_keep"):
        answer = http.post("/chat/completions", json={"model": run, "messages": QUESTION, field: []})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)
    assert ask(http, smollm2) != ask(http, run)


def test_a_run_that_was_trained_on_gets_its_new_adapter_and_no_stream_is_cut(http, box, run, new_adapter, tmp_path):
    from garage_tui.core.models import base_models

    new = new_adapter(tmp_path / "adapter", base_models.find("smollm2-135m").path, 6)
    before = ask(http, run)
    story = Story(http, run, tokens=450)
    for file in new.glob("adapter_*"):
        file.replace(box.checkpoints / run / "adapter" / file.name)
    assert ask(http, run) != before
    assert story.streams
    events = story.wait()
    assert events[-1] == "[DONE]"
    assert not any("error" in event for event in events)


def test_a_special_token_in_a_message_is_text(http, smollm2):
    spelled = [{"role": "user", "content": "Say <|im_end|> and <|im_start|>"}]
    body = {"model": smollm2, "messages": spelled, "temperature": 0, "max_tokens": 12}
    whole = http.post("/chat/completions", json=body).json()
    assert whole["object"] == "chat.completion"
    assert whole["choices"][0]["message"]["role"] == "assistant"

    from transformers import AutoTokenizer

    from garage_tui.core.models import base_models
    from garage_tui.jobs.llm.chat_encoder import ChatEncoder

    encoder = ChatEncoder(AutoTokenizer.from_pretrained(base_models.find(smollm2).path))
    assert whole["usage"]["prompt_tokens"] == len(encoder.encode(spelled, ask=True))
    with http.stream("POST", "/chat/completions", json={**body, "stream": True}) as answer:
        events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: {")]
    pieces = [event["choices"][0]["delta"].get("content") or "" for event in events if event["choices"]]
    assert "".join(pieces) == whole["choices"][0]["message"]["content"]
    assert all(event["object"] == "chat.completion.chunk" for event in events)


def test_a_plain_conversation_has_the_tokens_that_runs_are_trained_on(http, smollm2):
    from transformers import AutoTokenizer

    from garage_tui.core.models import base_models
    from garage_tui.jobs.llm.chat_encoder import ChatEncoder

    encoder = ChatEncoder(AutoTokenizer.from_pretrained(base_models.find(smollm2).path))
    messages = [*QUESTION, {"role": "assistant", "content": "Grün\n\n 12345 €"}, {"role": "user", "content": "  Why? "}]
    body = {"model": smollm2, "messages": messages, "max_tokens": 1}
    usage = http.post("/chat/completions", json=body).json()["usage"]
    assert usage["prompt_tokens"] == len(encoder.encode(messages, ask=True))


def test_a_prompt_longer_than_the_context_is_refused_in_a_sentence(http, smollm2):
    body = {"model": smollm2, "messages": [{"role": "user", "content": "word " * 9000}]}
    answer = http.post("/chat/completions", json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["message"].startswith("This model's maximum context length is 8192 tokens")
    assert error["code"] == "context_length_exceeded"


def wait_until_started(http, model):
    """Wait for a model whose worker has ended: two that ended at once are started again after a second."""
    deadline = time.monotonic() + 20
    while (
        http.post("/chat/completions", json={"model": model, "messages": QUESTION, "max_tokens": 1}).status_code == 503
    ):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_worker_that_is_killed_is_started_again_and_the_state_says_so(http, box, run, smollm2):
    ask(http, smollm2)
    story = Story(http, run)
    for worker in workers(box):
        worker.kill()
    last = json.loads(story.wait()[-1])
    assert "llama.cpp stopped in the middle of the answer" in last["error"]["message"]
    wait_until_started(http, run)
    assert ask(http, run)
    deadline = time.monotonic() + 10
    while "llama.cpp ended unexpectedly" not in (seen := server_state.inspect(box)).reason:
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
    assert seen.status == "ready"
    assert "SIGKILL" in seen.reason
    wait_until_started(http, smollm2)
    assert ask(http, smollm2)


def test_no_worker_outlives_the_server(http, box, run, smollm2):
    ask(http, smollm2)
    ask(http, run)
    living = workers(box)
    assert len(living) >= 2
    os.kill(server_state.read_state(box.server).pid, signal.SIGKILL)
    assert not psutil.wait_procs(living, timeout=20)[1]
