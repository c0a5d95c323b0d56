"""The HTTP routes of a model server: the part of OpenAI's API that a chat needs, protected by a key."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.runs.record import Run
from garage_tui.jobs.serve.engine_failures import EngineFailures
from garage_tui.jobs.serve.request_schema import MAX_BODY, ChatRequest, read_request, read_routing

T = TypeVar("T")
CHAT = "/v1/chat/completions"
Offers = Callable[[], Mapping[str, Run | None]]
"""Returns the ids of the models that can be asked now; the bare base has None."""


class RequestRefusedError(Exception):
    """A request that gets an error in OpenAI's format."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message


class Backend(Protocol):
    """A backend that answers questions: a model in this process, or another server behind this one."""

    name: str
    """For people: `transformers 5.0.0`."""
    failures: EngineFailures
    """How often its engine has ended by itself, and what is to be said of that."""
    all_of_openai: bool
    """True where it supports more than `ChatRequest` knows: tools, log-probabilities …"""

    @property
    def last_used(self) -> float:
        """Monotonic seconds of the last question or answer."""
        ...

    @property
    def busy(self) -> bool:
        """True while an answer is being generated."""
        ...

    def start(self, say: Callable[[str], None]) -> None:
        """Get ready to answer; may be called again after `sleep`, and after its engine has ended by itself.

        Raises:
            GarageError: it cannot start; the text says why.
        """
        ...

    def sleep(self) -> None:
        """Free the GPU's memory."""
        ...

    def close(self, seconds: float) -> bool:
        """Cancel all answers; return whether everything has ended in time."""
        ...

    def check(self) -> None:
        """Check that it is still running.

        Raises:
            EngineEndedError: its engine has ended by itself, and `start` is needed; the text says why.
            GarageError: its engine has ended too often.
        """
        ...

    def health(self) -> dict[str, object]:
        """Return more fields for `GET /health`."""
        ...

    async def answer(
        self, request: Request, path: str, question: ChatRequest, body: bytes, run: Run | None
    ) -> Response:
        """Return the answer of the base (None) or of a run to a request for `path` (`CHAT`)."""
        ...


def make_app(backend: Backend, offers: Offers, key: str, absent: Callable[[], str] = lambda: "") -> ASGIApp:
    """Return the ASGI app: `GET /health`, `GET /v1/models`, `POST /v1/chat/completions`, each behind `key`.

    Args:
        absent: returns why the model cannot answer now; empty where it can.
    """

    async def health(_: Request) -> Response:
        return JSONResponse({"status": absent() or "ok", "busy": backend.busy, **backend.health()})

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
        body = await _body(request)
        question = (read_routing if backend.all_of_openai else read_request)(body)
        found = await asyncio.to_thread(offers)
        if question.model not in found:
            raise RequestRefusedError(
                404, "model_not_found", f"no model {question.model!r}; available: {', '.join(found)}"
            )
        if reason := absent():
            raise RequestRefusedError(503, "asleep", reason)
        return await backend.answer(request, CHAT, question, body, found[question.model])

    async def refused(_: Request, error: Exception) -> Response:
        if isinstance(error, RequestRefusedError):
            return error_response(error.status, error.code, error.message)
        if isinstance(error, HTTPException):
            return error_response(
                error.status_code, "not_found", f"{error.detail}: use /v1/models or /v1/chat/completions"
            )
        if isinstance(error, BadInputError):
            return error_response(400, "bad_request", str(error))
        return error_response(500, "server_error", f"the server failed ({type(error).__name__}); see its log")

    routes = [
        Route("/health", health),
        Route("/v1/models", models),
        Route(CHAT, completions, methods=["POST"]),
    ]
    handled = (RequestRefusedError, HTTPException, BadInputError, Exception)
    return _KeyRequired(Starlette(routes=routes, exception_handlers=dict.fromkeys(handled, refused)), key)


def error_response(status: int, code: str, message: str) -> JSONResponse:
    kind = "invalid_request_error" if status < 500 else "server_error"
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    error = {"message": message, "type": kind, "param": None, "code": code}
    return JSONResponse({"error": error}, status_code=status, headers=headers)


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """Return the result of `work`, or cancel it when the client disconnects first.

    Raises:
        ClientDisconnect: the client has disconnected.
    """
    gone = asyncio.ensure_future(request.receive())  # the body is read: the next message is the disconnect
    doing = asyncio.ensure_future(work)
    try:
        await asyncio.wait((doing, gone), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise ClientDisconnect
    finally:
        doing.cancel()
        gone.cancel()


async def _body(request: Request) -> bytes:
    body = b""
    async for data in request.stream():
        body += data
        if len(body) > MAX_BODY:
            raise RequestRefusedError(413, "too_large", f"the request is larger than {MAX_BODY // 1_000_000} MB")
    return body


class _KeyRequired:
    """Refuses every request without the key, also on unknown routes."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self.app, self.key = app, key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http":
            scheme, _, given = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")
            if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self.key):
                refusal = error_response(
                    401, "invalid_api_key", "this server needs the header `Authorization: Bearer KEY`"
                )
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)
