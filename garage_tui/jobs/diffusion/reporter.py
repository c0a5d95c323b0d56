"""The reporter of a diffusion run: writes its steps, its sheets with the held-out loss, and its report card."""

from __future__ import annotations

import contextlib
import resource
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import torch

from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.format import plural
from garage_tui.core.diffusion.recipe import DiffusionRecipe
from garage_tui.core.images import contact_sheet
from garage_tui.core.runs import diffusion_files
from garage_tui.jobs.diffusion.evaluate import card_of
from garage_tui.jobs.diffusion.loss import held_out_loss
from garage_tui.jobs.diffusion.samplers import NAMES, sample
from garage_tui.jobs.diffusion.train_step import DiffusionTrainer
from garage_tui.jobs.runtime import checkpointing
from garage_tui.jobs.runtime.progress import Progress, StopRequestedError


class DiffusionReporter:
    """Writes the progress and results of one run.

    Args:
        pictures, held_out: (count, size, size, 3) uint8.
        label: a description of the pictures.
    """

    def __init__(
        self,
        folder: Path,
        progress: Progress,
        recipe: DiffusionRecipe,
        trainer: DiffusionTrainer,
        pictures: np.ndarray,
        held_out: np.ndarray,
        label: str,
        start: checkpointing.ResumePoint,
    ) -> None:
        self._folder, self._progress, self._recipe = folder, progress, recipe
        self._net, self._mean, self._noise_schedule = trainer.net, trainer.mean, trainer.noise_schedule
        self._pictures, self._held_out, self._label = pictures, held_out, label
        self._an_epoch = recipe.steps_an_epoch(len(pictures))
        self._first: tuple[float, int] | None = None  # active seconds and step after the first step
        self._began = progress.active_seconds, start.step
        self._drawing_seconds = self._drawing_cpu = 0.0
        self._cpu: float | None = None if start.step else time.process_time()
        self.images = start.tokens
        """Pictures that were trained on since the run was first started."""

    def step(self, step: int, steps: int, count: int, loss: float, rate: float) -> None:
        """Write one step of `count` pictures; after some epochs, draw a sheet."""
        self.images += count
        now = self._progress.active_seconds - self._drawing_seconds
        # The first step includes lazy initialisation, which would distort the forecast.
        then, step_then = self._first or self._began
        a_step = max(1e-9, (now - then) / (step - step_then))
        self._first = self._first or (now, step)
        speed, epoch = self._recipe.batch_size / a_step, step / self._an_epoch
        self._progress.write_step(
            step=step,
            loss=round(loss, 5),
            epoch=round(epoch, 3),
            lr=float(f"{rate:.4g}"),
            images_per_s=round(speed, 1),
            seconds_left=round((steps - step) * a_step, 1),
            total_steps=steps,
            **({"gpu_memory": torch.cuda.max_memory_reserved()} if torch.cuda.is_available() else {}),
        )
        if step % self._an_epoch == 0 or step == steps:
            done = step // self._an_epoch
            print(
                f"epoch {done}/{self._recipe.epochs}  loss {loss:.4f}  lr {rate:.2e}  {speed:.0f} images/s", flush=True
            )
            if done in self._recipe.sheet_epochs:
                self._draw(done, step)

    @property
    def cpu_seconds(self) -> float | None:
        """CPU seconds of training so far, without drawing; None for a resumed run."""
        if self._cpu is None:
            return None
        return round(time.process_time() - self._cpu - self._drawing_cpu, 1)

    def catch_up(self, step: int) -> None:
        """Draw the sheet that is due at this step but missing, because the run was interrupted while drawing."""
        epoch, rest = divmod(step, self._an_epoch)
        if (
            not rest
            and epoch in self._recipe.sheet_epochs
            and not diffusion_files.sheet_of(self._folder, epoch).exists()
        ):
            self._draw(epoch, step)

    def _draw(self, epoch: int, step: int) -> None:
        """Draw a sheet, always from the same noise, and measure the loss on the held-out pictures."""
        started, started_cpu, recipe = time.monotonic(), time.process_time(), self._recipe
        path = diffusion_files.sheet_of(self._folder, epoch)
        say = self._progress.say_unless_stopped
        try:
            with self.drawing():
                held_out = held_out_loss(self._net, self._noise_schedule, self._held_out)
                images = sample(
                    self._net,
                    self._noise_schedule,
                    recipe.samples,
                    recipe.size,
                    seed=recipe.seed,
                    sampler=recipe.sampler,
                    steps=recipe.sample_steps,
                    on_progress=lambda done, of: say(f"drawing the sheet of epoch {epoch}", done, of, "steps"),
                )
        except StopRequestedError:
            return  # the training loop handles the request; the sheet is drawn when the run is resumed
        self._progress.say(f"training on {plural(len(self._pictures), 'picture')}")
        contact_sheet.write(
            path,
            images,
            run=self._folder.name,
            epoch=epoch,
            step=step,
            seed=recipe.seed,
            sampler=f"{NAMES[recipe.sampler]}, {plural(recipe.sample_steps, 'step')}",
            source=self._label,
        )
        seconds = time.monotonic() - started
        self._drawing_seconds += seconds
        self._drawing_cpu += time.process_time() - started_cpu
        self._progress.write_event(
            "sheet", step=step, epoch=epoch, held_out=round(held_out, 5), path=str(path.relative_to(self._folder)),
            seconds=round(seconds, 2), cpu_seconds=self.cpu_seconds,
        )  # fmt: skip
        print(f"epoch {epoch}: held-out loss {held_out:.4f}, {path.relative_to(self._folder)}", flush=True)

    @contextlib.contextmanager
    def drawing(self) -> Iterator[None]:
        """Use the EMA of the weights within the context."""
        self._mean.store(self._net.parameters())
        self._mean.copy_to(self._net.parameters())
        try:
            yield
        finally:
            self._mean.restore(self._net.parameters())

    def card(self, step: int) -> str:
        """Write the report card and return its verdict; a failure leaves the pipeline as it is."""
        self._progress.start_phase("measuring the drawn pictures")
        self._progress.interruptible = True  # the pipeline is saved
        trained = self.cpu_seconds  # what follows is not training
        try:
            with self.drawing():
                card = card_of(
                    self._net,
                    self._noise_schedule,
                    self._recipe,
                    self._pictures,
                    self._held_out,
                    self._label,
                    step,
                    self._progress.say_unless_stopped,
                )
            used = self._progress.gauges()
            card = msgspec.structs.replace(
                card, cpu_seconds=trained, wh=used.get("wh"), wh_from=used.get("wh_from", "")
            )
            card.write(self._folder)
        except StopRequestedError:
            self._progress.warn("no report card was made, because a stop was requested")
            return ""
        except Exception as error:
            if not isinstance(error, GarageError):
                traceback.print_exc()
            self._progress.warn(f"the report card could not be made ({reason_of(error, 120)})")
            return ""
        self._progress.write_event("report", verdict=card.verdict, passed=card.passed, seconds=card.seconds)
        # With a small net the report card needs more memory than a step, and the next estimate uses this value.
        self._progress.write_state("running", memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        return card.verdict
