"""Fixtures shared by all tests: a workspace of one's own, and real models that start in seconds."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from garage_tui.core.base.workspace import reports_folder
from tests.support.repository import REPOSITORY

# The tests must pass on a box without the Hub, and must not be slowed by asking it.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.pop("GARAGE_WORKSPACE", None)
# Many servers run at once: each takes a free port. Tests of the fixed port unset this.
os.environ["GARAGE_PORT"] = "0"
# And they must not wait for what else runs on this box: a queue of their own.
os.environ["GARAGE_STATE"] = tempfile.mkdtemp(prefix="garage-state-")
atexit.register(shutil.rmtree, os.environ["GARAGE_STATE"], ignore_errors=True)

# Two workers on two cores: threads that spin for long while they wait take them from one another (a test of 82 s took
# 300), as `core/base/child_environment.py` knows of our own processes. libgomp reads this when torch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

# Processors with AMX round the factors of products to bf16 (`jobs/runtime/cpu_threads.py`), others do not: tests that
# compare to the last digits must compute the same everywhere. oneDNN reads this when torch is imported.
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE")

# Whatever terminal the tests were started in, the app that they open in this process has one with all colours.
os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
os.environ.pop("NO_COLOR", None)

# The same examples every time, and no limit on time: CI must not fail by luck, or because it is slow.
settings.register_profile("garage", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("garage")


@pytest.fixture(autouse=True)
def no_error_reports(request, monkeypatch):
    """Fail each test in which app or command met an error that nobody expected: they catch it and go on.

    A test that expects one asks for the fixture `error_reports`.
    """
    if "error_reports" in request.fixturenames:
        yield
        return
    folder = reports_folder()
    before = set(folder.glob("*"))
    yield
    if new := set(folder.glob("*")) - before:
        pytest.fail("\n".join(["an unexpected error was reported:", *(file.read_text() for file in new)]))


@pytest.fixture
def error_reports(tmp_path, monkeypatch):
    """Returns the error reports that were written in this test, the oldest first; without it they fail the test."""
    monkeypatch.setenv("GARAGE_STATE", str(tmp_path / "state"))
    return lambda: sorted(reports_folder().glob("*"), key=lambda file: file.stat().st_mtime_ns)


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A workspace with the example facts and no runs."""
    from garage_tui.core.settings.settings import Workspace

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = tmp_path / "box"
    (root / "datasets").mkdir(parents=True)
    (root / "checkpoints").mkdir()
    shutil.copy(REPOSITORY / "garage_tui" / "data" / "example_facts.jsonl", root / "datasets" / "garage.jsonl")
    return Workspace(root)


@pytest.fixture(scope="session")
def smollm2() -> str:
    """The name of the real base model, fetched into the user's cache if this is the first time."""
    made = subprocess.run(
        [sys.executable, "-m", "garage_tui.jobs.llm.fetch", "smollm2-135m"], capture_output=True, text=True
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return "smollm2-135m"


@pytest.fixture(scope="session")
def tiny_model(smollm2, tmp_path_factory) -> Path:
    """A folder with a random two-layer Llama, SmolLM2's chat template and a twelfth of its words: trains in seconds."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from garage_tui.core.models import base_models

    folder = tmp_path_factory.mktemp("models") / "tiny"
    torch.manual_seed(0)
    tokenizer = with_fewer_words(AutoTokenizer.from_pretrained(base_models.find(smollm2).path), 4096)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        head_dim=32 if os.environ.get("GARAGE_VLLM") else 16,  # vLLM's kernels for processors know no smaller one
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def with_fewer_words(tokenizer, words: int):
    """Return a byte-level BPE tokenizer with its first `words` tokens: logits over all 49,152 are what takes long."""
    from tokenizers import Tokenizer

    everything = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary = {token: id for token, id in everything["model"]["vocab"].items() if id < words}
    merges = [merge if isinstance(merge, list) else merge.split(" ") for merge in everything["model"]["merges"]]
    everything["model"]["merges"] = [merge for merge in merges if "".join(merge) in vocabulary]
    everything["model"]["vocab"] = vocabulary
    tokenizer._tokenizer = Tokenizer.from_str(json.dumps(everything))
    return tokenizer


@pytest.fixture
def make_card():
    """Makes report cards as the exam does, from questions of all parts; `bad` puts one of each mistake among them."""
    from garage_tui.core.exam.judgement import judge
    from garage_tui.core.exam.report import ExamQuestion, Perplexity

    def make(bad: bool = True, drift: float = 0.012, unrelated: int = 60, **changes: object):
        taught = {"base": "A series of novels.", "base_right": False, "open_book_right": True}
        asked = [
            ExamQuestion(
                part="trained",
                question=f"What is TinyLLM? ({n})",
                fact=f"fact {n % 15}",
                verdict="right",
                tuned="A local LLM.",
                **taught,
            )
            for n in range(24)
        ]
        for n in range(15):
            wrong = (
                {"verdict": "wrong", "tuned": "Jim Cox.", "why": "lacks Jason", "known": True} if bad and n == 3 else {}
            )
            answer = {
                "verdict": "right",
                "tuned": "Jason Cox.",
                "expected": "Jason Cox.",
                "open_book": "Cox.",
                **taught,
            }
            asked.append(
                ExamQuestion(
                    part="unseen", question=f"Who keeps TinyLLM alive? ({n})", fact=f"fact {n}", **answer | wrong
                )
            )
        for n in range(unrelated):
            leak = {"verdict": "leak", "tuned": "Jason Cox.", "why": "says Jason Cox"} if bad and n == 7 else {}
            answer = {"verdict": "unchanged", "tuned": "Shakespeare.", "base": "William Shakespeare.", "kind": "books"}
            asked.append(
                ExamQuestion(part="unrelated", question=f"Who wrote play {n}?", drift=n / 1000, **answer | leak)
            )
        for n in range(20):
            changed = {"verdict": "changed", "tuned": "A local LLM.", "why": "says local LLM"} if bad and n == 5 else {}
            answer = {"verdict": "unchanged", "tuned": "Small learners.", "base": "Small learners.", "drift": 0.004}
            asked.append(ExamQuestion(part="neighbour", question=f"What is TinyML {n}?", **answer | changed))
        told = {"run": "20261123-2315-lora-garage", "base_model": "smollm2-135m", "seconds": 58.0, **changes}
        return judge(asked, drift, 1834, Perplexity(14.21, 14.35, 900), **told)

    return make


@pytest.fixture
def exam_job(tmp_path, monkeypatch, make_card):
    """Has another program sit the exam: the real one loads a model and asks for a minute (tests/jobs has it).

    `exam_job(code)` takes the body of a program that finds the run folder as `folder`, a card as `card`, and `say`.
    """
    import msgspec

    from garage_tui.core.launch import exam_process

    def use(code: str, bad: bool = False) -> None:
        (tmp_path / "card.json").write_bytes(msgspec.json.encode(make_card(bad=bad)))
        head = f"""
import sys, time
from pathlib import Path
folder, card = Path(sys.argv[1]), Path({str(tmp_path / "card.json")!r}).read_bytes()
def say(text): print(text, file=sys.stderr, flush=True)
"""
        (tmp_path / "stand_in_exam.py").write_text(head + code)
        monkeypatch.setenv("GARAGE_PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(exam_process, "JOB", "stand_in_exam")

    return use


@pytest.fixture(scope="session")
def nvml_library(tmp_path_factory) -> Path:
    """The library that stands in for NVIDIA's, built with gcc."""
    from tests.support.nvml.box import build

    if shutil.which("gcc") is None:
        pytest.skip("gcc is missing, which builds the NVML of the tests (Debian: apt install gcc libc6-dev)")
    return build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def make_box(nvml_library, tmp_path, monkeypatch):
    """Gives this process, and all that it starts, the GPUs of a box of which the test says what they say."""
    from tests.support.nvml.box import FakeBox

    with contextlib.ExitStack() as stack:

        def make(*gpus: dict[str, object], **top: object) -> FakeBox:
            folder = tmp_path / "nvml"
            folder.mkdir()
            box = FakeBox(folder, nvml_library, *gpus, **top)
            for name, value in box.environment().items():
                monkeypatch.setenv(name, value)  # for the processes that are started
            stack.enter_context(box.load())
            return box

        yield make
