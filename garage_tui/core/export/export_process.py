"""A tuned model made ready for other programs: what can be exported, and the process that does it.

The process is `python -m garage_tui.jobs.export`. It says on stdout how far it is, in lines of JSON (`{"words": "…"}`),
and last `{"path": "…", …}`; a failure is a line on stderr. Whoever waits for it ends it by leaving.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Literal, get_args

import msgspec

from garage_tui.core.base import child_process
from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.export import target as export_place
from garage_tui.core.runs.record import Run

JOB = (sys.executable, "-P", "-m", "garage_tui.jobs.export")
ExportFormat = Literal["merged", "adapter", "gguf"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
OUTTYPES = {"f16": 2.0, "bf16": 2.0, "f32": 4.0, "q8_0": 34 / 32}
"""Types of number in a GGUF that llama.cpp's converter writes, with their bytes for each weight."""
_MOST_HEADER = 100_000_000  # bytes, the limit of safetensors' own library


class ExportRequest(msgspec.Struct, frozen=True):
    """What is to be exported, and where to."""

    form: ExportFormat = "merged"
    to: str = ""
    """Folder, of a GGUF its file or folder; empty is the run's own `export/`."""
    outtype: str = "f16"
    """Of a GGUF: one of `OUTTYPES`."""
    converter: str = ""
    """Of a GGUF: llama.cpp's converter, or its folder; empty looks for it."""


class ExportEvent(msgspec.Struct, frozen=True, rename={"text": "words"}):
    """How far it is, in words; the last one has a path."""

    text: str = ""
    path: str = ""
    bytes: int = 0
    replaced: bool = False
    """True where an earlier export was there."""
    notes: tuple[str, ...] = ()
    """What to know about it; sentences."""


def refusal(run: Run) -> str:
    """Return why a run's model cannot be exported now, as a sentence; empty where it can."""
    if run.manifest is None:
        return f"{run.id} cannot be read: {one_line(run.broken)}"
    if run.draws:
        return f"{run.id} has learned to draw: its pipeline/ is a diffusers folder as it is, for DDPMPipeline"
    if not run.over:
        return f"{run.id} is {run.status}: its model can be exported at its end"
    if run.adapter is None or run.status not in ("finished", "stopped"):
        mend = f"; `garage resume {run.id}` has it go on" if run.resumable else ""
        return f"{run.id} has no finished adapter to export ({run.status}){mend}"
    return ""


def count_weights(base: Path) -> int:
    """Return how many weights a model folder holds, by the headers of its safetensors files.

    Raises:
        GarageError: a file is damaged.
    """
    total = 0
    for path in base.glob("*.safetensors"):
        try:
            with open_regular(path) as file:
                size = int.from_bytes(file.read(8), "little")
                if not 0 < size <= min(_MOST_HEADER, path.stat().st_size):
                    raise ValueError("it has no header")
                tensors = msgspec.json.decode(file.read(size), type=dict[str, msgspec.Raw])
            for name, about in tensors.items():
                if name != "__metadata__":
                    total += msgspec.json.decode(about, type=_Tensor).weights
        except (OSError, ValueError, msgspec.DecodeError, RecursionError) as error:
            raise GarageError(f"{path} is damaged ({one_line(str(error), 80)}); fetch the base model again") from error
    return total


class _Tensor(msgspec.Struct):
    shape: tuple[int, ...]

    @property
    def weights(self) -> int:
        total = 1
        for length in self.shape:
            total *= length
        return total


def needed_bytes(form: ExportFormat, weights: int, outtype: str) -> float:
    """Return about how much disk an export takes while it is made; a GGUF is made from a merged model."""
    merged = weights * 2.0 * 1.02 + 50e6  # tokenizers have up to some 30 MB
    return merged if form == "merged" else merged + weights * OUTTYPES[outtype] * 1.02 + 50e6


def command(run: Path, wanted: ExportRequest, job: Sequence[str] = JOB) -> list[str]:
    """Return the command that exports what is wanted."""
    words = [*job, str(run), "--as", wanted.form, "--outtype", wanted.outtype]
    words += ["--to", wanted.to] if wanted.to else []
    return [*words, "--converter", wanted.converter] if wanted.converter else words


async def export(run: Path, wanted: ExportRequest, job: Sequence[str] = JOB) -> AsyncGenerator[ExportEvent, None]:
    """Export, and yield how far it is. Whoever leaves the loop, or is cancelled in it, has ended the process.

    Raises:
        BadInputError: the run or the place will not do; the text says why.
        GarageError: it cannot be started, or failed; the text says why.
    """
    target = export_place.target_path(run, wanted.form, wanted.outtype, wanted.to)
    process = await child_process.start(command(run, wanted, job), "nothing can be exported")
    assert process.stdout and process.stderr
    said = asyncio.create_task(child_process.last_line(process.stderr))
    last = ExportEvent()
    try:
        with contextlib.suppress(ValueError):  # a line longer than any of ours: its exit code tells
            async for line in process.stdout:
                with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):  # a word of some library
                    last = msgspec.json.decode(line, type=ExportEvent)
                    yield last
        code, why = await process.wait(), await said
        if code or not last.path:
            what = why or f"nothing was exported: {child_process.how_it_ended(code)}"
            raise BadInputError(what) if code == 2 else GarageError(what)
    finally:
        said.cancel()
        await child_process.end(process)
        export_place.remove_leftovers(target)  # a process that had to be killed could not


def list_exports(run: Path) -> list[str]:
    """Return the names of what lies in a run's own `export/`."""
    with contextlib.suppress(OSError), os.scandir(run / export_place.EXPORTS) as entries:
        return sorted(entry.name for entry in entries if not entry.name.startswith("."))
    return []
