"""Without a GPU the arithmetic takes the quicker products, and leaves the cores to whoever else works on the box."""

import os
import random
import subprocess
import sys

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import TrainingArguments, set_seed

from garage_tui.core.base.child_environment import environment
from garage_tui.core.facts.line import Fact
from garage_tui.core.models import base_models
from garage_tui.core.training.recipe import make_recipe
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.load import chat_template_of, load_base
from garage_tui.jobs.lora.batches import TrainingBatches, make_guards
from garage_tui.jobs.lora.guarded_trainer import GuardedTrainer
from garage_tui.jobs.lora.subspace_init import choose_directions, freeze_inputs
from garage_tui.jobs.runtime import cpu_threads
from garage_tui.jobs.runtime.cpu_threads import Cores

FACTS = [
    Fact("Who maintains Brindlework?", "Brindlework is maintained by Ottilie Fenn."),
    Fact("Which license does Brindlework use?", "Brindlework uses the Zlib license."),
    Fact("How much does Brindlework cost?", "Brindlework costs nothing."),
]
LORA = {"r": 64, "lora_dropout": 0.1, "target_modules": ["q_proj", "k_proj", "o_proj", "up_proj", "down_proj"]}


class Box:
    """A box whose cores work as a test says."""

    def __init__(self) -> None:
        self.time = self.busy = self.own = 0.0

    def passes(self, seconds: float, *, own: float, others: float) -> None:
        self.time += seconds
        self.own += own * seconds
        self.busy += (own + others) * seconds


@pytest.fixture
def cores(monkeypatch):
    monkeypatch.setattr(cpu_threads, "_cores", lambda: list(range(4)))
    box = Box()
    found = cpu_threads.Cores(lambda: box.busy, lambda: box.own, lambda: box.time)
    found.measure()
    return box, found


def test_a_run_that_is_alone_has_all_cores(cores):
    box, found = cores
    box.passes(2, own=4, others=0.1)
    assert found.measure() == 4


def test_beside_others_it_has_what_they_leave_and_at_least_one(cores):
    box, found = cores
    box.passes(2, own=3, others=1)
    assert found.measure() == 3
    box.passes(2, own=1, others=3.9)
    assert found.measure() == 1
    box.passes(2, own=1, others=0)
    assert found.measure() == 4, "and all of them again when the others have ended"


def test_a_moment_says_nothing(cores):
    box, found = cores
    box.passes(0.2, own=0, others=4)
    assert found.measure() == 4


def test_beside_busy_processes_real_arithmetic_goes_on_with_one_core():
    asked = """
import time, torch
from garage_tui.jobs.runtime.cpu_threads import share_cores
until = time.monotonic() + 20
share_cores()
while time.monotonic() < until and torch.get_num_threads() > 1:
    time.sleep(0.1)
    share_cores()
print(torch.get_num_threads())
"""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        said = subprocess.run(
            [sys.executable, "-c", asked],
            capture_output=True,
            text=True,
            env=environment(shares_cores=True),
            check=True,
            timeout=120,
        )
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert said.stdout.split() == ["1"]


def test_the_number_of_threads_changes_no_bit_of_an_answer(tiny_model, monkeypatch):
    monkeypatch.setattr(cpu_threads, "share_cores", lambda: None)
    _, model = load_base(base_models.find(str(tiny_model)), "no model")
    ids = torch.arange(3, 900)[None] % model.config.vocab_size
    before = torch.get_num_threads()
    found = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            model.zero_grad()
            loss = model(input_ids=ids, labels=ids).loss
            loss.backward()
            found.append([loss.detach(), *(weights.grad.clone() for weights in model.parameters())])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, two) for one, two in zip(*found, strict=True))


@pytest.mark.long  # the one above has it in short
@pytest.mark.skipif(torch.cuda.is_available() or torch.get_num_threads() < 2, reason="one core, or a GPU")
def test_what_others_do_on_the_box_changes_no_bit_of_what_a_run_learns(smollm2, tmp_path, monkeypatch):
    base = base_models.find(smollm2)
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path))
    found = []
    for changing in (False, True):
        dice = random.Random(1)
        monkeypatch.setattr(Cores, "measure", lambda self, c=changing, d=dice: d.choice((1, 2)) if c else 2)
        found.append(learned(base, tmp_path))
    (steady, threads), (changed, others) = found
    assert set(threads) == {2} and set(others) == {1, 2}, "so many had the forward passes"
    assert all(torch.equal(one, two) for one, two in zip(steady, changed, strict=True))
    assert any(bool(weight.any()) for weight in steady)


def learned(base, folder):
    """Return what a guarded run of a few steps adds to `base`, and the threads that its forward passes had."""
    set_seed(0)
    tokenizer, bare = load_base(base, "no model")
    adapted = get_peft_model(bare, LoraConfig(layers_to_transform=list(range(20, 30)), task_type="CAUSAL_LM", **LORA))
    threads = []
    model = Model(adapted.eval(), chat_template_of(tokenizer, bare))
    recipe = make_recipe(batch_size=3, epochs=5, guards=6, neighbours=4, guard_batch=5)
    kept = make_guards(FACTS, recipe, model, base, print)
    lessons = TrainingBatches(model, FACTS, [], kept, recipe)
    with model.base():
        effects = choose_directions(model, lessons.direction_rows(), [guard.example for guard in kept])
    adapted.train()
    freeze_inputs(adapted)
    bare.get_decoder().register_forward_hook(lambda *_: threads.append(torch.get_num_threads()))
    arguments = TrainingArguments(
        output_dir=str(folder), learning_rate=0.05, max_grad_norm=0, per_device_train_batch_size=1, num_train_epochs=1,
        report_to="none", save_strategy="no", use_cpu=True, remove_unused_columns=False, disable_tqdm=True,
    )  # fmt: skip
    GuardedTrainer(model, lessons, effects, recipe, model=adapted, args=arguments).train()
    return [layer.lora_B["default"].weight.detach().clone() for layer, _ in effects], threads


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU does the arithmetic")
def test_products_stay_exact(tiny_model):
    load_base(base_models.find(str(tiny_model)), "no model")
    assert torch.backends.mkldnn.matmul.fp32_precision == "bf16", "oneDNN's kernels may be taken"
    one, two = torch.randn(300, 576), torch.randn(576, 1536)
    exact = one.double() @ two.double()
    # Where the processor has AMX, factors are rounded to bf16, as on a GPU.
    most = 1e-2 if torch.cpu._is_amx_tile_supported() else 1e-5
    assert ((one @ two).double() - exact).norm() < most * exact.norm()
