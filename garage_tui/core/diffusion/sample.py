"""New samples of a diffusion run, drawn by a separate process.

The process is `python -m garage_tui.jobs.diffusion.sample`. It reports its progress on stdout in lines of JSON:
`{"done": 12, "of": 50}`, and last `{"path": "…"}`; a failure is a line on stderr. It ends with its parent: writing the
next line fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import msgspec

from garage_tui.core.base import child_process as child
from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.runs.diffusion_files import PIPELINE

JOB = (sys.executable, "-P", "-m", "garage_tui.jobs.diffusion.sample")
MAX_SAMPLES, MAX_STEPS, MAX_SEED = 64, 1000, 2**32 - 1


class SampleRequest(msgspec.Struct, frozen=True):
    """A request for new samples."""

    seed: int = 0
    count: int = 16
    steps: int | None = None
    """Steps of the sampler; None takes those of the run's recipe."""
    film: bool = False
    """True draws an animation with a frame for each step (`core/images/animation.py`), not only the samples."""


class SampleEvent(msgspec.Struct, frozen=True):
    """The progress of the process; the last event has a path."""

    done: int = 0
    of: int = 0
    """Steps of the sampler in all batches; 0 before the first step."""
    path: str = ""


def why_not(run: Path) -> str:
    """Return why a run's model cannot draw now; empty if it can."""
    with contextlib.suppress(OSError), os.scandir(run) as entries:
        if any(entry.name == PIPELINE or entry.name.startswith("checkpoint-") for entry in entries):
            return ""
    return f"{one_line(run.name)} has no model to draw with yet: the first checkpoint brings one"


def command(run: Path, request: SampleRequest, out: Path, job: Sequence[str] = JOB) -> list[str]:
    """Return the command that draws samples into the file `out`."""
    arguments = [*job, str(run), "-n", str(request.count), "--seed", str(request.seed), "--out", str(out)]
    arguments += ["--steps", str(request.steps)] if request.steps else []
    return [*arguments, "--trajectory"] if request.film else arguments


async def draw(
    run: Path, request: SampleRequest, out: Path, job: Sequence[str] = JOB
) -> AsyncGenerator[SampleEvent, None]:
    """Draw samples, and yield the progress. Leaving the loop, or cancelling it, ends the process.

    Raises:
        GarageError: the process cannot be started, or failed; the text says why.
    """
    process = await child.start(command(run, request, out, job), "nothing can be drawn")
    assert process.stdout and process.stderr
    last_error = asyncio.create_task(child.last_line(process.stderr))
    last = SampleEvent()
    try:
        with contextlib.suppress(ValueError):  # a line longer than any of ours: the exit code tells
            async for line in process.stdout:
                if (drawing := _understand(line)) is not None:
                    last = drawing
                    yield drawing
        code, why = await process.wait(), await last_error
        if code or not last.path:
            raise GarageError(why or f"nothing was drawn: {child.how_it_ended(code)}")
    finally:
        last_error.cancel()
        await child.end(process)


def _understand(line: bytes) -> SampleEvent | None:
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
        drawing = msgspec.json.decode(line, type=SampleEvent)
        return drawing if 0 <= drawing.done <= drawing.of or drawing.path else None
    return None  # output of a library
