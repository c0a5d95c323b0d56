"""What the LoRA directions are read from: kept rows, or second moments of more tokens than memory could hold."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from garage_tui.core.models import base_models
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.load import chat_template_of, load_base
from garage_tui.jobs.lora import layer_samples, subspace_init
from garage_tui.jobs.lora.layer_samples import collect, collect_moments
from garage_tui.jobs.lora.specific_directions import Sample, SecondMoment

TARGETS = ["q_proj", "k_proj", "down_proj"]


@pytest.fixture(scope="module")
def model(tiny_model):
    tokenizer, bare = load_base(base_models.find(str(tiny_model)), "no model")
    adapted = get_peft_model(bare, LoraConfig(r=4, target_modules=TARGETS, task_type="CAUSAL_LM"))
    return Model(adapted.eval(), chat_template_of(tokenizer, bare))


@pytest.fixture(scope="module")
def examples(model):
    return [model.chats.example(f"What is the number {n} of {n * 7}?", f"It is {n * n}, I think.") for n in range(40)]


def lora_layers(model):
    return [module for module in model.whole.modules() if hasattr(module, "lora_A") and "default" in module.lora_A]


def test_a_second_moment_is_that_of_the_rows_that_are_not_kept(model, examples):
    layers = lora_layers(model)
    with model.base():
        kept = collect(model, layers, examples, lambda: None, drawn=True)
        streamed = collect_moments(model, layers, examples, lambda: None, 100)
    for one, other in zip(kept, streamed, strict=True):
        for rows, moment in ((one.inputs, other.inputs), (one.slopes, other.slopes)):
            assert isinstance(moment, SecondMoment) and moment.samples == rows.samples
            expected = rows.rows.float().T @ rows.rows.float()
            assert torch.allclose(moment.total, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
    assert streamed[0].inputs is streamed[1].inputs, "q and k read the same"


def test_of_a_layer_wider_than_the_tokens_some_rows_are_kept(model, examples):
    layers = lora_layers(model)
    few = examples[:1]
    with model.base():
        kept = collect(model, layers, few, lambda: None, drawn=True)
        streamed = collect_moments(model, layers, few, lambda: None, 10)
    down = layers[-1]
    assert sum(example.tokens for example in few) < layer_samples.widths(down)[0]
    assert isinstance(streamed[-1].inputs, Sample) and streamed[-1].inputs.rows.equal(kept[-1].inputs.rows)
    assert streamed[-1].slopes.samples == kept[-1].slopes.samples


def test_the_directions_are_the_same_however_little_memory_is_free(model, examples, monkeypatch):
    def directions():
        with model.base():
            found = subspace_init.choose_directions(model, examples[:8], examples[8:])
        return [(layer.lora_A["default"].weight.detach().T, effects) for layer, effects in found]

    at_once = directions()
    seen = []
    real = subspace_init.collect
    monkeypatch.setattr(subspace_init, "collect", lambda *a, **b: seen.append(len(a[1])) or real(*a, **b))
    monkeypatch.setattr(layer_samples, "_LEAST_ROOM", 1.0)
    monkeypatch.setattr(layer_samples, "_free_bytes", lambda device: 1.0)
    one_by_one = directions()
    assert set(seen) == {1}, "each layer was read alone"
    for before, after in zip(at_once, one_by_one, strict=True):
        for columns, same in zip(before, after, strict=True):
            # The first directions: the last ones of a randomised SVD are found roughly.
            left, right = (torch.linalg.qr(part)[0] for part in (columns[:, :2], same))
            assert torch.linalg.svdvals(left.T @ right).min() > 0.99


def test_a_wide_model_reads_all_guards(model, examples, monkeypatch):
    read = []
    real = collect_moments
    monkeypatch.setattr(subspace_init, "_GUARD_TOKENS", 200)
    monkeypatch.setattr(subspace_init, "_TOKENS_PER_COLUMN", 300)

    def counted(model, layers, guards, *rest):
        read.append(guards)
        return real(model, layers, guards, *rest)

    monkeypatch.setattr(subspace_init, "collect_moments", counted)
    with model.base():
        found = subspace_init.choose_directions(model, examples[:8], examples[8:])
    assert {id(guard) for guards in read for guard in guards} == set(map(id, examples[8:]))
    assert all(torch.isfinite(effects).all() and effects.abs().max() > 0 for _, effects in found)
