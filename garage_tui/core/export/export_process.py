"""The export of a tuned model for other programs, by a process of its own.

The process is `python -m garage_tui.jobs.export`. It reports its progress on stdout in lines of JSON
(`{"words": "…"}`), the last of which is `{"path": "…", …}`; an error is a line on stderr. It ends with its caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Literal, get_args

import msgspec

from garage_tui.core.base import child_process
from garage_tui.core.base.errors import BadInputError, GarageError, reason_of
from garage_tui.core.base.safe_open import open_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.export.hand_over import HandOver
from garage_tui.core.export.target import EXPORTS, remove_leftovers, target_path
from garage_tui.core.runs.folder import COMPLETE
from garage_tui.core.runs.record import Run

JOB = (sys.executable, "-P", "-m", "garage_tui.jobs.export")
ExportFormat = Literal["merged", "adapter", "gguf", "hand-over"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)[:3]
"""What `garage export` makes; `garage hand-over` makes the last one."""
OUTTYPES = {"f16": 2.0, "bf16": 2.0, "f32": 4.0, "q8_0": 34 / 32}
"""Number types of a GGUF that llama.cpp's converter writes, with their bytes per weight."""
_MAX_HEADER = 100_000_000  # bytes, the limit of safetensors' own library


class ExportRequest(msgspec.Struct, frozen=True):
    """The format and the target of an export."""

    form: ExportFormat = "merged"
    to: str = ""
    """Target folder, or for a GGUF a file or folder; empty is the run's own `export/`."""
    outtype: str = "f16"
    """Number type of a GGUF: one of `OUTTYPES`."""
    converter: str = ""
    """llama.cpp's converter for a GGUF, or its folder; empty searches for it."""
    force: bool = False
    """The user agreed to replace what is at `to`."""
    sizes: tuple[str, ...] = ()
    """Of a hand-over: its sizes, of `hand_over.SIZES`."""
    exam: bool = True
    """Of a hand-over: ask each size the questions of the run's report card."""
    with_adapter: bool = False
    """Of a hand-over: add the adapter alone, as a GGUF."""


class ExportEvent(msgspec.Struct, frozen=True, rename={"text": "words"}):
    """One progress message; the last one has the path of the export."""

    text: str = ""
    path: str = ""
    bytes: int = 0
    replaced: bool = False
    """True if an earlier export, or with `force` a file, was replaced."""
    notes: tuple[str, ...] = ()
    """Remarks on the export, in sentences."""
    summary: HandOver | None = None
    """What a hand-over consists of."""

    @property
    def share(self) -> float | None:
        """How much of what the text names is done, from 0 to 1; None where nothing is counted."""
        if percent := re.search(r"(\d{1,3}) %$", self.text):
            return min(1.0, int(percent[1]) / 100)
        if count := re.search(r"([\d,]+) of ([\d,]*\d)", self.text):
            done, total = (int(number.replace(",", "")) for number in count.groups())
            return min(1.0, done / total) if total else None
        return None


def refusal(run: Run) -> str:
    """Return in a sentence why a run's model cannot be exported now; empty if it can."""
    if run.manifest is None:
        return f"{run.id} cannot be read: {one_line(run.broken)}"
    if run.draws:
        return f"{run.id} is a diffusion run: its pipeline/ is already a folder for diffusers, see its README.md"
    if not run.over:
        return f"{run.id} is {run.status}: its model can be exported when it has ended"
    if run.adapter is None or run.status not in COMPLETE:
        advice = f"; resume it with `garage resume {run.id}`" if run.resumable else ""
        return f"{run.id} has no finished adapter to export ({run.status}){advice}"
    return ""


def count_weights(base: Path) -> int:
    """Return how many weights a model folder contains, by the headers of its safetensors files.

    Raises:
        GarageError: a file is damaged.
    """
    total = 0
    for path in base.glob("*.safetensors"):
        try:
            with open_regular(path) as file:
                size = int.from_bytes(file.read(8), "little")
                if not 0 < size <= min(_MAX_HEADER, path.stat().st_size):
                    raise ValueError("it has no header")
                tensors = msgspec.json.decode(file.read(size), type=dict[str, msgspec.Raw])
            for name, about in tensors.items():
                if name != "__metadata__":
                    total += msgspec.json.decode(about, type=_Tensor).weights
        except (OSError, ValueError, msgspec.DecodeError, RecursionError) as error:
            raise GarageError(f"{path} is damaged ({reason_of(error, 80)}); fetch the base model again") from error
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
    """Return about how many bytes of disk an export needs while it is made; a GGUF is made from a merged model."""
    merged = weights * 2.0 * 1.02 + 50e6  # tokenizers have up to some 30 MB
    if (
        form == "hand-over"
    ):  # the merged model, a GGUF in 16 bits, and its sizes, which take 3.3 bytes a weight together
        return merged + weights * 5.4 + 50e6
    return merged if form == "merged" else merged + weights * OUTTYPES[outtype] * 1.02 + 50e6


def command(run: Path, request: ExportRequest, job: Sequence[str] = JOB) -> list[str]:
    """Return the command line of an export."""
    arguments = [*job, str(run), "--as", request.form, "--outtype", request.outtype]
    arguments += ["--to", request.to] if request.to else []
    arguments += ["--force"] if request.force else []
    arguments += ["--sizes", ",".join(request.sizes)] if request.sizes else []
    arguments += ["--with-adapter"] if request.with_adapter else []
    arguments += [] if request.exam else ["--no-exam"]
    return [*arguments, "--converter", request.converter] if request.converter else arguments


async def export(run: Path, request: ExportRequest, job: Sequence[str] = JOB) -> AsyncGenerator[ExportEvent, None]:
    """Export, and yield the progress. Leaving the loop, or cancelling it, ends the process.

    Raises:
        BadInputError: the run or the target cannot be used; the text says why.
        GarageError: the process cannot be started, or failed; the text says why.
    """
    target = target_path(run, request.form, request.outtype, request.to, force=request.force)
    process = await child_process.start(command(run, request, job), "nothing can be exported")
    assert process.stdout and process.stderr
    last_error = asyncio.create_task(child_process.last_line(process.stderr))
    last = ExportEvent()
    try:
        with contextlib.suppress(ValueError):  # a line that is too long: the exit code decides
            async for line in process.stdout:
                with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):  # a message of some library
                    last = msgspec.json.decode(line, type=ExportEvent)
                    yield last
        code, why = await process.wait(), await last_error
        if code or not last.path:
            message = why or f"nothing was exported: {child_process.how_it_ended(code)}"
            raise BadInputError(message) if code == 2 else GarageError(message)
    finally:
        last_error.cancel()
        await child_process.end(process)
        remove_leftovers(target)  # a killed process could not do it


def list_exports(run: Path) -> list[str]:
    """Return the names in a run's own `export/`."""
    with contextlib.suppress(OSError), os.scandir(run / EXPORTS) as entries:
        return sorted(entry.name for entry in entries if not entry.name.startswith("."))
    return []
