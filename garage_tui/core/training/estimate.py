"""The estimated cost of a LoRA run: steps, time and memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from garage_tui.core.base.format import human_bytes, plural, rough_time
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.facts.line import Fact
from garage_tui.core.hardware import gpus as gpu
from garage_tui.core.hardware.memory import all_memory, free_memory, memory_again
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.models.weight_size import bytes_per_weight, weight_bytes
from garage_tui.core.runs.measured_here import measured_here
from garage_tui.core.settings.settings import Workspace
from garage_tui.core.training.quantization import in_4bit
from garage_tui.core.training.recipe import LoraRecipe

# Tokens/s of the default recipe with smollm2-135m on two CPU cores (docs/explain/figures.md), for a box without a run
# yet.
_REFERENCE_BASE, _REFERENCE_SPEED = "smollm2-135m", 440.0
_PLAIN_PACE = 0.53
"""Tokens/s of `story`, which fills rows up and begins all of them with the system prompt, over that."""
_START_SECONDS = 15.0  # imports, loading and saving, measured with the same run
_CHARACTERS_A_TOKEN = 4.0
_TEMPLATE_TOKENS = 35  # system prompt and role marks of a ChatML template
_ROLE_TOKENS, _GUARD_TOKENS = 12, 32
_GUARDS_TOKENS, _CARD_TOKENS = 14_000, 15_000
"""Cost of the base's answers, the keys and the report card, as the number of training tokens that take as long."""
# Bytes of Python, torch, transformers and a copy of the weights while they load (docs/explain/figures.md).
_TORCH = 1.25e9
_NF4 = 0.57  # bytes a weight takes with its share of the constants (QLoRA, arXiv 2305.14314: 4.5 bits)
_ALIKE = ("base", "batch_size", "rank", "max_length", "kl", "guards", "neighbours", "guard_batch", "load_in_4bit")
_FEW_STEPS = 3
_LOGITS = 24  # bytes for each token and word: six copies in 32 bit, with the gradient and the other model's
_CARD_BATCH = 24 * 32  # tokens whose words the report card looks at in one pass
_CARD_PROMPTS = 208 * 64  # tokens of its questions, all answered together, whose keys and values are kept
_CUDA = 0.8e9  # bytes of a CUDA context and of what its allocator keeps


@dataclass(frozen=True)
class LoraEstimate:
    """Steps, time and memory of a run; `seconds` is None if no run with this model has been measured here."""

    rows: int
    epochs: float
    batch: int
    steps: int
    seconds: float | None
    basis: str
    memory: float | None = None
    """Peak memory in bytes, on the GPU if there is one; None if nothing is known about the base."""
    free: float | None = None
    """Bytes that are free now."""

    @property
    def sentence(self) -> str:
        epochs = f"{self.epochs:g} {'epoch' if self.epochs == 1 else 'epochs'}"
        steps = f"{plural(self.rows, 'row')} × {epochs} ÷ batch {self.batch} = {plural(self.steps, 'step')}"
        if self.steps * self.batch != self.rows * self.epochs:  # the last batch of each epoch is smaller
            steps += f", {self.steps / self.epochs:.3g} an epoch"
        time = "time unknown" if self.seconds is None else rough_time(self.seconds)
        memory = "" if self.memory is None else f" · about {human_bytes(self.memory)}"
        return f"{steps} · {time}{memory} ({self.basis})"

    @property
    def warning(self) -> str:
        """Why the run may fail; empty if all is well."""
        if self.memory is None or self.free is None or self.memory <= self.free:
            return ""
        return f"Only {human_bytes(self.free)} are free: a smaller batch or rank needs less."


def estimate_lora(workspace: Workspace, recipe: LoraRecipe, base: BaseModel, rows: Sequence[Fact]) -> LoraEstimate:
    """Return the cost of `recipe` on `rows`; the speed is that of the last run with the same base in this workspace.

    Args:
        base: the model that `recipe.base` names.
    """
    trained, examined = _tokens(recipe, rows)
    speed, basis = _speed_here(workspace, recipe, base)
    if speed is None and recipe.base == _REFERENCE_BASE:
        speed, basis = (
            _REFERENCE_SPEED * _pace(recipe.kl),
            "measured on two CPU cores, not on this box yet",
        )
    seconds = None if speed is None else _START_SECONDS + (trained + examined * _pace(recipe.kl)) / speed
    longest = (
        max((len(row.question) + len(row.answer)) / _CHARACTERS_A_TOKEN + _TEMPLATE_TOKENS for row in rows)
        if rows
        else 0.0
    )
    steps = recipe.steps(len(rows))
    memory = _memory_here(workspace, recipe) or _memory_by_formula(recipe, base, min(longest, recipe.max_length))
    free = free_memory(gpu.usable())
    return LoraEstimate(len(rows), recipe.epochs, recipe.effective_batch, steps, seconds, basis, memory, free)


def exam_memory(recipe: LoraRecipe, base: BaseModel) -> float | None:
    """Return the peak memory of an exam in bytes; None if the base is not on this box yet."""
    return _memory_by_formula(recipe, base, None)


def _tokens(recipe: LoraRecipe, rows: Sequence[Fact]) -> tuple[float, float]:
    """Return what a run reads in its steps, and what it reads before and after them, in tokens of guarded training."""
    texts = sum((len(row.question) + len(row.answer)) / _CHARACTERS_A_TOKEN for row in rows)
    if not recipe.guarded:
        return recipe.epochs * (texts + _TEMPLATE_TOKENS * len(rows)), _CARD_TOKENS
    steps = recipe.steps(len(rows)) * recipe.accumulation
    # Packed rows share the system prompt: its role marks are left.
    learned = recipe.epochs * (texts + _ROLE_TOKENS * len(rows))
    kept = steps * min(recipe.guard_batch, recipe.guards + recipe.neighbours) * _GUARD_TOKENS
    return learned + kept, _GUARDS_TOKENS + _CARD_TOKENS


def _memory_here(workspace: Workspace, recipe: LoraRecipe) -> float | None:
    """Return what the last finished run with this base, batch, guards and rank needed, and a little more."""
    usable = gpu.usable()
    for run, manifest, state in measured_here(workspace, "lora", on_gpu=bool(usable)):
        if run.status != "finished":
            continue  # a run that ended early has no report card, which needs most memory
        there = manifest.recipe
        same = all(there.get(key) == getattr(recipe, key) for key in _ALIKE)
        used = state.gpu_memory if usable else state.memory if state.gpu_memory is None else None
        if same and used:
            return memory_again(used, 0, all_memory(usable))
    return None


def _memory_by_formula(recipe: LoraRecipe, base: BaseModel, tokens: float | None) -> float | None:
    """Return the bytes that `recipe` needs for rows of `tokens` tokens (None: for its card alone).

    None where the base is not here yet.

    Weights, the adapter with its gradients and AdamW's two moments (16 bytes a parameter), activations of
    34 · tokens · hidden bytes a layer in 16 bit (Korthikanti et al. 2022, arXiv 2205.05198, equation 1 without the
    attention scores, which are small here; twice that in 32 bit; with recomputation, as on a GPU, 2 · tokens · hidden),
    copies of the logits, and what Python and torch take. The guards of a batch are tokens as its rows are; and where
    a step takes little, the report card takes most. Checked against real runs on a processor (docs/explain/figures.md).
    """
    folder = base.path
    try:
        config = json.loads(read_regular(folder / "config.json"))
        hidden, layers = int(config["hidden_size"]), int(config["num_hidden_layers"])
        inner, vocabulary = int(config["intermediate_size"]), int(config["vocab_size"])
        heads = int(config["num_attention_heads"])
        key_value = hidden * int(config.get("num_key_value_heads") or heads) // heads
    except (OSError, ValueError, KeyError, TypeError):
        return None
    parameters = weight_bytes(folder) / bytes_per_weight(config)
    on_gpu = bool(gpu.usable())
    whole = 2 if on_gpu else 4
    embeddings = vocabulary * hidden
    weights = parameters * whole
    if in_4bit(recipe, base):  # NF4 and its constants for the projections; the embeddings stay as they are
        weights = (parameters - embeddings) * _NF4 + embeddings * whole
    sizes = {"k_proj": (hidden, key_value), "v_proj": (hidden, key_value), "gate_proj": (hidden, inner)}
    sizes |= {"up_proj": (hidden, inner), "down_proj": (inner, hidden)}
    adapter = recipe.rank * layers * sum(sum(sizes.get(target, (hidden, hidden))) for target in recipe.targets)
    card = _CARD_BATCH * (hidden * layers * 4 + _LOGITS * vocabulary)
    overhead = _CUDA if on_gpu else _TORCH
    if tokens is None:
        return weights + 4 * adapter + card + _CARD_PROMPTS * layers * 2 * key_value * whole + overhead
    batch, deep = recipe.batch_size * tokens, float(layers)
    if recipe.guarded:  # the first layers have no adapter: nothing of them is kept for a gradient
        batch += min(recipe.guard_batch, recipe.guards + recipe.neighbours) * (_ROLE_TOKENS + _GUARD_TOKENS)
        deep *= 1 - recipe.skipped
    step = batch * (hidden * deep * (2 if on_gpu else 68) + _LOGITS * vocabulary)
    return weights + 16 * adapter + max(step, card) + overhead


def _speed_here(workspace: Workspace, recipe: LoraRecipe, base: BaseModel) -> tuple[float | None, str]:
    """Return the tokens/s of `recipe` and what that is known from.

    That is the last run with this base, if possible one with guards or without as `recipe`; else the last one with
    another base, by the size of the weights.
    """
    found: tuple[float | None, str] = None, "no run with this base yet; known after the first steps"
    same = False
    for run, manifest, state in measured_here(workspace, "lora", on_gpu=bool(gpu.usable())):
        speed = state.tokens_per_s
        if not speed or 0 < state.step < _FEW_STEPS:
            continue  # the first steps are slower than all others
        kl = float(manifest.recipe.get("kl") or 0)
        if manifest.recipe.get("base") == recipe.base:
            if (kl > 0) == recipe.guarded:
                return speed, f"as fast as {run.id}"
            if not same:
                found, same = (speed / _pace(kl) * _pace(recipe.kl), f"as fast as {run.id}"), True
        elif found[0] is None and recipe.base != _REFERENCE_BASE:
            path = manifest.base.get("path")
            there, here = weight_bytes(Path(str(path))) if path else 0, weight_bytes(base.path)
            if there and here:
                speed *= there / here / _pace(kl) * _pace(recipe.kl)
                found = speed, f"worked out from {run.id}, which has another base model"
    return found


def _pace(kl: float) -> float:
    """Return how many tokens of a run without guards take as long as one with them."""
    return 1.0 if kl > 0 else _PLAIN_PACE
