"""What our runs cost beside TRL's SFTTrainer as anybody would write it, on SmolLM2 and the facts of the README.

    .venv/bin/python benchmarks/training.py            (ten minutes on two cores)

Seconds a step of the preset `story`, probes and checkpoints left out, beside the same recipe in a bare script: the same
tokens in the same order, so the same ratio a token. And a whole run of the default, report card and all, beside 25
epochs of the bare script at batch 8, which is what the default replaces (docs/explain/recipe.md says what each of them
learns).
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from ready_base import ready_base
from table import Figure, show

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.tail import FileFollower
from garage_tui.core.facts.training_file import read_training_file
from garage_tui.core.launch import start
from garage_tui.core.models import base_models
from garage_tui.core.runs.folder import EVENTS
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.recipe import make_recipe

FACTS = Path(__file__).resolve().parents[1] / "datasets" / "garage.jsonl"
ROUNDS = 2
EPOCHS = 5


def bare(batch: int, accumulation: int, epochs: int) -> None:
    """Train without us; print when each step ended and the seconds of the whole process so far."""
    began = time.time()
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    recipe, ended = make_recipe("story"), []

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: object, **__: object) -> None:
            ended.append(time.time())

    rows = read_training_file(FACTS).rows
    path = base_models.find(recipe.base).path
    with tempfile.TemporaryDirectory() as out:
        trainer = SFTTrainer(
            model=AutoModelForCausalLM.from_pretrained(path, dtype="float32"),
            processing_class=AutoTokenizer.from_pretrained(path),
            train_dataset=Dataset.from_list(
                [
                    {
                        "prompt": [{"role": "user", "content": row.question}],
                        "completion": [{"role": "assistant", "content": row.answer}],
                    }
                    for row in rows
                ]
            ),
            peft_config=LoraConfig(
                r=recipe.rank,
                lora_alpha=recipe.alpha,
                target_modules=list(recipe.targets),
                task_type="CAUSAL_LM",
            ),
            args=SFTConfig(
                output_dir=out,
                num_train_epochs=epochs,
                per_device_train_batch_size=batch,
                gradient_accumulation_steps=accumulation,
                learning_rate=recipe.lr,
                warmup_steps=recipe.warmup_steps,
                weight_decay=recipe.weight_decay,
                max_length=recipe.max_length,
                seed=recipe.seed,
                completion_only_loss=True,
                gradient_checkpointing=False,
                use_cpu=True,
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            callbacks=[Clock()],
        )
        trainer.train()
        trainer.save_model(out)
    print(json.dumps({"ended": ended, "seconds": time.time() - began}))


def timed_bare(batch: int, accumulation: int, epochs: int) -> tuple[float, float]:
    """Return the median seconds of a step, and of the whole process."""
    command = [sys.executable, __file__, "--bare", str(batch), str(accumulation), str(epochs)]
    began = time.time()
    # As anybody would start it: what our runs have in their environment is ours.
    plain = {**os.environ, "PYTHONPATH": environment()["PYTHONPATH"]}
    done = subprocess.run(command, capture_output=True, text=True, env=plain)
    whole = time.time() - began
    if done.returncode:
        raise SystemExit(f"plain TRL failed:\n{done.stderr[-2000:]}")
    return a_step(json.loads(done.stdout.splitlines()[-1])["ended"]), whole


def timed_ours(preset: str, **changes: Any) -> tuple[float, float]:
    """As `timed_bare`, of a run of ours with its probes, events, checkpoints and card."""
    with tempfile.TemporaryDirectory() as place:
        began = time.time()
        folder = start.start_lora(Workspace.find(place), Settings(), FACTS, make_recipe(preset, **changes))
        while (seen := read_run(folder)).alive:
            time.sleep(0.5)
        if seen.status != "finished":
            raise SystemExit(f"{seen.status}: {seen.reason}\n{(folder / 'log.txt').read_text()[-2000:]}")
        whole = time.time() - began
        return a_step(steps(FileFollower(folder / EVENTS).events(final=True))), whole


def steps(events: list[dict[str, Any]]) -> list[float]:
    """Return when each step ended, with a gap (not a number) where a probe or a checkpoint came between two."""
    reported = [event for event in events if event.get("event") != "telemetry"]  # written by another thread
    return [event["t"] if event.get("event") == "step" else math.nan for event in reported]


def a_step(ended: list[float]) -> float:
    """Return the median seconds from the end of one step to that of the next; the first one warms up."""
    took = [later - earlier for earlier, later in pairwise(ended)]
    return median([seconds for seconds in took if not math.isnan(seconds)][1:])


def figures() -> Iterator[Figure]:
    """Yield one figure after another."""
    ready_base()
    pairs = [(timed_ours("story", epochs=EPOCHS)[0], timed_bare(2, 4, EPOCHS)[0]) for _ in range(ROUNDS)]
    ours, theirs = (min(column) for column in zip(*pairs, strict=True))
    yield Figure("training, a token, the preset story", 1.02, ours / theirs, "×", f"bare TRL {theirs:.2f} s a step")
    _, whole = timed_ours("default")
    _, plain = timed_bare(8, 1, 25)
    yield Figure("a run of the default, card and all", 0.5, whole / plain, "×", f"25 plain epochs {plain:.0f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--bare"]:
        bare(*map(int, sys.argv[2:]))
    else:
        sys.exit(not show(figures()))
