"""The job that asks a base model and its adapters questions in batches, without a server.

    python -m garage_tui.jobs.serve.ask < request.json

Reads one JSON object: `base` (a base model), `runs` (objects with `id` and `adapter`, a folder), `questions` (texts),
`max_tokens`, `stop_repetition`. Every question goes to the bare base and to each run, greedily. Prints one JSON line
for each answer (its keys are `question`, an index, `model`, `answer`, `finish_reason`, `tokens` and `repeats`: true if
the model was stopped because it repeated itself); on failure the last line is `{"error": SENTENCE}`. Phases go to
stderr as sentences.
"""

from __future__ import annotations

import json
import sys
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

    base = fetch.ensure(request.base, without_counts(_say))
    _say("starting torch")
    blocked_imports.block_imports(base)
    from garage_tui.jobs.serve.embedded.engine import MAX_ROWS, Engine
    from garage_tui.jobs.serve.generation import GenerationOptions, GenerationRow

    engine = Engine(base, _say)
    models: list[tuple[str, Path | None]] = [(base.name, None), *((run.id, Path(run.adapter)) for run in request.runs)]
    sampling = GenerationOptions(max_tokens=request.max_tokens)
    rows = [
        (index, name, GenerationRow(engine.encode([{"role": "user", "content": question}]), adapter, sampling))
        for index, question in enumerate(request.questions)
        for name, adapter in models
    ]
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
