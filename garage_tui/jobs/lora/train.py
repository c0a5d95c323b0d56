"""The job of a LoRA run: trains a PEFT adapter on the facts of its run folder.

    python -m garage_tui.jobs.lora checkpoints/RUN [LOCK-FD,…]

Reads `run.json` and `facts.jsonl`, writes events, state, `checkpoint-N/`, `adapter/` and `routes.json`. The
supervisor starts it; it can also be started by hand, as one process. An interrupted run continues from its newest
complete checkpoint, with the same data order, optimiser, scheduler and random numbers (transformers' Trainer,
`resume_from_checkpoint`). The recipe decides how it is trained: by `jobs/lora/sft_trainer.py` (TRL's SFTTrainer, as in
the story) or by `jobs/lora/guarded_trainer.py`, which preserves all other answers. Both work with PEFT and with Unsloth
(`jobs/lora/trainer_choice.py`).
"""

from __future__ import annotations

import contextlib

import msgspec

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.facts.training_file import read_training_file
from garage_tui.core.routing.routes_file import write_routes
from garage_tui.core.routing.subjects import find_subjects
from garage_tui.core.runs.folder import ADAPTER, COMPLETE, FACTS
from garage_tui.core.runs.record import write_manifest
from garage_tui.core.training.quantization import in_4bit
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.jobs.llm.fetch import fetch_if_missing
from garage_tui.jobs.runtime import checkpointing, run_job
from garage_tui.jobs.runtime.blocked_imports import block_imports
from garage_tui.jobs.runtime.launcher import refuse_several_processes
from garage_tui.jobs.runtime.progress import ENDINGS
from garage_tui.jobs.runtime.run_job import Job

OUT_OF_MEMORY = "out of memory; try a smaller batch, a shorter max_length or a smaller model"


def main() -> int:
    return run_job.run(train, LoraRecipe, OUT_OF_MEMORY, allowed=refuse_several_processes)


def train(job: Job[LoraRecipe]) -> None:
    """Run a recipe to its end, or until a stop is requested."""
    folder, manifest, recipe, progress = job.folder, job.manifest, job.recipe, job.progress
    taught = read_training_file(folder / FACTS)
    start = checkpointing.find_resume_point(folder, progress)
    if progress.last_step and taught.sha256 != manifest.dataset["sha256"]:
        raise GarageError(f"{folder / FACTS} was changed since the run began; start a new run on it")

    progress.start_phase("finding the base model")
    base = fetch_if_missing(recipe.base, progress.say)

    progress.start_phase("importing torch and trl")
    import torch

    from garage_tui.jobs.lora.trainer_choice import choose

    chosen = choose(recipe.trainer, base)  # before all that Unsloth patches is imported
    progress.write_trainer(chosen.text)
    if (
        recipe.load_in_4bit is None or "path" not in manifest.base
    ):  # what the first start finds out holds for every resume
        recipe = msgspec.structs.replace(recipe, load_in_4bit=in_4bit(recipe, base, torch.cuda.is_available()))
        known = {"path": str(base.path), "source": base.source, "sha256": base.record.sha256 if base.record else None}
        found = {"base": {**manifest.base, **known}, "recipe": msgspec.to_builtins(recipe)}
        write_manifest(folder, msgspec.structs.replace(manifest, **found))
    if not chosen.unsloth:
        block_imports(base, four_bit=bool(recipe.load_in_4bit), datasets=not recipe.guarded)

    from transformers import PrinterCallback, set_seed

    from garage_tui.jobs.llm import unsloth
    from garage_tui.jobs.llm.load import load_base
    from garage_tui.jobs.lora.run_callback import RunCallback
    from garage_tui.jobs.lora.trainer_inputs import TrainerInputs

    set_seed(recipe.seed)
    cuda = torch.cuda.is_available()
    arguments = {  # transformers' TrainingArguments that the plain and the guarded recipe share
        "output_dir": str(folder),
        "gradient_accumulation_steps": recipe.accumulation,
        "learning_rate": recipe.lr,
        "lr_scheduler_type": recipe.schedule,
        "warmup_steps": recipe.warmup_steps,
        "weight_decay": recipe.weight_decay,
        "seed": recipe.seed,
        "use_cpu": not cuda,
        "bf16": cuda and torch.cuda.is_bf16_supported(),
        "gradient_checkpointing": cuda,  # on a CPU recomputation costs more than the memory is worth
        "logging_steps": 1,
        "save_strategy": "no",  # the callback decides when
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }
    progress.start_phase("loading the base model")
    failure = f"{base.path} cannot be loaded as a model"
    if chosen.unsloth:
        tokenizer, model = unsloth.load(base, failure, recipe)
    else:
        tokenizer, model = load_base(base, failure, spread=True, four_bit=bool(recipe.load_in_4bit))
    if recipe.guarded:
        from garage_tui.jobs.lora.guarded_trainer import make_trainer
    else:
        from garage_tui.jobs.lora.sft_trainer import make_trainer
    callback = RunCallback(folder, progress, job.interruptions, start, manifest.checkpoint_seconds, recipe, taught.file)
    resumed = bool(start.folder)
    trainer = make_trainer(
        TrainerInputs(recipe, taught.file, base, tokenizer, model, arguments, callback, progress, resumed)
    )
    trainer.remove_callback(PrinterCallback)  # prints its logs as dicts; the callback prints them as text

    progress.interruptible = False  # from here on a stop saves
    progress.start_phase(f"training on {plural(len(taught.rows), 'row')}")
    trainer.train(resume_from_checkpoint=str(start.folder) if start.folder else None)

    step, steps = trainer.state.global_step, trainer.state.max_steps
    if callback.hold and not progress.requested():
        progress.suspend(step, callback.hold)
        return
    request = progress.requested() if step < steps and not callback.learned else ""
    word, who = ENDINGS.get(request, ("finished", ""))
    if word in COMPLETE:
        progress.start_phase("saving the adapter")
        checkpointing.replace_folder(folder / ADAPTER, trainer.save_model)
        with contextlib.suppress(OSError):  # without it the server finds the subjects in the copy of the facts
            write_routes(folder, find_subjects(taught.rows))
    if word == "finished":
        card = callback.card()
        progress.end(word, "; ".join(filter(None, (callback.learned, card))))
    elif word == "stopped":
        progress.end(word, f"{who} at step {step} of {steps}; the adapter is saved as it was then")
    else:
        progress.end(word, f"{who} at step {step} of {steps}; saved, and its memory is freed")
