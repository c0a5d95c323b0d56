"""The GGUF of a base: converted once from what runs are trained on, or the wheel's own."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from gguf import GGUFReader

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.phase import silent
from garage_tui.core.models import base_models
from garage_tui.jobs.export.gguf_model import write_gguf
from garage_tui.jobs.serve.llama_cpp import base_gguf as module
from garage_tui.jobs.serve.llama_cpp.base_gguf import base_gguf
from tests.support.gguf_models import random_model


@pytest.fixture
def base(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path / "cache"))
    return base_models.find(str(tiny_model))


@pytest.fixture
def in_this_process(monkeypatch):
    """Converts without a process of its own, whose imports take seconds: for tests of what is around a conversion."""

    def convert(base, out, say, lock):
        say("converting the base model for llama.cpp (once)")
        write_gguf(base.path, out, "f32", say)

    monkeypatch.setattr(module, "_convert", convert)


def test_a_base_is_converted_once(base, monkeypatch, in_this_process):
    first = base_gguf(base, silent)
    assert first.read_bytes()[:4] == b"GGUF"
    monkeypatch.setattr(module, "_convert", lambda *_: pytest.fail("it was converted again"))
    assert base_gguf(base, silent) == first
    with (first.parent / "lock").open("w") as lock:  # somebody converts another base
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert base_gguf(base, lambda *_: pytest.fail("it waited")) == first


def test_a_base_that_llama_cpp_cannot_have_is_refused_in_a_sentence(base):
    config = base.path / "config.json"
    text = config.read_text()
    config.write_text(text.replace("LlamaForCausalLM", "OtherForCausalLM"))
    try:
        with pytest.raises(GarageError, match="its architecture is not known here"):
            base_gguf(base, silent)
    finally:
        config.write_text(text)


def test_a_base_without_a_chat_template_is_refused_where_llama_cpp_would_guess_one(base, tmp_path, in_this_process):
    folder = tmp_path / "plain"
    shutil.copytree(base.path, folder)
    for file in folder.glob("chat_template.*"):
        file.unlink()
    config = folder / "tokenizer_config.json"
    table = json.loads(config.read_text())
    config.write_text(json.dumps({**table, "chat_template": "{{ messages }}"}))
    assert base_gguf(base_models.find(str(folder)), silent).exists()
    config.write_text(json.dumps({name: value for name, value in table.items() if name != "chat_template"}))
    with pytest.raises(GarageError, match="has no chat template: choose an instruct model"):
        base_gguf(base_models.find(str(folder)), silent)


def test_the_wheels_own_file_is_recorded_with_the_base(smollm2):
    base = base_models.find(smollm2)
    if not base.record.source.startswith("PyPI"):
        pytest.skip("the base came from the Hub")
    file = base_gguf(base, silent, from_wheel=True)
    assert file.parent == base.path
    assert file.name in base_models.find(smollm2).record.files


@pytest.mark.parametrize(("name", "split"), [("Llama", "smollm"), ("Qwen2", "qwen2")])
def test_the_first_start_converts_and_says_how_far_it_is(tmp_path, monkeypatch, name, split):
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path / "cache"))
    said = []
    file = base_gguf(base_models.find(str(random_model(name, tmp_path / "model", split))), said.append)
    assert said[0] == "converting the base model for llama.cpp (once)"
    assert said[-1] == "writing the GGUF (f32): 100 %"
    assert GGUFReader(file).fields["general.architecture"].contents() == name.lower()


def test_two_who_start_at_once_make_one_file_and_the_second_says_that_it_waits(base, tmp_path, in_this_process):
    said = [[], []]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda index: base_gguf(base, said[index].append), (0, 1))
    assert first == second and len(GGUFReader(first).tensors) > 0
    assert [file.name for file in first.parent.glob("*.gguf")] == [first.name]
    waited = [texts for texts in said if texts[0] == "another process is converting a base model; waiting for it"]
    assert waited == [["another process is converting a base model; waiting for it"]]


def test_what_a_killed_conversion_left_is_removed(base, tmp_path, in_this_process):
    left = tmp_path / "cache" / "gguf" / ".0123456789abcdef.gguf.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    assert base_gguf(base, silent).exists() and not left.exists()


def test_a_converter_whose_server_was_killed_holds_the_lock_until_it_has_ended(base, tmp_path):
    """Both would write the same file, and the first would remove what the second writes."""
    code = (
        "import sys; from garage_tui.core.models import base_models; "
        "from garage_tui.jobs.serve.llama_cpp.base_gguf import base_gguf; "
        "base_gguf(base_models.find(sys.argv[1]), lambda text, *_: print(text, flush=True))"
    )
    server = subprocess.Popen([sys.executable, "-c", code, str(base.path)], stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline() == "converting the base model for llama.cpp (once)\n"
    converter = _child(server.pid)
    os.kill(converter, signal.SIGSTOP)
    server.kill()
    server.wait()
    with (tmp_path / "cache" / "gguf" / "lock").open("w") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.kill(converter, signal.SIGCONT)
        waiting = threading.Timer(60, os.kill, (converter, signal.SIGKILL))
        waiting.start()
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting.cancel()
    assert len(GGUFReader(base_gguf(base, silent)).tensors) > 0


def _child(pid: int) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if found := subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split():
            return int(found[0])
        time.sleep(0.01)
    raise AssertionError("it has started no converter")


def test_a_disk_that_has_no_space_for_it_is_named(base, tmp_path):
    """The limit stands in for a full disk: it fails in the same write, and the converter inherits it."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(
            GarageError, match=rf"cannot be converted .*{tmp_path / 'cache' / 'gguf'} cannot be written: "
        ):
            base_gguf(base, silent)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [file.name for file in (tmp_path / "cache" / "gguf").iterdir()] == ["lock"]
