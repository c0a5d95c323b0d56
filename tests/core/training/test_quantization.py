"""Bases of 7 billion parameters and more are loaded in 4 bits on a GPU, unless the owner says otherwise."""

import json

import pytest

from garage_tui.core.models.base_models import find
from garage_tui.core.training.quantization import announce_4bit, in_4bit, parameters
from garage_tui.core.training.recipe import make_recipe


@pytest.fixture
def folder(tmp_path):
    def make(bytes_, **config):
        (tmp_path / "config.json").write_text(json.dumps({"dtype": "bfloat16", **config}))
        with (tmp_path / "model.safetensors").open("wb") as file:
            file.truncate(bytes_)  # sparse: it takes no room
        return find(str(tmp_path))

    return make


def test_the_size_is_that_of_the_files_and_before_they_are_here_that_of_the_name(folder):
    assert parameters(folder(16 * 10**9)) == 8e9
    assert parameters(folder(16 * 10**9, dtype="float32")) == 4e9
    assert parameters(find("meta-llama/Llama-3.1-8B-Instruct")) == 8e9
    assert parameters(find("Qwen/Qwen2.5-0.5B-Instruct")) == 0.5e9
    assert parameters(find("nobody/something-v2")) is None


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
    assert in_4bit(make_recipe(base=base, load_in_4bit=said), find(base), cuda) is expected


def test_one_that_is_quantised_already_is_left_as_it_is(folder):
    base = folder(16 * 10**9, quantization_config={"bits": 4})
    assert in_4bit(make_recipe(base=base.name), base, cuda=True) is False


def announce(base, **changes):
    return announce_4bit(make_recipe(base=base, **changes), find(base))


def test_it_is_said_before_the_start_where_it_was_decided_for_the_owner(make_box):
    base = "meta-llama/Llama-3.1-8B-Instruct"
    assert announce(base) == "", "there is no GPU"
    make_box({"name": "RTX 3090"})
    sentence = announce(base)
    assert sentence == "the base is loaded in 4 bits: it has 8.0 billion parameters (--no-load-in-4bit: 16 bits)"
    assert announce(base, load_in_4bit=True) == "", "the owner said so"
    assert announce("smollm2-135m") == ""
