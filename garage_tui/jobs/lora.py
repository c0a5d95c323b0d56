"""Teach facts to a model: TRL's SFTTrainer with a PEFT LoRA adapter, on the rows of one run folder.

    python -m garage_tui.jobs.lora checkpoints/RUN [LOCK-FD,…]

Reads `run.json` and `facts.jsonl`, writes events, state, `checkpoint-N/` and `adapter/`. The supervisor starts it; by
hand it runs the same. A run that was cut off goes on from its newest whole checkpoint, with the same data order,
optimiser, scheduler and random numbers (transformers' Trainer, `resume_from_checkpoint`). The loss is on the
completions of conversational rows alone (TRL's SFT documentation, "Train on completion only").
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import traceback
from pathlib import Path

import msgspec

from garage_tui.core import checkpoints, facts
from garage_tui.core.errors import GarageError
from garage_tui.core.recipe import LoraRecipe
from garage_tui.core.runs import ADAPTER, FACTS, MANIFEST, Manifest, write_manifest
from garage_tui.jobs import base_model, saving
from garage_tui.jobs.events import ENDINGS, Progress, StopRequestedError
from garage_tui.jobs.failures import in_words

FULL_DISK = "free some space and resume the run"
OUT_OF_MEMORY = "out of memory; try a smaller batch, a shorter max_length or a smaller model"


def main() -> int:
    progress = Progress.of_arguments(sys.argv[1:])
    try:
        train(progress.folder, progress)
    except StopRequestedError:
        progress.end_early()
    except Exception as error:
        checkpoints.remove_unsealed(progress.folder)  # on a full disk this makes room for what is to be said
        reason = in_words(error, full_disk=FULL_DISK, out_of_memory=OUT_OF_MEMORY)
        if not isinstance(error, GarageError):
            with contextlib.suppress(OSError):  # the disk may be full
                traceback.print_exc()
        progress.end("failed", reason)
        return 1
    return 0


def train(folder: Path, progress: Progress) -> None:
    """Run the recipe of `folder`'s manifest to its end, or until a stop is asked for."""
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    recipe = msgspec.convert(manifest.recipe, LoraRecipe)
    rows = facts.training_rows(folder / FACTS)
    start = saving.find_start(folder, progress)
    if progress.told_step and hashlib.sha256((folder / FACTS).read_bytes()).hexdigest() != manifest.dataset["sha256"]:
        raise GarageError(f"{folder / FACTS} was changed since the run began; start a new run on it")

    progress.phase("looking for the base model")
    base = base_model.ensure(recipe.base, progress.say)
    if "path" not in manifest.base:
        known = {"path": str(base.path), "source": base.source, "sha256": base.record.sha256 if base.record else None}
        manifest = msgspec.structs.replace(manifest, base={**manifest.base, **known})
        write_manifest(folder, manifest)

    progress.phase("importing torch and trl")
    import torch
    from datasets import Dataset, disable_progress_bars
    from peft import LoraConfig
    from transformers import PrinterCallback, TrainerCallback, set_seed
    from trl import SFTConfig, SFTTrainer

    from garage_tui.jobs.loading import load_base

    disable_progress_bars()
    set_seed(recipe.seed)
    cuda = torch.cuda.is_available()
    bf16 = cuda and torch.cuda.is_bf16_supported()

    progress.phase("loading the base model")
    tokenizer, model = load_base(base, f"{base.path} cannot be loaded as a model", spread=True)

    data = Dataset.from_list(
        [
            {
                "prompt": [{"role": "user", "content": row.question}],
                "completion": [{"role": "assistant", "content": row.answer}],
            }
            for row in rows
        ]
    )

    class Report(TrainerCallback):
        """Writes each step to the run folder, saves now and then, and does what the owner asks."""

        def __init__(self) -> None:
            self.tokens = start.tokens
            self.first: tuple[float, int, int] | None = None  # active seconds, tokens and step after the first step
            self.began = progress.active_seconds
            self.saved = saving.Pace(manifest.checkpoint_seconds)

        def on_step_end(self, args, state, control, **_):  # type: ignore[no-untyped-def]
            wish = progress.wish()
            if wish in ("stop", "release", "end"):
                control.should_training_stop = control.should_save = True
            elif wish == "pause" or self.saved.due():
                control.should_save = True
            return control

        def on_save(self, args, state, control, **_):  # type: ignore[no-untyped-def]
            saving.seal(folder, state.global_step, self.tokens, progress)
            self.saved.done()
            progress.wait_while_paused(state.global_step)
            if progress.wish() in ("stop", "release", "end"):
                control.should_training_stop = True
            return control

        def on_log(self, args, state, control, logs=None, **_):  # type: ignore[no-untyped-def]
            if not logs or "loss" not in logs:
                return
            now, step = progress.active_seconds, state.global_step
            self.tokens = start.tokens + int(logs.get("num_tokens", 0))
            # The first step pays for lazy initialisation, and would spoil the forecast of those that come after it.
            then, tokens_then, step_then = self.first or (self.began, start.tokens, start.step)
            speed = (self.tokens - tokens_then) / (now - then)
            left = (state.max_steps - step) * (now - then) / (step - step_then)
            self.first = self.first or (now, self.tokens, step)
            epoch, loss, rate = round(state.epoch or 0.0, 3), round(logs["loss"], 5), logs["learning_rate"]
            progress.step(
                step=step,
                loss=loss,
                epoch=epoch,
                lr=rate,
                tokens=self.tokens,
                tokens_per_s=round(speed, 1),
                seconds_left=round(left, 1),
                total_steps=state.max_steps,
                **({"gpu_memory": torch.cuda.max_memory_reserved()} if cuda else {}),
            )
            print(
                f"step {step}/{state.max_steps}  epoch {epoch:.2f}  loss {loss:.4f}  lr {rate:.2e}"
                f"  {speed:.0f} tokens/s",
                flush=True,
            )

    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=data,
        peft_config=LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            lora_dropout=recipe.dropout,
            target_modules=list(recipe.targets),
            task_type="CAUSAL_LM",
        ),
        args=SFTConfig(
            output_dir=str(folder),
            num_train_epochs=recipe.epochs,
            per_device_train_batch_size=recipe.batch_size,
            gradient_accumulation_steps=recipe.accumulation,
            learning_rate=recipe.lr,
            lr_scheduler_type=recipe.schedule,
            warmup_steps=recipe.warmup_steps,
            weight_decay=recipe.weight_decay,
            max_length=recipe.max_length,
            completion_only_loss=True,
            seed=recipe.seed,
            use_cpu=not cuda,
            bf16=bf16,
            gradient_checkpointing=cuda,  # on a CPU memory is plenty and the recomputation is not
            logging_steps=1,
            save_strategy="no",  # the report above says when
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=cuda,
        ),
        callbacks=[Report()],
    )
    trainer.remove_callback(PrinterCallback)  # prints its logs as dicts; the report above says the same for people
    trainer.create_model_card = lambda *_, **__: None  # a README of TRL's in the run folder would help nobody

    progress.interruptible = False  # from here on a stop saves
    progress.phase(f"training on {len(rows)} rows")
    trainer.train(resume_from_checkpoint=str(start.folder) if start.folder else None)

    step, steps = trainer.state.global_step, trainer.state.max_steps
    wish = progress.wish() if step < steps else ""
    word, who = ENDINGS.get(wish, ("finished", ""))
    if word in ("finished", "stopped"):
        progress.phase("saving the adapter")
        saving.replace_whole(folder / ADAPTER, trainer.save_model)
    if word == "finished":
        progress.end(word)
    elif word == "stopped":
        progress.end(word, f"{who} at step {step} of {steps}; the adapter is saved as it was then")
    else:
        progress.end(word, f"{who} at step {step} of {steps}; saved, and its memory is free")


if __name__ == "__main__":
    sys.exit(main())
