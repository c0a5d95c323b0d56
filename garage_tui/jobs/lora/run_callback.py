"""The transformers callback of a LoRA run: writes progress, saves checkpoints, probes, and obeys requests."""

from __future__ import annotations

import math
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch
from transformers import TrainerCallback

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.exam.report import OTHER_TOKENS, write_report
from garage_tui.core.facts.file import FactsFile
from garage_tui.core.limits.run_limits import Hold
from garage_tui.core.runs.grades import DRIFT, RECALL
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.jobs.exam import ExamRunner
from garage_tui.jobs.llm.base_answer_cache import BaseAnswerCache
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.load import chat_template_of
from garage_tui.jobs.lora.gauss_newton import COOLING, cooling, start_cooling
from garage_tui.jobs.lora.probe import ProbeResult, ProbeRunner
from garage_tui.jobs.runtime import checkpointing
from garage_tui.jobs.runtime.heat_guard import Interruptions
from garage_tui.jobs.runtime.progress import Progress, StopRequestedError

_FORGETS_LEAK, _FORGETS_DRIFT = 0.3, 0.25
"""The share of leaks and the drift in nats per token above which the run warns that the model forgets."""
_SURE = 0.75
"""Share of the report card's drift limit that a probe must stay below for a run to stop: a probe has few answers."""


class RunCallback(TrainerCallback):
    """Writes each step to the run folder, probes, saves checkpoints, and obeys requests to stop or pause.

    Args:
        interruptions: decide when the run has to pause.
        checkpoint_seconds: seconds of work between two checkpoints.
        facts: what the run teaches.
    """

    def __init__(
        self,
        folder: Path,
        progress: Progress,
        interruptions: Interruptions,
        start: checkpointing.ResumePoint,
        checkpoint_seconds: float,
        recipe: LoraRecipe,
        facts: FactsFile,
    ) -> None:
        self._folder, self._progress, self._start, self._recipe = folder, progress, start, recipe
        self._facts = facts
        self._interruptions = interruptions
        self.hold: Hold | None = None
        """The limit for which the run waits, if it left before its last step."""
        self._tokens = start.tokens
        self._first: tuple[float, int, int] | None = None  # active seconds, tokens and step after the first step
        self._began = progress.active_seconds
        self._aside = 0.0
        """Seconds of probes and checkpoints, which are in no speed."""
        self._saved = checkpointing.CheckpointSchedule(checkpoint_seconds)
        self._model: Model | None = None
        self._probe: ProbeRunner | None = None
        self.learned = ""
        """Why it stopped early, if a probe showed that it had learned."""

    def watch(
        self, model: Any, tokenizer: Any, base: Any, *, known: Model | None = None, used: Sequence[str] = ()
    ) -> None:
        """Set the model that is probed and examined; `used` are the general prompts that it trains on."""
        self._base = base
        self._model = known or Model(model, chat_template_of(tokenizer, model))
        if not self._recipe.looks:
            return
        with self._model.base(), torch.no_grad():
            model.eval()
            answers = BaseAnswerCache(base, self._model, OTHER_TOKENS)
            self._probe = ProbeRunner(self._model, self._facts.training, used, answers, self._progress.say)
            model.train()

    def card(self) -> str:
        """Examine the run, write its report card and return the verdict; a failure leaves the adapter as it is."""
        assert self._model is not None
        self._progress.start_phase("writing the report card")
        self._model.whole.eval()
        self._progress.interruptible = True  # the adapter is saved
        try:
            say = self._progress.say_unless_stopped  # a request to stop ends the exam, since the adapter is saved
            report = ExamRunner(self._model, self._base, self._folder, self._facts, say).report()
            used = self._progress.gauges()
            report = msgspec.structs.replace(report, wh=used.get("wh"), wh_from=used.get("wh_from", ""))
            write_report(self._folder, report)
        except StopRequestedError:
            self._progress.warn(f"no report card was made; make it with `garage report {self._folder.name}`")
            return ""
        except Exception as error:
            if not isinstance(error, GarageError):
                traceback.print_exc()
            self._progress.warn(
                f"the report card could not be made ({reason_of(error, 120)}); try again with"
                f" `garage report {self._folder.name}`"
            )
            return ""
        self._progress.write_event("report", verdict=report.verdict, passed=report.passed, seconds=report.seconds)
        return report.verdict

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._began = self._progress.active_seconds

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        request = self._progress.requested()
        if request in ("stop", "release", "end"):
            control.should_training_stop = control.should_save = True
        elif request == "pause":
            control.should_save = True
        elif state.global_step < state.max_steps and (hold := self._interruptions.hold()):
            self.hold = hold
            control.should_training_stop = control.should_save = True
        elif self._interruptions.too_hot or self._saved.due():
            control.should_save = True
        return control

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        began = self._progress.active_seconds
        checkpointing.seal(self._folder, state.global_step, self._tokens, self._progress)
        self._saved.done()
        self._aside += self._progress.active_seconds - began
        self._interruptions.cool(state.global_step)
        self._progress.wait_while_paused(state.global_step)
        if self._progress.requested() in ("stop", "release", "end"):
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
        now, step = self._progress.active_seconds - self._aside, state.global_step
        if "num_tokens" in logs:
            self._tokens = self._start.tokens + int(logs["num_tokens"])
        else:  # Unsloth's trainer uses transformers' counter, which continues after a resume
            self._tokens = int(logs.get("num_input_tokens_seen", 0))
        # The first step includes lazy initialisation, which would distort the forecast.
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
        self._progress.write_step(
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
            self._run_probe(step, state.max_steps, epoch, optimizer)
        elif cooled.left <= 0:
            self.learned = cooled.why
            control.should_training_stop = True

    def _run_probe(self, step: int, steps: int, epoch: float, optimizer: Any) -> None:
        """Probe the model at equal intervals; after the last step the report card does it."""
        if self._probe is None or step >= steps or step % max(1, math.ceil(steps / (self._recipe.looks + 1))):
            return
        assert self._model is not None
        self._model.whole.eval()
        began = self._progress.active_seconds
        found = self._probe.run()
        self._aside += self._progress.active_seconds - began
        self._model.whole.train()
        forgets = _forgets(found)
        self._progress.write_event(
            "probe", step=step, epoch=epoch, recall=round(found.recall, 4), leak=round(found.leak, 4),
            drift=round(found.drift, 5), forgets=forgets,
        )  # fmt: skip
        print(
            f"probe at step {step}: recall {found.recall:.0%}  leak {found.leak:.0%}  drift {found.drift:.3f}",
            flush=True,
        )
        if forgets:
            self._progress.warn(
                f"the model starts to forget: {forgets}; press s or run `garage stop {self._folder.name}` to stop"
            )
        if self._recipe.guarded and step + COOLING < steps and _has_learned(found):
            # Ending the schedule gradually changes other answers less than cutting it off
            # (docs/explain/recipe.md).
            start_cooling(
                optimizer,
                f"stopped at step {step + COOLING} of {steps}, because the facts were learned at step {step}:"
                f" {found.recall:.0%} of other wordings right, no leak, drift {found.drift:.3f}",
            )
            self._progress.start_phase(f"the facts are learned; {COOLING} more steps to finish")


def _has_learned(found: ProbeResult) -> bool:
    return found.recall >= RECALL and not found.leak and found.drift <= _SURE * DRIFT


def _forgets(found: ProbeResult) -> str:
    """Return what a probe shows to be forgotten; empty if nothing is."""
    signs = []
    if found.leak > _FORGETS_LEAK:
        signs.append(f"{found.leak:.0%} of other questions are answered with taught facts")
    if found.drift > _FORGETS_DRIFT:
        signs.append(f"other answers have drifted by {found.drift:.2f} nats per token")
    return " and ".join(signs)
