"""The backend that runs the model in the server's own process, with transformers and PEFT."""

from __future__ import annotations

import asyncio
import functools
import gc
import time
from collections.abc import AsyncIterator, Callable, Sequence
from importlib.metadata import version

import torch
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from garage_tui.core.base.errors import GarageError
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.runs.record import Run
from garage_tui.jobs.serve.embedded.batcher import Batcher
from garage_tui.jobs.serve.embedded.engine import Engine
from garage_tui.jobs.serve.embedded.token_writer import write_tokens
from garage_tui.jobs.serve.engine_failures import EngineFailures
from garage_tui.jobs.serve.generation import GenerationRow
from garage_tui.jobs.serve.memory import check_memory
from garage_tui.jobs.serve.openai_api.answer_format import AnswerFormat
from garage_tui.jobs.serve.openai_api.request_errors import GONE, RequestRefusedError, unloaded
from garage_tui.jobs.serve.openai_api.request_fields import CHAT, EngineName
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest
from garage_tui.jobs.serve.openings import compares_openings, find_opening, longest_answer
from garage_tui.jobs.serve.routes import unless_gone

_SLEEP_SECONDS = 30.0
"""Seconds that unfinished answers may take before the model is unloaded."""


class EmbeddedBackend:
    """A `Backend` (`jobs/serve/routes.py`).

    Args:
        slot: `cpu`, or the index of the GPU that the model is on.
        note: why no other engine answers, for the server's state.
    """

    engine: EngineName = "embedded"

    def __init__(self, base: BaseModel, slot: str, note: str = "") -> None:
        self._base, self._slot = base, slot
        self.failures = EngineFailures()
        self.failures.note = note
        self._batcher: Batcher | None = None
        self.name = f"transformers {version('transformers')}"
        self._used = time.monotonic()

    @property
    def last_used(self) -> float:
        return max(self._used, self._batcher.last_used if self._batcher else 0.0)

    @property
    def busy(self) -> bool:
        return self._batcher is not None and self._batcher.busy

    @property
    def context(self) -> int | None:
        return self._batcher.engine.context if self._batcher else None

    def start(self, say: Callable[[str], None]) -> None:
        check_memory(self._base, self._slot)
        self._batcher = Batcher(Engine(self._base, say))

    def sleep(self) -> None:
        self._used = self.last_used
        self.close(_SLEEP_SECONDS)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def close(self, seconds: float) -> bool:
        batcher, self._batcher = self._batcher, None
        return batcher is None or batcher.close(seconds)

    def check(self) -> None:
        pass  # it is this process

    def health(self) -> dict[str, object]:
        return {"batches": self._batcher.batches if self._batcher else 0}

    async def answer(
        self, request: Request, path: str, question: ChatRequest, body: bytes, run: Run | None
    ) -> Response:
        batcher = self._batcher
        if batcher is None:
            raise unloaded()
        engine = batcher.engine
        engine.check(question.sampling())
        if question.route == CHAT:
            prompts = [await asyncio.to_thread(engine.encode, question.chat())]
        else:
            only_scored = question.max_tokens == 0
            prompts = [
                await asyncio.to_thread(engine.encode_prompt, prompt, only_scored) for prompt in question.prompts
            ]
        opening: tuple[int, ...] = ()
        if compares_openings(question):
            write = functools.partial(write_tokens, batcher, run.adapter if run else None)
            try:
                opening = await unless_gone(
                    request, find_opening(write, prompts[0], longest_answer(question), engine.end_tokens)
                )
            except ClientDisconnect:
                return Response(status_code=GONE)
        pieces: asyncio.Queue[tuple[int, str | None]] = asyncio.Queue()
        rows = [
            GenerationRow(
                prompt,
                run.adapter if run else None,
                question.sampling(choice),
                emit=_emitter(pieces, number * question.choices + choice),
                opening=opening,
            )
            for number, prompt in enumerate(prompts)
            for choice in range(question.choices)
        ]
        try:
            for row in rows:
                batcher.put(row)
        except GarageError as error:
            _cancel(rows)
            raise RequestRefusedError(503, "busy", str(error)) from error
        answer = AnswerFormat(question, rows, engine.token_text)
        texts = _texts(pieces, len(rows))
        first: list[tuple[int, str]] = []
        try:
            if not question.stream:
                await unless_gone(request, _drain(texts))
            # The status line is sent with the first token, so that an adapter that cannot be loaded is an HTTP error.
            elif (piece := await unless_gone(request, anext(texts, None))) is not None:
                first.append(piece)
        except (ClientDisconnect, asyncio.CancelledError) as error:
            _cancel(rows)
            if isinstance(error, asyncio.CancelledError):
                raise
            return Response(status_code=GONE)
        if failure := next((row.error for row in rows if row.error), ""):
            _cancel(rows)
            raise RequestRefusedError(500, "server_error", failure)
        if question.stream:
            return StreamingResponse(answer.events(_chained(first, texts)), media_type="text/event-stream")
        return JSONResponse(answer.whole())


def _emitter(pieces: asyncio.Queue[tuple[int, str | None]], index: int) -> Callable[[str | None], object]:
    """Return a function for the engine's thread that puts a piece of the row `index` into the queue."""
    loop = asyncio.get_running_loop()
    return lambda piece: loop.call_soon_threadsafe(pieces.put_nowait, (index, piece))


async def _texts(pieces: asyncio.Queue[tuple[int, str | None]], rows: int) -> AsyncIterator[tuple[int, str]]:
    """Yield the pieces of all rows until each has ended."""
    while rows:
        index, piece = await pieces.get()
        if piece is None:
            rows -= 1
        else:
            yield index, piece


async def _chained(
    first: Sequence[tuple[int, str]], texts: AsyncIterator[tuple[int, str]]
) -> AsyncIterator[tuple[int, str]]:
    for piece in first:
        yield piece
    async for piece in texts:
        yield piece


async def _drain(texts: AsyncIterator[tuple[int, str]]) -> None:
    async for _ in texts:
        pass


def _cancel(rows: Sequence[GenerationRow]) -> None:
    for row in rows:
        row.cancel()
