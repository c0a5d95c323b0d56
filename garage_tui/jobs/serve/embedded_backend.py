"""The backend that runs the model in the server's own process, with transformers and PEFT."""

from __future__ import annotations

import asyncio
import gc
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from typing import Any

import torch
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from garage_tui.core.base.errors import GarageError
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.runs.record import Run
from garage_tui.jobs.serve.batcher import Batcher
from garage_tui.jobs.serve.engine import Engine
from garage_tui.jobs.serve.engine_failures import EngineFailures
from garage_tui.jobs.serve.generation import GenerationRow
from garage_tui.jobs.serve.memory import check_memory
from garage_tui.jobs.serve.request_schema import ChatRequest
from garage_tui.jobs.serve.routes import RequestRefusedError, unless_gone

_SLEEP_SECONDS = 30.0
"""Seconds that unfinished answers may take before the model is unloaded."""


class EmbeddedBackend:
    """A `Backend` (`jobs/serve/routes.py`).

    Args:
        slot: `cpu`, or the index of the GPU that the model is on.
        note: why no other engine answers, for the server's state.
    """

    all_of_openai = False

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
            raise RequestRefusedError(503, "asleep", "the model was unloaded to make space for a run; ask again later")
        prompt = await asyncio.to_thread(batcher.engine.encode, question.chat())
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        row = GenerationRow(
            prompt,
            run.adapter if run else None,
            question.sampling(),
            emit=lambda piece: loop.call_soon_threadsafe(pieces.put_nowait, piece),
        )
        try:
            batcher.put(row)
        except GarageError as error:
            raise RequestRefusedError(503, "busy", str(error)) from error
        answer = _Answer(question, row, pieces)
        texts = answer.texts()
        try:
            if not question.stream:
                await unless_gone(request, answer.drain(texts))
            else:
                # The status line is sent with the first token, so that an adapter that cannot be loaded is an HTTP
                # error.
                answer.first = await unless_gone(request, anext(texts, ""))
        except ClientDisconnect:
            row.cancel()
            return Response(status_code=499)  # nobody reads it
        except asyncio.CancelledError:
            row.cancel()
            raise
        if row.error:
            raise RequestRefusedError(500, "server_error", row.error)
        if question.stream:
            return StreamingResponse(answer.events(texts), media_type="text/event-stream")
        return JSONResponse(answer.whole())


class _Answer:
    """One answer in the format of OpenAI's API."""

    def __init__(self, question: ChatRequest, row: GenerationRow, pieces: asyncio.Queue[str | None]) -> None:
        self.question, self.row, self.pieces = question, row, pieces
        self.first = ""
        self.id, self.created = f"chatcmpl-{uuid.uuid4().hex}", int(time.time())

    async def texts(self) -> AsyncIterator[str]:
        while (piece := await self.pieces.get()) is not None:
            yield piece

    async def drain(self, texts: AsyncIterator[str]) -> None:
        async for _ in texts:
            pass

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.question.model}

    def _usage(self) -> dict[str, int]:
        prompt, tokens = len(self.row.prompt), self.row.tokens
        return {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}

    def whole(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": self.row.text}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.row.finish}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage()}

    async def events(self, texts: AsyncIterator[str]) -> AsyncIterator[str]:
        """Yield the answer as server-sent events; closing the generator early cancels the row."""
        try:
            yield self._event({"role": "assistant", "content": self.first})
            async for text in texts:
                yield self._event({"content": text})
            if self.row.error:
                error = {"message": self.row.error, "type": "server_error", "param": None, "code": "server_error"}
                yield f"data: {json.dumps({'error': error})}\n\n"
                return
            yield self._event({}, self.row.finish)
            if self.question.wants_usage:
                yield _data({**self._head("chat.completion.chunk"), "choices": [], "usage": self._usage()})
            yield "data: [DONE]\n\n"
        finally:
            self.row.cancel()

    def _event(self, delta: dict[str, str], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _data({**self._head("chat.completion.chunk"), "choices": [choice]})


def _data(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
