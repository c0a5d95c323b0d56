"""The guarded recipe's parts: what a run sees, and where its adapter looks."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from garage_tui.core import models
from garage_tui.core.facts import Fact
from garage_tui.core.recipe import make_recipe
from garage_tui.jobs.forward import Model
from garage_tui.jobs.keys import freeze_keys, read_keys
from garage_tui.jobs.lessons import Lessons, guards
from garage_tui.jobs.loading import chats_of, load_base
from garage_tui.jobs.natural import Natural

FACTS = [
    Fact("Who maintains Brindlework?", "Brindlework is maintained by Ottilie Fenn."),
    Fact("Which license does Brindlework use?", "Brindlework uses the Zlib license."),
    Fact("How much does Brindlework cost?", "Brindlework costs nothing."),
]
EXAM = Fact("Who is responsible for maintaining Brindlework?", "Ottilie Fenn.", {"exam": True})


@pytest.fixture
def made(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path))
    base = models.find(str(tiny_model))
    tokenizer, bare = load_base(base, "no model")
    adapted = get_peft_model(bare, LoraConfig(r=4, target_modules=["down_proj", "q_proj"], task_type="CAUSAL_LM"))
    model = Model(adapted.eval(), chats_of(tokenizer, bare))
    recipe = make_recipe(batch_size=2, epochs=4, guards=6, neighbours=4, guard_batch=5)
    kept = guards(FACTS, recipe, model, base, print)
    return model, Lessons(model, FACTS, [EXAM], kept, recipe), kept


def read(model, tokens):
    return model.chats.text(tokens)


def test_every_row_is_seen_once_an_epoch_beside_guards_in_turn(made):
    model, lessons, kept = made
    assert len(lessons) == 8 and len(kept) == 10
    answers = [lesson.batch.labels[lesson.facts].tolist() for lesson in (lessons[number] for number in range(8))]
    for epoch in range(4):
        said = read(model, answers[2 * epoch] + answers[2 * epoch + 1])
        assert all(fact.answer in said for fact in FACTS)
    assert all(int((~lesson.facts).sum()) == len(lesson.hidden) > 0 for lesson in map(lessons.__getitem__, range(8)))


def test_a_resumed_run_sees_the_same_lessons(made):
    _, lessons, _ = made
    first, again = lessons[5], lessons[5]
    assert first.batch.ids.equal(again.batch.ids) and first.hidden.equal(again.hidden)
    assert not lessons[4].batch.ids.equal(first.batch.ids)


def test_no_exam_question_is_ever_trained(made):
    model, lessons, _ = made
    for number in range(8):
        lesson = lessons[number]
        assert EXAM.question.casefold() not in read(model, lesson.batch.ids.flatten().tolist()).casefold()


def test_the_adapter_looks_at_the_facts_more_than_at_the_rest(made):
    model, lessons, kept = made
    guarded = [guard.example for guard in kept]
    with model.base():
        effects = read_keys(model, lessons.rows(), guarded)
    freeze_keys(model.whole)
    layers = [module for module in model.whole.modules() if hasattr(module, "lora_A") and "default" in module.lora_A]
    assert len(effects) == len(layers) == 4
    key = layers[0].lora_A["default"].weight
    assert not key.requires_grad and effects[0][0] is layers[0].lora_B["default"].weight
    assert effects[0][0].requires_grad and effects[0][1].abs().max() > 0
    seen = []
    hook = layers[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].flatten(0, 1) @ key.T))
    for examples in (lessons.rows(), guarded):
        batch = model.pack(examples)
        with torch.no_grad():
            model.hidden(batch)
        seen[-1] = seen[-1][batch.own]
    hook.remove()
    facts, rest = (float((values**2).mean()) for values in seen)
    assert facts == pytest.approx(1, rel=0.3) and rest < facts / 2


def test_a_step_has_the_length_that_the_schedule_says_and_stays_in_its_directions():
    weight = torch.nn.Parameter(torch.zeros(6, 3))
    effects = torch.randn(6, 2)
    optimiser = Natural([(weight, effects)], lr=0.1)
    goal = effects @ torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]])
    before = float((weight - goal).detach().pow(2).sum())
    for _ in range(60):
        optimiser.zero_grad()
        (weight - goal).pow(2).sum().backward()
        old = optimiser.state[weight]["place"].clone()
        optimiser.step()
        assert float((optimiser.state[weight]["place"] - old).norm()) <= 0.1 + 1e-6
    assert float((weight - goal).detach().pow(2).sum()) < before / 20
    assert torch.allclose(weight, effects @ optimiser.state[weight]["place"])
