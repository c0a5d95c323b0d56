"""A run of our job on the model with random weights: seconds a step, memory, λ's share, and what prepares the steps."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import torch

from garage_tui.core.facts.training_file import read_training_file
from garage_tui.core.runs.catalog import new_run_folder
from garage_tui.core.runs.folder import EVENTS, FACTS, LOCK
from garage_tui.core.runs.record import Manifest, RunState, read_run, write_manifest, write_state
from garage_tui.core.settings.settings import Workspace
from garage_tui.core.training.recipe import LoraRecipe, make_recipe
from gpu_parts.rows import ROOT, Options, Report

FILE = ROOT / "datasets" / "garage.jsonl"
REPORT_AT = (6, 20)
"""Steps after which the figures so far are reported: what comes later may be cut off by the time limit."""


def measure_default(options: Options, report: Report) -> None:
    """Report a run with the preset `default`: its preparation too."""
    small = {"epochs": 3, "guards": 16, "neighbours": 8, "looks": 0} if options.dry else {"looks": 0}
    _run(options, report, "default", small)


def measure_story(options: Options, report: Report) -> None:
    """Report a run with the preset `story`."""
    _run(options, report, "story", {"looks": 0, **({"epochs": 3} if options.dry else {})})


def _run(options: Options, report: Report, preset: str, changes: dict[str, Any]) -> None:
    from garage_tui.jobs.lora.train import OUT_OF_MEMORY, train
    from garage_tui.jobs.runtime import checkpointing, run_job

    os.environ["GARAGE_CACHE"] = tempfile.mkdtemp()  # the base's answers are collected, as in a first run
    taught = read_training_file(FILE)
    recipe = make_recipe(preset, rows=len(taught.rows), base=options.model, load_in_4bit=False, **changes)
    folder = _folder(recipe, len(taught.rows))
    watch = _Watch(report, options.device == "cuda")
    watch.follow(recipe)

    def end(*_: Any) -> None:
        watch.finish(folder)
        os._exit(0)

    checkpointing.replace_folder = end  # type: ignore[assignment]  # the adapter of random weights is not saved
    sys.argv = ["lora", str(folder)]
    run_job.run(train, LoraRecipe, OUT_OF_MEMORY)
    state = read_run(folder).state
    raise RuntimeError(state.reason if state else "the job ended without a word")


def _folder(recipe: LoraRecipe, rows: int) -> Path:
    """Return a new run folder on the example facts."""
    folder = new_run_folder(Workspace.find(tempfile.mkdtemp()), "lora", recipe.preset)
    facts = FILE.read_bytes()
    (folder / FACTS).write_bytes(facts)
    (folder / LOCK).touch()
    manifest = Manifest(
        id=folder.name,
        kind="lora",
        created=time.time(),
        recipe=msgspec.to_builtins(recipe),
        base={"name": recipe.base},
        dataset={"path": str(folder / FACTS), "sha256": hashlib.sha256(facts).hexdigest(), "rows": rows},
        checkpoint_seconds=1e9,
    )
    write_manifest(folder, manifest)
    write_state(folder, RunState(state="running"))
    return folder


class _Watch:
    """Measures the phases of a job in this process by standing between it and its parts."""

    def __init__(self, report: Report, cuda: bool) -> None:
        self._report, self._cuda = report, cuda
        self._began = self._loaded = time.perf_counter()
        self._ended: list[float] = []
        self._optimiser: Any = None

    def follow(self, recipe: LoraRecipe) -> None:
        """Have all phases measured, from where the job has chosen what it must not import, or what first."""
        from garage_tui.jobs.lora import train, trainer_choice

        module: Any = train
        choose, block = trainer_choice.choose, module.block_imports

        def chosen(*arguments: Any) -> Any:
            found = choose(*arguments)
            if found.unsloth:
                self._install(recipe)
            return found

        def blocked(*arguments: Any, **named: Any) -> None:
            block(*arguments, **named)
            self._install(recipe)

        trainer_choice.choose, module.block_imports = chosen, blocked  # type: ignore[assignment]

    def _install(self, recipe: LoraRecipe) -> None:
        from garage_tui.jobs.llm import load, unsloth

        for module, name in ((load, "load_base"), (unsloth, "load")):
            setattr(module, name, self._timed(getattr(module, name), "imports and loading", since_start=True))
        if recipe.guarded:
            from garage_tui.jobs.lora import guarded_trainer

            phases = {"make_guards": "the base model's own answers", "choose_directions": "LoRA directions (keys)"}
            for name, what in phases.items():
                setattr(guarded_trainer, name, self._timed(getattr(guarded_trainer, name), what))
        self._follow_steps()

    def _follow_steps(self) -> None:
        from garage_tui.jobs.lora.run_callback import RunCallback

        usual = RunCallback.on_log

        def on_log(callback: Any, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
            usual(callback, args, state, control, logs, **others)
            if logs and "loss" in logs:
                self._ended.append(time.perf_counter())
                self._optimiser = others.get("optimizer")
                if len(self._ended) in REPORT_AT:
                    self._steps(f"after {len(self._ended)} of {state.max_steps} steps")

        RunCallback.on_log = on_log  # type: ignore[assignment,method-assign]

    def finish(self, folder: Path) -> None:
        """Report the whole run."""
        steps = [event for line in (folder / EVENTS).read_text().splitlines() if (event := json.loads(line))]
        steps = [event for event in steps if event["event"] == "step"]
        tokens = steps[-1]["tokens"]
        state = read_run(folder).state
        self._steps(f"{steps[-1]['step']} steps; {state.trainer if state else ''}")
        first, last = self._ended[0], self._ended[-1]
        rate = (tokens - steps[0]["tokens"]) / (last - first)
        self._report("tokens a second", f"{rate:.0f}", f"{tokens} tokens, without padding")
        self._report("from the loaded model to the last step", f"{last - self._loaded:.1f} s", "no probes, no card")
        losses = [step["loss"] for step in steps]
        self._report("loss, first and last step", f"{losses[0]:.3f}, {losses[-1]:.3f}", "of random weights")

    def _steps(self, note: str) -> None:
        took = median(later - earlier for earlier, later in pairwise(self._ended))
        self._report("seconds a step (median)", f"{took:.3f}", note)
        self._report(
            "peak memory of the steps", _gigabytes(self._cuda), "torch's tensors" if self._cuda else "resident"
        )
        if values := spectrum(self._optimiser):
            damping = values.damping
            top = ", ".join(f"{value:.3g}" for value in values.largest[:4])
            held = " ".join(f"{damping / (damping + value):.0%}" for value in values.largest[:4])
            above = sum(value > damping for value in values.largest)
            self._report(
                "lambda's share in the first directions", held,
                f"λ = {damping:g}; largest eigenvalues of past·pastᵀ {top}; {above} of {len(values.largest)} above λ",
            )  # fmt: skip

    def _timed(self, function: Callable[..., Any], what: str, since_start: bool = False) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            began = self._began if since_start else time.perf_counter()
            _forget_peak(self._cuda)
            found = function(*arguments, **named)
            if self._cuda:
                torch.cuda.synchronize()
            self._loaded = self._loaded if not since_start else time.perf_counter()
            self._report(what, f"{time.perf_counter() - began:.1f} s", f"peak {_gigabytes(self._cuda)}")
            _forget_peak(self._cuda)
            return found

        return timed


class Spectrum(msgspec.Struct):
    """The eigenvalues of past·pastᵀ, the largest first, beside the damping λ that a step adds to them."""

    largest: list[float]
    damping: float


def spectrum(optimiser: Any) -> Spectrum | None:
    """Return the spectrum of a Gauss-Newton optimiser; None for another one."""
    from garage_tui.jobs.lora.gauss_newton import DAMPING, GaussNewton

    optimiser = getattr(optimiser, "optimizer", optimiser)  # accelerate's wrapper
    if not isinstance(optimiser, GaussNewton):
        return None
    inner: torch.Tensor | None = None
    for state in optimiser.state.values():
        past = state["past"].float().flatten(1)
        inner = past @ past.T if inner is None else inner + past @ past.T
    assert inner is not None
    values = torch.linalg.eigvalsh(inner.double() / len(optimiser.param_groups[0]["past"]))
    return Spectrum(values.flip(0).tolist(), DAMPING)


def _forget_peak(cuda: bool) -> None:
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5")  # proc(5)


def _gigabytes(cuda: bool) -> str:
    if cuda:
        return f"{torch.cuda.max_memory_allocated() / 1e9:.2f} GB"
    lines = Path("/proc/self/status").read_text().splitlines()
    return f"{next(int(line.split()[1]) for line in lines if line.startswith('VmHWM:')) / 1e6:.2f} GB"
