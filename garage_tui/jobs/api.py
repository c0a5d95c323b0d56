"""The routes of the embedded server: the part of OpenAI's HTTP API that a chat needs, behind a key."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from garage_tui.core.errors import BadInputError, GarageError
from garage_tui.core.runs import Run
from garage_tui.jobs.batcher import Batcher
from garage_tui.jobs.questions import MAX_BODY, Question, read_question
from garage_tui.jobs.rows import Row

T = TypeVar("T")

Offers = Callable[[], Mapping[str, Run | None]]
"""Returns the model ids that there are now; None is the bare base."""


class RefusalError(Exception):
    """An answer other than 200, in OpenAI's error form."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message


def make_app(batcher: Batcher, offers: Offers, key: str) -> ASGIApp:
    """Return the ASGI app: `GET /health`, `GET /v1/models`, `POST /v1/chat/completions`, each behind `key`."""

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "busy": batcher.busy, "batches": batcher.batches})

    async def models(_: Request) -> Response:
        found = await asyncio.to_thread(offers)
        base = next(iter(found))
        entries = [
            {
                "id": name,
                "object": "model",
                "created": int(run.manifest.created) if run and run.manifest else 0,
                "owned_by": "garage_tui",
                "parent": base if run else None,
            }
            for name, run in found.items()
        ]
        return JSONResponse({"object": "list", "data": entries})

    async def completions(request: Request) -> Response:
        question = read_question(await _body(request))
        found = await asyncio.to_thread(offers)
        if question.model not in found:
            raise RefusalError(404, "model_not_found", f"no model {question.model!r}; there are: {', '.join(found)}")
        run = found[question.model]
        prompt = await asyncio.to_thread(batcher.engine.encode, question.chat())
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        row = Row(
            prompt,
            run.adapter if run else None,
            question.sampling(),
            emit=lambda piece: loop.call_soon_threadsafe(pieces.put_nowait, piece),
        )
        try:
            batcher.put(row)
        except GarageError as error:
            raise RefusalError(503, "busy", str(error)) from error
        answer = _Answer(question, row, pieces)
        texts = answer.texts()
        try:
            if not question.stream:
                await _unless_gone(request, row, answer.drain(texts))
            else:
                # The status line waits for the first word, so that an adapter that cannot be loaded is an HTTP error.
                answer.first = await _unless_gone(request, row, anext(texts, ""))
        except ClientDisconnect:
            return Response(status_code=499)  # nobody reads it
        if row.error:
            raise RefusalError(500, "server_error", row.error)
        if question.stream:
            return StreamingResponse(answer.events(texts), media_type="text/event-stream")
        return JSONResponse(answer.whole())

    async def refused(_: Request, error: Exception) -> Response:
        if isinstance(error, RefusalError):
            return error_response(error.status, error.code, error.message)
        if isinstance(error, HTTPException):
            return error_response(
                error.status_code, "not_found", f"{error.detail}: see /v1/models, /v1/chat/completions"
            )
        if isinstance(error, BadInputError):
            return error_response(400, "bad_request", str(error))
        return error_response(500, "server_error", f"the server failed ({type(error).__name__}); its log says more")

    routes = [
        Route("/health", health),
        Route("/v1/models", models),
        Route("/v1/chat/completions", completions, methods=["POST"]),
    ]
    handled = (RefusalError, HTTPException, BadInputError, Exception)
    return _Locked(Starlette(routes=routes, exception_handlers=dict.fromkeys(handled, refused)), key)


def error_response(status: int, code: str, message: str) -> JSONResponse:
    kind = "invalid_request_error" if status < 500 else "server_error"
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    error = {"message": message, "type": kind, "param": None, "code": code}
    return JSONResponse({"error": error}, status_code=status, headers=headers)


class _Answer:
    """One answer in OpenAI's words."""

    def __init__(self, question: Question, row: Row, pieces: asyncio.Queue[str | None]) -> None:
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
        """Yield the answer as server-sent events; leaving early cancels the row."""
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


async def _unless_gone(request: Request, row: Row, work: Awaitable[T]) -> T:
    """Return what `work` gives; when the client leaves first, cancel the row.

    Raises:
        ClientDisconnect: it left.
    """
    gone = asyncio.ensure_future(request.receive())  # the body is read: the next message is the disconnect
    doing = asyncio.ensure_future(work)
    try:
        await asyncio.wait((doing, gone), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise ClientDisconnect
    finally:
        if not doing.done():
            row.cancel()
            doing.cancel()
        gone.cancel()


async def _body(request: Request) -> bytes:
    body = b""
    async for data in request.stream():
        body += data
        if len(body) > MAX_BODY:
            raise RefusalError(413, "too_large", f"the request is larger than {MAX_BODY // 1_000_000} MB")
    return body


class _Locked:
    """Lets nothing past that does not bring the key, unknown routes included."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self.app, self.key = app, key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scheme, _, given = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")
            if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self.key):
                refusal = error_response(401, "invalid_api_key", "this server asks for `Authorization: Bearer KEY`")
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)
