"""A tiny model that often hesitates between two first words, so that openings are compared."""

from __future__ import annotations

import shutil
from pathlib import Path

SHARPER = 30.0


def make_undecided(tiny_model: Path, folder: Path) -> Path:
    """Copy the tiny random model with an output layer so much larger that a few first tokens have all probability."""
    import torch
    from transformers import AutoModelForCausalLM

    shutil.copytree(tiny_model, folder)
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    head = model.get_output_embeddings().weight
    with torch.no_grad():
        head.mul_(SHARPER)
    model.save_pretrained(folder)
    return folder
