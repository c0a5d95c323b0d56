"""What a training run tells while it works, and how it does what its owner asks: transformers' callbacks."""

from __future__ import annotations

import math
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch
from transformers import TrainerCallback

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.report import DRIFT, RECALL, write_report
from garage_tui.core.facts import file as facts
from garage_tui.core.limits.run_limits import Hold
from garage_tui.core.runs.record import FACTS
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.jobs.exam import TOKENS, ExamRunner
from garage_tui.jobs.llm.base_answer_cache import BaseAnswerCache
from garage_tui.jobs.llm.forward import Model
from garage_tui.jobs.llm.load import chats_of
from garage_tui.jobs.lora.gauss_newton import COOLING, cool, cooling
from garage_tui.jobs.lora.probe import ProbeResult, ProbeRunner
from garage_tui.jobs.runtime import checkpointing as saving
from garage_tui.jobs.runtime.interruptions import Interruptions
from garage_tui.jobs.runtime.progress import Progress, StopRequestedError

_FORGETS_LEAK, _FORGETS_DRIFT = 0.3, 0.25
"""A share of leaks, or nats per token, from which a run is said to forget."""
_SURE = 0.75
"""Of the bar, what the drift at a look may be for a run to stop: a look sees few answers, and the card many."""


class ProgressCallback(TrainerCallback):
    """Writes each step to the run folder, measures and saves now and then, and does what the owner asks.

    Args:
        breaks: say when it has to rest.
        checkpoint_seconds: work between two checkpoints.
    """

    def __init__(
        self,
        folder: Path,
        progress: Progress,
        breaks: Interruptions,
        start: saving.ResumePoint,
        checkpoint_seconds: float,
        recipe: LoraRecipe,
    ) -> None:
        self._folder, self._progress, self._start, self._recipe = folder, progress, start, recipe
        self._breaks = breaks
        self.hold: Hold | None = None
        """What it left for before its last step, where it did."""
        self._tokens = start.tokens
        self._first: tuple[float, int, int] | None = None  # active seconds, tokens and step after the first step
        self._began = progress.active_seconds
        self._saved = saving.CheckpointSchedule(checkpoint_seconds)
        self._model: Model | None = None
        self._probe: ProbeRunner | None = None
        self.learned = ""
        """Why it stopped before its last step, where it did because it had learned."""

    def watch(
        self, model: Any, tokenizer: Any, base: Any, *, known: Model | None = None, used: Sequence[str] = ()
    ) -> None:
        """Take the model that is measured; `used` are general prompts that it trains on."""
        self._base = base
        self._model = known or Model(model, chats_of(tokenizer, model))
        if not self._recipe.looks:
            return
        rows = facts.load_training_rows(self._folder / FACTS)
        with self._model.base(), torch.no_grad():
            model.eval()
            answers = BaseAnswerCache(base, self._model, TOKENS)
            self._probe = ProbeRunner(self._model, rows, used, answers, self._progress.say)
            model.train()

    def card(self) -> str:
        """Examine the run, write its report card and return its verdict; the adapter counts, whatever comes of it."""
        assert self._model is not None
        self._progress.phase("writing the report card")
        self._model.whole.eval()
        self._progress.interruptible = True  # the adapter is saved
        try:
            report = ExamRunner(self._model, self._base, self._folder, self._said).report()
            used = self._progress.gauges()
            report = msgspec.structs.replace(report, wh=used.get("wh"), wh_from=used.get("wh_from", ""))
            write_report(self._folder, report)
        except StopRequestedError:
            self._progress.warn(f"the report card was left out; `garage report {self._folder.name}` makes it")
            return ""
        except Exception as error:
            if not isinstance(error, GarageError):
                traceback.print_exc()
            self._progress.warn(
                f"the report card could not be made ({one_line(str(error), 120)}); `garage report {self._folder.name}`"
                " tries again"
            )
            return ""
        self._progress.event("report", verdict=report.verdict, passed=report.passed, seconds=report.seconds)
        return report.verdict

    def _said(self, text: str) -> None:
        """Say how far the card is; somebody who asks for a stop now wants the processor, and has the adapter."""
        if self._progress.wish() in ("stop", "release", "end"):
            raise StopRequestedError
        self._progress.say(text)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        wish = self._progress.wish()
        if wish in ("stop", "release", "end"):
            control.should_training_stop = control.should_save = True
        elif wish == "pause":
            control.should_save = True
        elif state.global_step < state.max_steps and (hold := self._breaks.hold()):
            self.hold = hold
            control.should_training_stop = control.should_save = True
        elif self._breaks.too_hot or self._saved.due():
            control.should_save = True
        return control

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        saving.seal(self._folder, state.global_step, self._tokens, self._progress)
        self._saved.done()
        self._breaks.cool(state.global_step)
        self._progress.wait_while_paused(state.global_step)
        if self._progress.wish() in ("stop", "release", "end"):
            control.should_training_stop = True
        return control

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: dict[str, Any] | None = None,
        optimizer: Any = None,
        **_: Any,
    ) -> None:
        if not logs or "loss" not in logs:
            return
        now, step = self._progress.active_seconds, state.global_step
        if "num_tokens" in logs:
            self._tokens = self._start.tokens + int(logs["num_tokens"])
        else:  # Unsloth's trainer leaves the counting to transformers', which goes on after a resume
            self._tokens = int(logs.get("num_input_tokens_seen", 0))
        # The first step pays for lazy initialisation, and would spoil the forecast of those that come after it.
        then, tokens_then, step_then = self._first or (self._began, self._start.tokens, self._start.step)
        speed = (self._tokens - tokens_then) / (now - then)
        cooled = cooling(optimizer)
        steps_left = state.max_steps - step if cooled is None else max(cooled.left, 0)
        left = steps_left * (now - then) / (step - step_then)
        self._first = self._first or (now, self._tokens, step)
        # A guarded run is one long epoch to transformers' Trainer.
        epoch = round((state.epoch or 0.0) * (self._recipe.epochs if self._recipe.guarded else 1), 3)
        loss, rate = round(logs["loss"], 5), logs["learning_rate"] * (cooled.share if cooled else 1)
        parts = {name: round(logs[name], 5) for name in ("facts", "guards") if name in logs}
        self._progress.step(
            step=step,
            loss=loss,
            epoch=epoch,
            lr=rate,
            tokens=self._tokens,
            tokens_per_s=round(speed, 1),
            seconds_left=round(left, 1),
            total_steps=state.max_steps,
            **parts,
            **({"gpu_memory": torch.cuda.max_memory_reserved()} if torch.cuda.is_available() else {}),
        )
        shown = "".join(f"  {name} {value:.4f}" for name, value in parts.items())
        print(
            f"step {step}/{state.max_steps}  epoch {epoch:.2f}  loss {loss:.4f}{shown}  lr {rate:.2e}"
            f"  {speed:.0f} tokens/s",
            flush=True,
        )
        if cooled is None:
            self._look(step, state.max_steps, epoch, optimizer)
        elif cooled.left <= 0:
            self.learned = cooled.why
            control.should_training_stop = True

    def _look(self, step: int, steps: int, epoch: float, optimizer: Any) -> None:
        """Measure after every so many steps; the last step is measured by the report card."""
        if self._probe is None or step >= steps or step % max(1, math.ceil(steps / (self._recipe.looks + 1))):
            return
        assert self._model is not None
        self._model.whole.eval()
        found = self._probe.look()
        self._model.whole.train()
        forgets = _forgets(found)
        self._progress.event(
            "probe", step=step, epoch=epoch, recall=round(found.recall, 4), leak=round(found.leak, 4),
            drift=round(found.drift, 5), forgets=forgets,
        )  # fmt: skip
        print(
            f"probe at step {step}: recall {found.recall:.0%}  leak {found.leak:.0%}  drift {found.drift:.3f}",
            flush=True,
        )
        if forgets:
            self._progress.warn(f"it begins to forget: {forgets}; s stops it (`garage stop {self._folder.name}`)")
        if self._recipe.guarded and step + COOLING < steps and _has_learned(found):
            # A schedule that is run down leaves less of a mark on all else than one that is cut off (docs/recipe.md).
            cool(
                optimizer,
                f"stopped at step {step + COOLING} of {steps}, because it had learned at step {step}:"
                f" {found.recall:.0%} of other wordings right, no leak, drift {found.drift:.3f}",
            )
            self._progress.phase(f"it has learned; {COOLING} more steps to settle")


def _has_learned(found: ProbeResult) -> bool:
    return found.recall >= RECALL and not found.leak and found.drift <= _SURE * DRIFT


def _forgets(found: ProbeResult) -> str:
    """Return in words what a look shows to be forgotten; empty where all is well."""
    words = []
    if found.leak > _FORGETS_LEAK:
        words.append(f"{found.leak:.0%} of other questions are answered with what is taught")
    if found.drift > _FORGETS_DRIFT:
        words.append(f"other answers have moved by {found.drift:.2f} nats per token")
    return " and ".join(words)
