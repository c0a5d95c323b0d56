"""The GGUF of a base: converted once from what runs are trained on, or the wheel's own."""

from __future__ import annotations

import json
import shutil

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.phase import silent
from garage_tui.core.models import base_models
from garage_tui.jobs.serve.llama_cpp import base_gguf as module
from garage_tui.jobs.serve.llama_cpp.base_gguf import base_gguf


@pytest.fixture
def base(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path / "cache"))
    return base_models.find(str(tiny_model))


def test_a_base_is_converted_once(base, monkeypatch):
    first = base_gguf(base, silent)
    assert first.read_bytes()[:4] == b"GGUF"
    monkeypatch.setattr(module, "_convert", lambda *_: pytest.fail("it was converted again"))
    assert base_gguf(base, silent) == first


def test_a_base_that_llama_cpp_cannot_have_is_refused_in_a_sentence(base):
    config = base.path / "config.json"
    text = config.read_text()
    config.write_text(text.replace("LlamaForCausalLM", "OtherForCausalLM"))
    try:
        with pytest.raises(GarageError, match="its architecture is not known here"):
            base_gguf(base, silent)
    finally:
        config.write_text(text)


def test_a_base_without_a_chat_template_is_refused_where_llama_cpp_would_guess_one(base, tmp_path):
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
