"""Bases of 7 billion parameters and more are kept in 4 bits on a GPU, unless the owner says otherwise."""

import json

import pytest

from garage_tui.core.training.quantization import in_4bit, parameters, words
from garage_tui.core.training.recipe import make_recipe


@pytest.fixture
def folder(tmp_path):
    def make(bytes_, **config):
        (tmp_path / "config.json").write_text(json.dumps({"dtype": "bfloat16", **config}))
        with (tmp_path / "model.safetensors").open("wb") as file:
            file.truncate(bytes_)  # sparse: it takes no room
        return str(tmp_path)

    return make


def test_the_size_is_that_of_the_files_and_before_they_are_here_that_of_the_name(folder):
    assert parameters(folder(16 * 10**9)) == 8e9
    assert parameters(folder(16 * 10**9, dtype="float32")) == 4e9
    assert parameters("meta-llama/Llama-3.1-8B-Instruct") == 8e9
    assert parameters("Qwen/Qwen2.5-0.5B-Instruct") == 0.5e9
    assert parameters("nobody/something-v2") is None


@pytest.mark.parametrize(
    ("base", "cuda", "said", "expected"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", True, None, True),
        ("meta-llama/Llama-3.1-8B-Instruct", False, None, False),
        ("meta-llama/Llama-3.1-8B-Instruct", True, False, False),
        ("meta-llama/Llama-3.2-3B-Instruct", True, None, False),
        ("meta-llama/Llama-3.2-3B-Instruct", False, True, True),
        ("smollm2-135m", True, None, False),
    ],
)
def test_large_bases_on_a_gpu_and_whatever_the_owner_says(base, cuda, said, expected):
    assert in_4bit(make_recipe(base=base, load_in_4bit=said), cuda) is expected


def test_one_that_is_quantised_already_is_left_as_it_is(folder):
    base = folder(16 * 10**9, quantization_config={"bits": 4})
    assert in_4bit(make_recipe(base=base), cuda=True) is False


def test_it_is_said_before_the_start_where_it_was_decided_for_the_owner(make_box):
    base = "meta-llama/Llama-3.1-8B-Instruct"
    assert words(make_recipe(base=base)) == "", "there is no GPU"
    make_box({"name": "RTX 3090"})
    told = words(make_recipe(base=base))
    assert told == "the base is kept in 4 bits, for it has 8.0 billion parameters (--no-load-in-4bit: 16 bits)"
    assert words(make_recipe(base=base, load_in_4bit=True)) == "", "the owner said so"
    assert words(make_recipe(base="smollm2-135m")) == ""
