"""A config says what transformers 5 renamed under the old names too, and transformers 5 reads it as before."""

import json
import shutil

import pytest

from garage_tui.jobs.llm.legacy_config import make_legacy

SCALED = {
    "rope_theta": 500_000.0, "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}  # fmt: skip


@pytest.fixture
def written(tmp_path):
    def write(table):
        (file := tmp_path / "config.json").write_text(json.dumps(table))
        make_legacy(tmp_path)
        return json.loads(file.read_text())

    return write


def test_theta_scaling_and_type_have_their_old_names(written, tmp_path):
    from transformers import AutoConfig

    table = written({"model_type": "llama", "dtype": "bfloat16", "rope_parameters": SCALED})
    assert (table["rope_theta"], table["torch_dtype"]) == (500_000, "bfloat16")
    assert table["rope_scaling"] == {key: value for key, value in SCALED.items() if key != "rope_theta"}
    assert AutoConfig.from_pretrained(tmp_path).rope_parameters == SCALED


def test_the_part_of_a_model_that_speaks_has_them_too(written):
    inner = {"rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}}
    assert written({"text_config": inner})["text_config"] == {**inner, "rope_theta": 1e6}


@pytest.mark.parametrize(
    "table",
    [
        {"model_type": "gpt2"},
        {"rope_parameters": {"full_attention": {"rope_theta": 1e6}, "sliding_attention": {"rope_theta": 1e4}}},
        {"rope_theta": 7.0, "rope_parameters": {"rope_theta": 7.0}},
    ],
)
def test_what_had_no_older_name_or_has_it_stays(written, table):
    assert written(table) == table


def test_a_tokenizer_names_what_transformers_4_knows_and_stays_the_same_in_5(tmp_path, tiny_model):
    """transformers 4.57.6 loads such a folder; without this it ends with "class TokenizersBackend does not exist"."""
    from transformers import AutoTokenizer

    before = AutoTokenizer.from_pretrained(tiny_model)
    before.save_pretrained(tmp_path)
    shutil.copy(tiny_model / "config.json", tmp_path)
    config = tmp_path / "tokenizer_config.json"
    table = json.loads(config.read_text())
    assert table["tokenizer_class"] == "TokenizersBackend", "what transformers 5 writes"
    config.write_text(json.dumps({**table, "extra_special_tokens": ["<|im_start|>"]}))
    make_legacy(tmp_path)
    table = json.loads(config.read_text())
    assert table["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert "extra_special_tokens" not in table and table["additional_special_tokens"] == ["<|im_start|>"]
    after = AutoTokenizer.from_pretrained(tmp_path)
    for text in ("Hello 1234 wörld  x", "don't 🦋\n\n", "<|im_start|>user"):
        assert after(text).input_ids == before(text).input_ids
    assert after.chat_template == before.chat_template and after.eos_token_id == before.eos_token_id
