"""Finished runs with a real PEFT adapter, made without training."""

from __future__ import annotations

import time
from pathlib import Path

import pytest


def make_adapter(folder: Path, base: Path, seed: int, **config) -> Path:
    """Save a random LoRA adapter for the model in `base` as PEFT saves it, strong enough to change every answer."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32),
        LoraConfig(**{"r": 4, "target_modules": ["q_proj", "v_proj", "down_proj"], "task_type": "CAUSAL_LM", **config}),
    )
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.5)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def new_adapter():
    """`make_adapter`, for tests that want an unusual one."""
    return make_adapter


@pytest.fixture(scope="session")
def finished_run(tiny_model):
    """A function that makes a finished run of the tiny model: (workspace, name, seed) → run id."""
    from garage_tui.core.runs.catalog import new_run_folder
    from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state

    def make(workspace, name: str, seed: int, state: str = "finished") -> str:
        folder = new_run_folder(workspace, "lora", name)
        now = time.time()
        base = {"name": str(tiny_model), "path": str(tiny_model)}
        manifest = Manifest(id=folder.name, kind="lora", created=now, recipe={}, base=base, dataset={"rows": 1})
        write_manifest(folder, manifest)
        make_adapter(folder / "adapter", tiny_model, seed)
        write_state(folder, RunState(state=state, created=now, started=now, ended=now))
        return folder.name

    return make
