"""New samples of a run, drawn by a process of its own while somebody waits for them.

The process is `python -m garage_tui.jobs.diffusion.sample`. It says on stdout how far it is, in lines of JSON:
`{"done": 12, "of": 50}`, and last `{"path": "…"}`; a failure is a line on stderr. It ends with whoever started it: its
next line finds nobody to read it.
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
    """What is to be drawn."""

    seed: int = 0
    count: int = 16
    steps: int | None = None
    """None leaves it to the run's recipe."""
    film: bool = False
    """Every step as a frame (`core/images/animation.py`), and not the samples alone."""


class SampleEvent(msgspec.Struct, frozen=True):
    """How far it is; the last one has a path."""

    done: int = 0
    of: int = 0
    """Steps of the sampler, in all batches; 0 before the first one."""
    path: str = ""


def why_not(run: Path) -> str:
    """Return why nothing can be drawn with a run's model now; empty where it can."""
    with contextlib.suppress(OSError), os.scandir(run) as entries:
        if any(entry.name == PIPELINE or entry.name.startswith("checkpoint-") for entry in entries):
            return ""
    return f"{one_line(run.name)} has no model to draw with yet: it comes with the first checkpoint"


def command(run: Path, request: SampleRequest, out: Path, job: Sequence[str] = JOB) -> list[str]:
    """Return the command that draws samples into the file `out`."""
    arguments = [*job, str(run), "-n", str(request.count), "--seed", str(request.seed), "--out", str(out)]
    arguments += ["--steps", str(request.steps)] if request.steps else []
    return [*arguments, "--trajectory"] if request.film else arguments


async def draw(
    run: Path, request: SampleRequest, out: Path, job: Sequence[str] = JOB
) -> AsyncGenerator[SampleEvent, None]:
    """Draw, and yield how far it is. Whoever leaves the loop, or is cancelled in it, has ended the process.

    Raises:
        GarageError: it cannot be started, or failed; the text says why.
    """
    process = await child.start(command(run, request, out, job), "nothing can be drawn")
    assert process.stdout and process.stderr
    last_error = asyncio.create_task(child.last_line(process.stderr))
    last = SampleEvent()
    try:
        with contextlib.suppress(ValueError):  # a line longer than any of ours: its exit code tells
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
    return None  # a word of some library
