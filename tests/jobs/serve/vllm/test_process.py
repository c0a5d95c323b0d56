"""vLLM as a process: how far it is, why it failed, and its end; with a program of the tests in its place."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.jobs.serve.vllm.process import VllmProcess

HEAD = """
import socket, sys, time
def say(text):
    print("(Worker pid=7) INFO 11-26 16:35:26 [x.py:1] " + text, flush=True); time.sleep(0.5)
def serve():
    listener = socket.socket(socket.AF_UNIX); listener.bind(sys.argv[sys.argv.index("--uds") + 1]); listener.listen()
    while True:
        there, _ = listener.accept(); there.recv(4096)
        there.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n"); there.close()
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts a program in vLLM's place; its log is a file, as a server's is."""
    log = tmp_path / "log.txt"
    started = []

    def go(code: str) -> VllmProcess:
        package = tmp_path / "site" / "vllm" / "entrypoints" / "openai"
        package.mkdir(parents=True)
        (package / "api_server.py").write_text(HEAD + code)
        kept = os.dup(1), os.dup(2)
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1), os.dup2(file.fileno(), 2)
            try:
                environment = {"PYTHONPATH": str(tmp_path / "site")}
                started.append(VllmProcess(Path(sys.executable), ["--model", "x"], environment, log))
            finally:
                os.dup2(kept[0], 1), os.dup2(kept[1], 2)
                os.close(kept[0]), os.close(kept[1])
        return started[0]

    yield go
    for process in started:
        process.end()


def test_it_says_how_far_it_is_and_answers_on_a_socket_of_this_user_alone(start):
    process = start("""
say("Starting to load model /models/x...")
print("Loading safetensors checkpoint shards:  50% Completed | 1/2", end="\\r", flush=True); time.sleep(0.5)
say("Enforce eager set, disabling torch.compile, CUDAGraphs")
say("GPU KV cache size: 23,296 tokens")
print("Capturing CUDA graphs (decode, FULL):  40%|####", end="\\r", flush=True); time.sleep(0.5)
serve()
""")
    said = []
    process.wait_until_ready(said.append)
    assert [words.removeprefix("vLLM: ") for words in said if "imports" not in words] == [
        "loading the model",
        "loading weights · 50%",
        "reserving the KV cache",
        "capturing CUDA graphs · 40%",
    ]
    assert process.socket.parent.stat().st_mode & 0o077 == 0
    folder = process.socket.parent
    process.end()
    assert not folder.exists()
    with pytest.raises(GarageError, match="vLLM has stopped"):
        process.check()


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ("ValueError: No available memory for the cache blocks.", "No available memory for the cache blocks"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", "out of memory; stop other programs"),
        ("nothing of use", "exit code 3; see its log"),
    ],
)
def test_why_it_failed_is_its_last_word_that_says_something(start, last, words):
    process = start(f"""
print("(EngineCore pid=9) ERROR 11-26 16:35:26 [core.py:1] {last}")
print("RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {{}}", flush=True)
sys.exit(3)
""")
    with pytest.raises(GarageError, match=f"vLLM has stopped: .*{words}"):
        process.wait_until_ready(lambda phase: None)


def test_a_process_that_ignores_its_end_is_killed(start):
    process = start("""
import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); say("deaf"); serve()
""")
    process.wait_until_ready(lambda phase: None)
    began = time.monotonic()
    process.end(seconds=1)
    assert time.monotonic() - began < 10
    with pytest.raises(GarageError, match="vLLM has stopped"):
        process.check()


def test_a_python_that_is_none_is_a_sentence(tmp_path):
    with pytest.raises(GarageError, match="cannot be started"):
        VllmProcess(tmp_path / "python", [], {}, tmp_path / "log.txt")
