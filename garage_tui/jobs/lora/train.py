"""Teach facts to a model: a PEFT LoRA adapter, trained on the rows of one run folder.

    python -m garage_tui.jobs.lora checkpoints/RUN [LOCK-FD,…]

Reads `run.json` and `facts.jsonl`, writes events, state, `checkpoint-N/` and `adapter/`. The supervisor starts it; by
hand it runs the same. A run that was cut off goes on from its newest whole checkpoint, with the same data order,
optimiser, scheduler and random numbers (transformers' Trainer, `resume_from_checkpoint`). How it is trained says the
recipe: `jobs/lora/sft_trainer.py` (TRL's SFTTrainer, as in the story) or `jobs/lora/guarded_trainer.py`, which keeps
the rest in place. Both
work on a model of PEFT's or of Unsloth's (`jobs/lora/trainer_choice.py`).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.facts import file as facts
from garage_tui.core.runs.record import ADAPTER, FACTS, MANIFEST, Manifest, write_manifest
from garage_tui.core.training.quantization import in_4bit
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.jobs.llm import fetch as base_model
from garage_tui.jobs.runtime import checkpointing as saving
from garage_tui.jobs.runtime import import_blocker as unneeded
from garage_tui.jobs.runtime import run_job as running
from garage_tui.jobs.runtime.interruptions import Interruptions
from garage_tui.jobs.runtime.progress import ENDINGS, Progress
from garage_tui.jobs.runtime.telemetry import Telemetry

OUT_OF_MEMORY = "out of memory; try a smaller batch, a shorter max_length or a smaller model"


def main() -> int:
    return running.run(train, OUT_OF_MEMORY)


def train(folder: Path, progress: Progress, telemetry: Telemetry) -> None:
    """Run the recipe of `folder`'s manifest to its end, or until a stop is asked for."""
    manifest = msgspec.json.decode(read_regular(folder / MANIFEST), type=Manifest)
    breaks = Interruptions(progress, telemetry, manifest.care)
    breaks.check()
    progress.breathe = lambda: breaks.cool(progress.told_step)
    recipe = msgspec.convert(manifest.recipe, LoraRecipe)
    rows = facts.load_training_rows(folder / FACTS)
    start = saving.find_start(folder, progress)
    data = read_regular(folder / FACTS, facts.MOST_BYTES)
    if progress.told_step and hashlib.sha256(data).hexdigest() != manifest.dataset["sha256"]:
        raise GarageError(f"{folder / FACTS} was changed since the run began; start a new run on it")

    progress.phase("looking for the base model")
    base = base_model.ensure(recipe.base, progress.say)

    progress.phase("importing torch and trl")
    import torch

    from garage_tui.jobs.lora import trainer_choice as trainers

    chosen = trainers.choose(recipe.trainer, base)  # before all that Unsloth patches is imported
    progress.trainer(chosen.words)
    if recipe.load_in_4bit is None or "path" not in manifest.base:  # what the first life finds out holds for all
        recipe = msgspec.structs.replace(recipe, load_in_4bit=in_4bit(recipe, torch.cuda.is_available()))
        known = {"path": str(base.path), "source": base.source, "sha256": base.record.sha256 if base.record else None}
        found = {"base": {**manifest.base, **known}, "recipe": msgspec.to_builtins(recipe)}
        write_manifest(folder, msgspec.structs.replace(manifest, **found))
    if not chosen.unsloth:
        unneeded.leave_out(base, four_bit=bool(recipe.load_in_4bit), datasets=not recipe.guarded)

    from transformers import PrinterCallback, set_seed

    from garage_tui.jobs.llm import unsloth as unsloth_model
    from garage_tui.jobs.llm.load import load_base
    from garage_tui.jobs.lora.callback import ProgressCallback

    set_seed(recipe.seed)
    cuda = torch.cuda.is_available()
    # What the plain and the guarded recipe have in common, in the words of transformers' TrainingArguments.
    common = {
        "output_dir": str(folder),
        "gradient_accumulation_steps": recipe.accumulation,
        "learning_rate": recipe.lr,
        "lr_scheduler_type": recipe.schedule,
        "warmup_steps": recipe.warmup_steps,
        "weight_decay": recipe.weight_decay,
        "seed": recipe.seed,
        "use_cpu": not cuda,
        "bf16": cuda and torch.cuda.is_bf16_supported(),
        "gradient_checkpointing": cuda,  # on a CPU memory is plenty and the recomputation is not
        "logging_steps": 1,
        "save_strategy": "no",  # the callback says when
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }
    progress.phase("loading the base model")
    failure = f"{base.path} cannot be loaded as a model"
    if chosen.unsloth:
        tokenizer, model = unsloth_model.load(base, failure, recipe)
    else:
        tokenizer, model = load_base(base, failure, spread=True, four_bit=bool(recipe.load_in_4bit))
    if recipe.guarded:
        from garage_tui.jobs.lora.guarded_trainer import make_trainer
    else:
        from garage_tui.jobs.lora.sft_trainer import make_trainer
    telling = ProgressCallback(folder, progress, breaks, start, manifest.checkpoint_seconds, recipe)
    trainer = make_trainer(folder, recipe, base, tokenizer, model, common, telling, progress, bool(start.folder))
    trainer.remove_callback(PrinterCallback)  # prints its logs as dicts; the callback says the same for people

    progress.interruptible = False  # from here on a stop saves
    progress.phase(f"training on {len(rows)} rows")
    trainer.train(resume_from_checkpoint=str(start.folder) if start.folder else None)

    step, steps = trainer.state.global_step, trainer.state.max_steps
    if telling.hold and not progress.wish():
        progress.end_for_now(step, telling.hold)
        return
    wish = progress.wish() if step < steps and not telling.learned else ""
    word, who = ENDINGS.get(wish, ("finished", ""))
    if word in ("finished", "stopped"):
        progress.phase("saving the adapter")
        saving.replace_whole(folder / ADAPTER, trainer.save_model)
    if word == "finished":
        card = telling.card()
        progress.end(word, "; ".join(filter(None, (telling.learned, card))))
    elif word == "stopped":
        progress.end(word, f"{who} at step {step} of {steps}; the adapter is saved as it was then")
    else:
        progress.end(word, f"{who} at step {step} of {steps}; saved, and its memory is free")
