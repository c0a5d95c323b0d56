"""A GGUF that this project writes: llama.cpp reads from it the same tokens and answers as transformers do."""

from __future__ import annotations

import json
import random
import resource
from pathlib import Path

import pytest

from garage_tui.core.base.errors import GarageError
from garage_tui.core.models import base_models
from tests.support.gguf_models import llama_server, random_model, tokenizer

PIECES = (
    *("a", "B", " ", "  ", "1", "42", "é", "你", "🦋", "\n", "'s", "'LL", "-", "_", "the ", "\t", ".", "٣", "Ⅷ", "한"),
    *("<|im_end|>", "\r\n", "İ", "ß", "{}", "\u00a0", "// ", "Garage"),
)
TEXTS = (
    "Hello world", "  two  spaces   three", "1234567 3.14 2026-11-29", "don't I'll WE'VE 'tis", "🦋🔥👨‍👩‍👧 café naïve",
    "你好，世界！日本語テスト", "def f(x):\n\treturn x**2  # ok\n\n\n", "tab\t\ttab\r\nnew",
    "<|im_end|> <|im_start|>user", "½ ² ٣ Ⅷ",
    "'''\"\"\"``", "\n\n \n  x", "한국어 тест عربى", " " * 40, "C:\\path\\to http://a.b/c?d=e&f=g",
    "1,000,000.00€", "", " ",
)  # fmt: skip


def write(folder: Path, out: Path, outtype: str = "f32") -> Path:
    from garage_tui.jobs.export.gguf_model import write_gguf

    write_gguf(folder, out, outtype, lambda text: None)
    return out


def tokenizer_of(folder: Path):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def odd_texts(count: int) -> list[str]:
    pick = random.Random(1)
    return [*TEXTS, *("".join(pick.choices(PIECES, k=pick.randint(1, 25))) for _ in range(count))]


def differing(client, own, count: int) -> list[tuple[str, list[int], list[int]]]:
    found = []
    for text in odd_texts(count):
        asked = {"content": text, "parse_special": True, "add_special": True}
        theirs, ours = client.post("/tokenize", json=asked).json()["tokens"], own(text).input_ids
        found += [(text, ours, theirs)] if ours != theirs else []
    return found


def logprobs(client, prompt: list[int], most: int = 8) -> dict[int, float]:
    # The server says nothing of a token that is a part of a letter, so the letter "a" is chosen; the figures are those
    # from before the choice.
    [letter] = client.post("/tokenize", json={"content": "a"}).json()["tokens"][-1:]
    request = {"prompt": prompt, "n_predict": 1, "n_probs": most, "temperature": 0, "logit_bias": [[letter, 1000]]}
    answer = client.post("/completion", json=request).json()
    return {one["id"]: one["logprob"] for one in answer["completion_probabilities"][0]["top_logprobs"]}


def test_smollm2_has_the_same_tokens_and_answers_in_llama_cpp(smollm2, tmp_path):
    import torch
    from transformers import AutoModelForCausalLM

    folder = base_models.find(smollm2).path
    model, own = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), tokenizer_of(folder)
    with llama_server(write(folder, tmp_path / "base.gguf", "bf16")) as client:
        assert differing(client, own, 60) == []
        for question in ("Name a planet.", "Who wrote Romeo and Juliet?"):
            messages = [{"role": "user", "content": question}]
            ids = own.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
            with torch.no_grad():
                out = model.generate(**ids, max_new_tokens=12, do_sample=False)[0][ids["input_ids"].shape[1] :]
            request = {"messages": messages, "temperature": 0, "max_tokens": 12}
            answer = client.post("/v1/chat/completions", json=request).json()
            assert answer["choices"][0]["message"]["content"] == own.decode(out, skip_special_tokens=True)
            assert answer["usage"]["prompt_tokens"] == ids["input_ids"].shape[1], "the template gives another prompt"


@pytest.mark.parametrize("split", ["smollm", "llama-bpe", "qwen2", "tekken", "prefix", "no prefix"])
def test_each_way_to_split_a_text_gives_the_same_tokens(split, tmp_path):
    folder = random_model("Llama", tmp_path / "model", split)
    with llama_server(write(folder, tmp_path / "model.gguf")) as client:
        assert differing(client, tokenizer_of(folder), 60) == []


LLAMA3_ROPE = {
    "rope_type": "llama3", "rope_theta": 10_000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip
YARN = {"rope_type": "yarn", "rope_theta": 10_000.0, "factor": 4.0, "original_max_position_embeddings": 128}
LINEAR = {"rope_type": "linear", "rope_theta": 10_000.0, "factor": 2.0}
GEMMA = {"head_dim": 32, "query_pre_attn_scalar": 32, "sliding_window": 16}


@pytest.mark.parametrize(
    ("name", "config"),
    [
        pytest.param("Llama", {"tie_word_embeddings": True}, id="Llama with tied embeddings"),
        pytest.param("Llama", {"rope_parameters": LLAMA3_ROPE, "head_dim": 32}, id="Llama 3.1"),
        pytest.param("Llama", {"attention_bias": True, "rope_parameters": LINEAR}, id="Llama with biases"),
        pytest.param("Mistral", {"sliding_window": None}, id="Mistral"),
        pytest.param("SmolLM3", {"num_hidden_layers": 4}, id="SmolLM3"),
        pytest.param("Qwen2", {"tie_word_embeddings": True}, id="Qwen2"),
        pytest.param("Qwen2", {"rope_parameters": YARN}, id="Qwen2 with YaRN"),
        pytest.param("Qwen3", {"head_dim": 32}, id="Qwen3"),
        pytest.param("Gemma2", GEMMA, id="Gemma 2"),
        pytest.param("Gemma3", GEMMA | {"num_hidden_layers": 6}, id="Gemma 3"),
    ],
)
def test_a_random_model_gives_the_same_logits_in_llama_cpp(name, config, tmp_path):
    import torch
    from transformers import AutoModelForCausalLM

    folder = random_model(name, tmp_path / "model", **config)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with llama_server(write(folder, tmp_path / "model.gguf")) as client:
        for length in (3, 90):
            prompt = torch.randint(10, 900, (1, length), generator=torch.Generator().manual_seed(length))
            with torch.no_grad():
                ours = model(prompt).logits[0, -1].log_softmax(-1)
            theirs = logprobs(client, prompt[0].tolist())
            assert len(theirs) == 8
            for token, value in theirs.items():
                assert value == pytest.approx(float(ours[token]), abs=0.02), (length, token)


def test_a_file_says_all_that_a_program_needs_to_answer(tmp_path):
    from gguf import GGUFReader

    folder = random_model("Qwen3", tmp_path / "model", head_dim=32)
    fields = {
        name: field.contents() for name, field in GGUFReader(write(folder, tmp_path / "model.gguf")).fields.items()
    }
    ends = {fields[f"tokenizer.ggml.{name}_token_id"] for name in ("eos", "eot")}
    assert ends == {2, 4}, "</s> of the tokenizer, <|im_end|> of template and generation config"
    template = fields["tokenizer.chat_template"]
    assert "generation -" not in template and "endgeneration" not in template and "{%- if true -%}" in template
    assert (fields["qwen3.context_length"], fields["qwen3.attention.key_length"]) == (512, 32)
    assert fields["tokenizer.ggml.tokens"][-1] == "[PAD1023]"


def test_the_template_without_its_markers_prints_the_same(tmp_path):
    from garage_tui.jobs.export.gguf_vocabulary import plain_template

    tokenizer("smollm", tmp_path)
    own = tokenizer_of(tmp_path)
    chat = [{"role": "user", "content": " a\n"}, {"role": "assistant", "content": "\nb "}] * 2
    plain = plain_template(own.chat_template)
    assert plain != own.chat_template
    assert own.apply_chat_template(chat, tokenize=False, chat_template=plain) == own.apply_chat_template(
        chat, tokenize=False
    )


def test_q8_0_keeps_rows_that_are_no_whole_blocks_in_f16(tmp_path):
    from gguf import GGUFReader

    folder = random_model("Llama", tmp_path / "model", intermediate_size=120)
    types = {
        one.name: one.tensor_type.name for one in GGUFReader(write(folder, tmp_path / "model.gguf", "q8_0")).tensors
    }
    assert types["blk.0.attn_q.weight"] == "Q8_0" and types["blk.0.ffn_down.weight"] == "F16"
    assert types["blk.0.attn_norm.weight"] == "F32"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"architectures": ["FalconForCausalLM"]},
            r"a GGUF of FalconForCausalLM cannot be written here; these can: Llama",
        ),
        ({"hidden_act": "gelu"}, "an activation function"),
        (
            {"rope_parameters": {"rope_type": "longrope", "rope_theta": 1e4, "factor": 4.0}},
            "rotary embedding|config.json",
        ),
    ],
)
def test_a_model_that_llama_cpp_computes_differently_is_refused(change, reason, tmp_path):
    folder = random_model("Llama", tmp_path / "model")
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | change))
    with pytest.raises(GarageError, match=reason):
        write(folder, tmp_path / "model.gguf")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_tokenizer_that_splits_otherwise_is_refused(tmp_path):
    folder = random_model("Llama", tmp_path / "model", "qwen2")
    file = folder / "tokenizer.json"
    file.write_text(file.read_text().replace("|\\\\p{N}|", "|\\\\p{N}{1,5}|"))
    with pytest.raises(GarageError, match="splits text in a way that cannot be written"):
        write(folder, tmp_path / "model.gguf")


@pytest.mark.parametrize("weight", [float("nan"), 70_000.0])
def test_a_weight_that_the_type_cannot_hold_is_refused(weight, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = random_model("Llama", tmp_path / "model")
    tensors = load_file(folder / "model.safetensors")
    tensors["model.layers.1.mlp.up_proj.weight"][3, 3] = weight
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(GarageError, match=r"blk\.1\.ffn_up\.weight has a weight that is"):
        write(folder, tmp_path / "model.gguf", "f16")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_file_that_cannot_be_finished_leaves_nothing(tmp_path):
    folder = random_model("Llama", tmp_path / "model")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        with pytest.raises(GarageError, match=r"cannot be written: .*ulimit -f"):
            write(folder, tmp_path / "model.gguf")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
