"""The job that asks a base model and its adapters questions in batches, without a server.

    python -m garage_tui.jobs.serve.ask < request.json

Reads one JSON object: `base` (a base model), `runs` (objects with `id` and `adapter`, a folder), `questions` (texts),
`max_tokens`, `stop_repetition`, `compare_openings`, `base_only`. Every question goes to the bare base and to each run,
greedily.
Prints one JSON line for each answer (its keys are `question`, an index, `model`, `answer`, `finish_reason`, `tokens`
and `repeats`: true if the model was stopped because it repeated itself); on failure the last line is
`{"error": SENTENCE}`. Phases go to stderr as sentences.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.phase import without_counts
from garage_tui.core.base.read_errors import DAMAGED
from garage_tui.core.base.workspace import models_folder
from garage_tui.core.chat.repetition import RepetitionDetector
from garage_tui.jobs.runtime import blocked_imports
from garage_tui.jobs.runtime.error_text import describe_without_log

if TYPE_CHECKING:
    from garage_tui.jobs.serve.embedded.engine import Engine
    from garage_tui.jobs.serve.generation import GenerationRow

FULL_DISK = "free some space and try again"
OUT_OF_MEMORY = "out of memory while loading the model; stop other programs that use memory, or use a smaller base"


class AskTarget(msgspec.Struct, frozen=True):
    """A run whose adapter is asked."""

    id: str
    adapter: str
    """PEFT adapter folder."""


class AskRequest(msgspec.Struct, frozen=True):
    """The request on stdin."""

    base: str
    questions: list[str]
    runs: list[AskTarget] = []
    max_tokens: Annotated[int, msgspec.Meta(ge=1)] = 256
    stop_repetition: bool = True
    """Stop a model that repeats itself."""
    compare_openings: list[int] = []
    """Indices of questions whose runs answer as a server does under the lasting name (`jobs/serve/openings.py`)."""
    base_only: list[int] = []
    """Indices of questions that no run is asked."""


def main() -> int:
    try:
        try:
            request = msgspec.json.decode(sys.stdin.buffer.read(), type=AskRequest)
        except DAMAGED as error:
            raise BadInputError(f"the request is not valid: {error}") from error
        ask(request)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        message = describe_without_log(error, folder=models_folder(), full_disk=FULL_DISK, out_of_memory=OUT_OF_MEMORY)
        _print({"error": message})
        return 1
    return 0


def ask(request: AskRequest) -> None:
    """Answer a request; lines appear in the order of the questions, the base first.

    Raises:
        GarageError: the base or an adapter cannot be used, or a question does not fit the context.
    """
    from garage_tui.jobs.llm import fetch

    base = fetch.fetch_if_missing(request.base, without_counts(_say))
    _say("starting torch")
    blocked_imports.block_imports(base)
    from garage_tui.jobs.serve.embedded.engine import MAX_ROWS, Engine
    from garage_tui.jobs.serve.generation import GenerationOptions, GenerationRow

    engine = Engine(base, _say)
    models: list[tuple[str, Path | None]] = [(base.name, None), *((run.id, Path(run.adapter)) for run in request.runs)]
    sampling = GenerationOptions(max_tokens=request.max_tokens)
    rows = []
    for index, question in enumerate(request.questions):
        prompt = engine.encode([{"role": "user", "content": question}])
        for name, adapter in models[:1] if index in request.base_only else models:
            opening: tuple[int, ...] = ()
            if adapter and index in request.compare_openings:
                opening = _find_opening(engine, prompt, adapter, request.max_tokens)
            rows.append((index, name, GenerationRow(prompt, adapter, sampling, opening=opening)))
    if request.stop_repetition:
        for _, _, row in rows:
            _stop_repetition(row)
    _say(f"answering {len(request.questions)} question{'s' * (len(request.questions) != 1)}")
    for start in range(0, len(rows), MAX_ROWS):
        batch = rows[start : start + MAX_ROWS]
        engine.answer([row for _, _, row in batch])
        for index, name, row in batch:
            if row.error:
                raise GarageError(row.error)
            _print(
                {
                    "question": index,
                    "model": name,
                    "answer": row.text,
                    "finish_reason": row.finish,
                    "tokens": row.tokens,
                    "repeats": row.cancelled,
                }
            )


def _find_opening(engine: Engine, prompt: list[int], adapter: Path, longest: int) -> tuple[int, ...]:
    """Return the opening of an adapter's answer; empty where it is the greedy one.

    Raises:
        GarageError: the adapter cannot be used.
    """
    from garage_tui.jobs.serve.generation import GenerationOptions, GenerationRow, TokenScore
    from garage_tui.jobs.serve.openings import find_opening

    async def write(before: Sequence[int], count: int, top: int) -> list[TokenScore]:
        row = GenerationRow(list(before), adapter, GenerationOptions(max_tokens=count, top_logprobs=top))
        engine.answer([row])
        if row.error:
            raise GarageError(row.error)
        return row.scores

    return asyncio.run(find_opening(write, prompt, longest, engine.end_tokens)) if longest > 1 else ()


def _stop_repetition(row: GenerationRow) -> None:
    """Let a row end once its answer only repeats itself."""
    detector = RepetitionDetector()

    def emit(piece: str | None) -> None:
        if piece and detector.feed(piece):
            row.cancel()

    row.emit = emit


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _print(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
