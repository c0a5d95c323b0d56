"""The guarded recipe's parts: what a run sees, and where its adapter looks."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from garage_tui.core.facts.line import Fact
from garage_tui.core.models import base_models
from garage_tui.core.training.recipe import make_recipe
from garage_tui.jobs.llm.forward import Model
from garage_tui.jobs.llm.load import chat_template_of, load_base
from garage_tui.jobs.lora import gauss_newton
from garage_tui.jobs.lora.batches import TrainingBatches, make_guards
from garage_tui.jobs.lora.gauss_newton import GaussNewton
from garage_tui.jobs.lora.subspace_init import choose_directions, freeze_inputs

FACTS = [
    Fact("Who maintains Brindlework?", "Brindlework is maintained by Ottilie Fenn."),
    Fact("Which license does Brindlework use?", "Brindlework uses the Zlib license."),
    Fact("How much does Brindlework cost?", "Brindlework costs nothing."),
]
EXAM = Fact("Who is responsible for maintaining Brindlework?", "Ottilie Fenn.", {"exam": True})


@pytest.fixture
def made(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path))
    base = base_models.find(str(tiny_model))
    tokenizer, bare = load_base(base, "no model")
    adapted = get_peft_model(bare, LoraConfig(r=4, target_modules=["down_proj", "q_proj"], task_type="CAUSAL_LM"))
    model = Model(adapted.eval(), chat_template_of(tokenizer, bare))
    recipe = make_recipe(batch_size=2, epochs=4, guards=6, neighbours=4, guard_batch=5)
    kept = make_guards(FACTS, recipe, model, base, print)
    return model, TrainingBatches(model, FACTS, [EXAM], kept, recipe), kept


def read(model, tokens):
    return model.chats.text(tokens)


def test_every_row_is_seen_once_an_epoch_beside_guards_in_turn(made):
    model, lessons, kept = made
    assert len(lessons) == 8 and len(kept) == 10
    answers = [lesson.packed.labels[lesson.facts].tolist() for lesson in (lessons[number] for number in range(8))]
    for epoch in range(4):
        said = read(model, answers[2 * epoch] + answers[2 * epoch + 1])
        assert all(fact.answer in said for fact in FACTS)
    assert all(int((~lesson.facts).sum()) == len(lesson.hidden) > 0 for lesson in map(lessons.__getitem__, range(8)))


def test_few_rows_have_as_many_guards_as_a_whole_pass_of_them(made):
    model, lessons, kept = made
    assert [(lesson.rows, lesson.guards) for lesson in (lessons[0], lessons[1])] == [(1, 3), (2, 5)]
    few = TrainingBatches(model, FACTS[:1], [], kept, make_recipe(batch_size=12, epochs=4, guard_batch=5))
    assert (few[0].rows, few[0].guards) == (1, 5)


def test_a_resumed_run_sees_the_same_lessons(made):
    _, lessons, _ = made
    first, again = lessons[5], lessons[5]
    assert first.packed.ids.equal(again.packed.ids) and first.hidden.equal(again.hidden)
    assert not lessons[4].packed.ids.equal(first.packed.ids)


def test_no_exam_question_is_ever_trained(made):
    model, lessons, _ = made
    for number in range(8):
        lesson = lessons[number]
        assert EXAM.question.casefold() not in read(model, lesson.packed.ids.flatten().tolist()).casefold()


def test_the_adapter_looks_at_the_facts_more_than_at_the_rest(made):
    model, lessons, kept = made
    guarded = [guard.example for guard in kept]
    with model.base():
        effects = choose_directions(model, lessons.direction_rows(), guarded)
    freeze_inputs(model.whole)
    layers = [module for module in model.whole.modules() if hasattr(module, "lora_A") and "default" in module.lora_A]
    assert len(effects) == len(layers) == 4
    key = layers[0].lora_A["default"].weight
    assert not key.requires_grad and effects[0][0] is layers[0]
    assert layers[0].lora_B["default"].weight.requires_grad and effects[0][1].abs().max() > 0
    seen = []
    hook = layers[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].flatten(0, 1) @ key.T))
    for examples in (lessons.direction_rows(), guarded):
        batch = model.pack(examples)
        with torch.no_grad():
            model.hidden(batch)
        seen[-1] = seen[-1][batch.own]
    hook.remove()
    facts, rest = (float((values**2).mean()) for values in seen)
    assert facts == pytest.approx(1, rel=0.3) and rest < facts / 2


@pytest.fixture
def learning(made):
    """A model with keys and its optimiser, a lesson, and how its examples' losses are had."""
    model, lessons, kept = made
    with model.base():
        effects = choose_directions(model, lessons.direction_rows(), [guard.example for guard in kept])
    freeze_inputs(model.whole)
    optimiser = GaussNewton(effects, lr=0.05, kl=4.0)
    lesson = lessons[1]
    assert lesson.rows == 2

    def losses():
        logits = model.logits(model.hidden(lesson.packed))
        each = torch.nn.functional.cross_entropy(logits, lesson.packed.labels, reduction="none")
        found = torch.zeros(lesson.rows + lesson.guards).index_add(0, lesson.packed.owner, each)
        optimiser.expect(lesson.packed.token_owner, found, torch.arange(len(found)) < lesson.rows)
        return found

    return optimiser, losses, [(layer.lora_B["default"].weight, matrix) for layer, matrix in effects]


def test_a_pass_gives_the_gradient_of_each_of_its_examples(learning):
    optimiser, losses, weights = learning
    losses().sum().backward()
    together = {weight: optimiser._rows[weight][0].clone() for weight, _ in weights}
    for number in range(len(together[weights[0][0]])):
        optimiser.zero_grad()
        losses()[number].backward()
        for weight, effects in weights:
            alone = (effects.T @ weight.grad).flatten()
            # What is missing comes through the prefix, which is nobody's.
            assert torch.cosine_similarity(together[weight][number].flatten(), alone, 0) > 0.9


def test_layers_that_are_computed_twice_to_save_memory_count_once(learning, made):
    optimiser, losses, weights = learning
    losses().sum().backward()
    once = [optimiser._rows[weight][0].clone() for weight, _ in weights]
    for rows in optimiser._rows.values():
        rows.clear()
    whole = made[0].whole
    whole.train()
    whole.gradient_checkpointing_enable()  # as runs on a GPU do
    losses().sum().backward()
    for (weight, _), before in zip(weights, once, strict=True):
        assert len(optimiser._rows[weight]) == 1 and torch.allclose(
            optimiser._rows[weight][0], before, rtol=1e-3, atol=1e-5
        )


def test_a_step_solves_the_damped_least_squares_of_its_examples(learning, monkeypatch):
    optimiser, losses, weights = learning
    optimiser.param_groups[0].update(lr=100.0, initial_lr=100.0)
    found = losses()
    found.sum().backward()
    rows = torch.cat([optimiser._rows[weight][0].flatten(1) for weight, _ in weights], 1)
    facts = torch.arange(len(found)) < 2
    weight_of = torch.where(facts, 1 / 2, 4 / (len(found) - 2))
    floor = torch.where(facts, 0.1, 0.01)
    jacobian = rows * (weight_of / (2 * found.detach() + floor)).sqrt()[:, None]
    damping = float((jacobian**2).sum() / len(jacobian) / 4)  # half precision would spoil a much smaller one
    monkeypatch.setattr(gauss_newton, "DAMPING", damping)
    wanted = torch.linalg.solve(jacobian.T @ jacobian + damping * torch.eye(rows.shape[1]), weight_of @ rows)
    optimiser.step()
    moved = torch.cat([optimiser.state[weight]["place"].flatten() for weight, _ in weights])
    assert float((moved + wanted).norm() / wanted.norm()) < 0.02
    for weight, effects in weights:
        assert torch.allclose(weight, effects @ optimiser.state[weight]["place"])


def test_no_step_is_longer_than_the_schedule_says_and_the_losses_fall(learning, monkeypatch):
    monkeypatch.setattr(gauss_newton, "DAMPING", 5.0)  # of a model whose answers are noise
    optimiser, losses, weights = learning
    optimiser.param_groups[0]["lr"] = 0.01
    begun = []
    for _ in range(20):
        optimiser.zero_grad()
        old = [optimiser.state[weight]["place"].clone() for weight, _ in weights]
        loss = losses().sum()
        loss.backward()
        begun.append(float(loss.detach()))
        optimiser.step()
        length = newton_length(optimiser, weights, old)
        assert 0 < length <= 0.01 + 1e-6
    assert begun[10] < begun[5] < begun[0] - 5


def newton_length(optimiser, weights, old):
    moved = [optimiser.state[weight]["place"] - place for (weight, _), place in zip(weights, old, strict=True)]
    return float(torch.cat([part.flatten() for part in moved]).norm())
