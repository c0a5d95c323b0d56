"""Adapters as GGUF: llama.cpp's probabilities with them are those of PEFT."""

from __future__ import annotations

import json

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.models import base_models
from garage_tui.core.serving import llama_cpp_install
from garage_tui.jobs.llm.gguf.adapter_gguf import adapter_gguf, write_adapter
from tests.support.gguf_models import llama_server

pytestmark = pytest.mark.skipif(bool(llama_cpp_install.why_not()[0]), reason="llama.cpp cannot run here")
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
PROMPTS = [[1, 17, 300, 42, 999, 7], [1, 500, 60, 2001], [1, 33], [1, 3000, 2999, 5, 5, 5, 88]]


@pytest.fixture(scope="module")
def grouped_model(tiny_model, tmp_path_factory):
    """A tiny Llama in which two heads share keys and values, so that q and k have different rows."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "grouped"
    torch.manual_seed(1)
    table = json.loads((tiny_model / "config.json").read_text())
    config = LlamaConfig(**{**table, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16})
    LlamaForCausalLM(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """The cache of this module alone, so that the base is converted once."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GARAGE_CACHE", str(folder))
        yield folder


@pytest.fixture
def base(grouped_model, cache):
    return base_models.find(str(grouped_model))


def peft_logprobs(base, adapter):
    """Return for each prompt the log-probabilities of all tokens after it."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32), adapter)
    with torch.no_grad():
        return [torch.log_softmax(model(torch.tensor([prompt])).logits[0, -1], -1) for prompt in PROMPTS]


def llama_logprobs(base, gguf):
    """Return for each prompt the log-probabilities of the twenty likeliest tokens after it, by token.

    None where the likeliest is half a character, of which llama.cpp reports none.
    """
    from garage_tui.jobs.serve.llama_cpp.base_gguf import base_gguf

    request = {"n_predict": 1, "n_probs": 20, "temperature": 0}
    with llama_server(base_gguf(base, lambda text, *_: None), gguf) as client:
        answers = [client.post("/completion", json={"prompt": prompt, **request}).json() for prompt in PROMPTS]
    found = [answer.get("completion_probabilities") for answer in answers]
    return [each and {top["id"]: top["logprob"] for top in each[0]["top_logprobs"]} for each in found]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"lora_alpha": 3},
        {"use_rslora": True},
        {
            "rank_pattern": {"q_proj": 2, "down_proj": 6},
            "alpha_pattern": {"q_proj": 20, "layers.1.self_attn.k_proj": 1},
        },
    ],
    ids=["plain", "alpha", "rslora", "patterns"],
)
def test_llama_cpp_computes_what_peft_computes(base, tmp_path, new_adapter, config):
    adapter = new_adapter(tmp_path / "run" / "adapter", base.path, 3, **{"target_modules": ALL, **config})
    compared = 0
    for expected, found in zip(
        peft_logprobs(base, adapter), llama_logprobs(base, adapter_gguf(adapter, base)), strict=True
    ):
        if found is None:
            continue
        assert max(found, key=found.get) == int(expected.argmax())
        for token, logprob in found.items():
            assert logprob == pytest.approx(float(expected[token]), abs=0.02)
            compared += 1
    assert compared >= 20


def test_an_adapter_is_written_once_and_again_when_it_changes(base, tmp_path, new_adapter):
    adapter = new_adapter(tmp_path / "run" / "adapter", base.path, 3)
    first = adapter_gguf(adapter, base)
    stamp = first.stat().st_mtime_ns
    assert adapter_gguf(adapter, base) == first
    assert first.stat().st_mtime_ns == stamp
    new_adapter(adapter, base.path, 4)
    assert adapter_gguf(adapter, base) != first


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"use_dora": True}, "is not plain LoRA (use_dora is true)"),
        ({"modules_to_save": ["embed_tokens"]}, "is not plain LoRA (modules_to_save"),
        ({"target_modules": ["lm_head"]}, "contains more than LoRA weights"),
    ],
)
def test_what_llama_cpp_cannot_have_is_refused_in_a_sentence(base, cache, tmp_path, new_adapter, config, sentence):
    before = set((cache / "adapters").glob("*"))
    adapter = new_adapter(tmp_path / "run" / "adapter", base.path, 3, **config)
    with pytest.raises(GarageError) as refusal:
        adapter_gguf(adapter, base)
    assert sentence in str(refusal.value)
    assert set((cache / "adapters").glob("*")) == before


def test_a_damaged_adapter_is_refused_in_a_sentence(base, tmp_path, new_adapter):
    adapter = new_adapter(tmp_path / "run" / "adapter", base.path, 3)
    weights = adapter / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(GarageError, match="the adapter of run cannot be read"):
        write_adapter(adapter, base, tmp_path / "out.gguf")
    assert not (tmp_path / "out.gguf").exists()
