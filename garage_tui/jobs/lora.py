"""Teach facts to a model: TRL's SFTTrainer with a PEFT LoRA adapter, on the rows of one run folder.

    python -m garage_tui.jobs.lora checkpoints/RUN [LOCK-FD]

Reads `run.json` and `facts.jsonl`, writes events, state, `checkpoint-N/` and `adapter/`. The supervisor starts it; by
hand it runs the same. The loss is on the completions of conversational rows alone (TRL's SFT documentation, "Train on
completion only").
"""

from __future__ import annotations

import contextlib
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec

from garage_tui.core import facts
from garage_tui.core.errors import GarageError
from garage_tui.core.recipe import LoraRecipe
from garage_tui.core.runs import ADAPTER, FACTS, MANIFEST, Manifest, write_manifest
from garage_tui.jobs import base_model
from garage_tui.jobs.events import Progress, StopRequestedError
from garage_tui.jobs.failures import in_words

FULL_DISK = "free some space and start the run again"
OUT_OF_MEMORY = "out of memory; try a smaller batch, a shorter max_length or a smaller model"


def main() -> int:
    folder = Path(sys.argv[1]).resolve()
    progress = Progress(folder, int(sys.argv[2]) if len(sys.argv) > 2 else None)
    try:
        train(folder, progress)
    except StopRequestedError:
        progress.end("stopped", "before the first step; there was nothing to save")
    except Exception as error:
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
    tokenizer, model = load_base(base, f"{base.path} cannot be loaded as a model")

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
        """Writes each step to the run folder, and stops the trainer when the owner asks."""

        def __init__(self) -> None:
            self.started = time.monotonic()
            self.first: tuple[float, float, int] | None = None  # time, tokens and step at the end of the first step

        def on_step_end(self, args, state, control, **_):  # type: ignore[no-untyped-def]
            if progress.stop_wanted():
                control.should_training_stop = control.should_save = True
            return control

        def on_log(self, args, state, control, logs=None, **_):  # type: ignore[no-untyped-def]
            if not logs or "loss" not in logs:
                return
            now, tokens, step = time.monotonic(), int(logs.get("num_tokens", 0)), state.global_step
            # The first step pays for lazy initialisation, and would spoil the forecast of those that come after it.
            then, tokens_then, step_then = self.first or (self.started, 0, 0)
            speed = (tokens - tokens_then) / (now - then)
            left = (state.max_steps - step) * (now - then) / (step - step_then)
            self.first = self.first or (now, tokens, step)
            epoch, loss, rate = round(state.epoch or 0.0, 3), round(logs["loss"], 5), logs["learning_rate"]
            progress.step(
                step=step,
                epoch=epoch,
                loss=loss,
                lr=rate,
                tokens=tokens,
                tokens_per_s=round(speed, 1),
                seconds_left=round(left, 1),
                total_steps=state.max_steps,
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
            save_strategy="epoch",
            save_total_limit=2,
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
    trainer.train()

    progress.phase("saving the adapter")
    save_whole(folder / ADAPTER, trainer.save_model)
    step = trainer.state.global_step
    if progress.stopping and step < trainer.state.max_steps:
        progress.end(
            "stopped", f"by you at step {step} of {trainer.state.max_steps}; the adapter is saved as it was then"
        )
    else:
        progress.end("finished")


def save_whole(target: Path, save: Callable[[str], None]) -> None:
    """Let `save` fill a folder beside `target`, then rename it: a reader sees a whole adapter or none."""
    part = target.with_name(f".{target.name}.part")
    save(str(part))
    (part / "training_args.bin").unlink(missing_ok=True)  # a pickle, which nobody should ever load
    part.rename(target)


if __name__ == "__main__":
    sys.exit(main())
