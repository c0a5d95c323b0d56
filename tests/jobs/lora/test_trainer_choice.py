"""Who trains: Unsloth where CUDA is there and it imports, else TRL and PEFT; said in one sentence."""

import json
import sys

import pytest
import torch

from garage_tui.core.base.errors import GarageError
from garage_tui.core.models import base_models
from garage_tui.jobs.lora import trainer_choice


@pytest.fixture
def base(tmp_path):
    def make(architecture="llama"):
        (tmp_path / "config.json").write_text(json.dumps({"model_type": architecture}))
        return base_models.find(str(tmp_path))

    return make


@pytest.fixture
def unsloth(tmp_path, monkeypatch):
    """Puts a package of that name where Python looks first; its text is what runs when it is imported."""

    def install(text):
        folder = tmp_path / "packages"
        folder.mkdir()
        (folder / "unsloth.py").write_text(text)
        monkeypatch.syspath_prepend(folder)
        monkeypatch.delitem(sys.modules, "unsloth", raising=False)

    yield install
    sys.modules.pop("unsloth", None)


@pytest.fixture
def cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)


WORKS = """
import os
__version__ = "2026.10.6"
assert os.environ["UNSLOTH_DISABLE_STATISTICS"] and os.path.isabs(os.environ["UNSLOTH_COMPILE_LOCATION"])
"""


def test_without_cuda_it_is_peft_although_unsloth_would_import(base, unsloth, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    unsloth(WORKS)
    assert trainer_choice.choose("auto", base()) == trainer_choice.TrainerChoice(
        False, "trains with TRL and PEFT: no CUDA GPU"
    )
    assert "unsloth" not in sys.modules, "it patches what it finds, and was not asked for"


def test_with_cuda_it_is_unsloth_which_neither_counts_its_users_nor_writes_where_we_stand(
    base, unsloth, cuda, monkeypatch
):
    for name in ("UNSLOTH_DISABLE_STATISTICS", "UNSLOTH_COMPILE_LOCATION"):
        monkeypatch.delenv(name, raising=False)
    unsloth(WORKS)
    assert trainer_choice.choose("auto", base()) == trainer_choice.TrainerChoice(True, "trains with Unsloth 2026.10.6")


def test_an_unsloth_that_stumbles_is_no_end_and_its_words_are_told(base, unsloth, cuda):
    unsloth("raise RuntimeError('torchvision::nms\\nis missing')")
    assert trainer_choice.choose("auto", base()) == trainer_choice.TrainerChoice(
        False, "trains with TRL and PEFT: Unsloth cannot be imported (torchvision::nms is missing)"
    )


def test_one_that_is_not_installed_says_how_to_get_it(base, cuda, monkeypatch):
    monkeypatch.setitem(sys.modules, "unsloth", None)
    words = trainer_choice.choose("auto", base()).text
    assert words.startswith("trains with TRL and PEFT: Unsloth ")
    with pytest.raises(GarageError, match=r"Unsloth .*; without `--trainer unsloth` the run trains with TRL and PEFT"):
        trainer_choice.choose("unsloth", base())


@pytest.mark.parametrize(
    ("architecture", "cards", "why"),
    [
        ("gemma3", 1, "Unsloth is used only for llama, mistral, qwen2, qwen3, and this base is gemma3"),
        ("llama", 2, "Unsloth supports one GPU, and this run has several"),
    ],
)
def test_what_unsloth_is_no_good_for_here_is_peft(base, unsloth, cuda, monkeypatch, architecture, cards, why):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    unsloth(WORKS)
    assert trainer_choice.choose("auto", base(architecture)).text == f"trains with TRL and PEFT: {why}"


def test_the_recipe_has_the_last_word(base, unsloth, cuda):
    unsloth(WORKS)
    assert trainer_choice.choose("peft", base()).text == "trains with TRL and PEFT: set in the recipe"
    assert not trainer_choice.choose("peft", base()).unsloth
    assert trainer_choice.choose("unsloth", base("gemma3")).unsloth
