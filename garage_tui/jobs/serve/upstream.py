"""Passes checked requests on to an inference engine behind this server, and its answers back to the clients.

An engine is a process of its own that listens on a Unix socket of this user alone: vLLM or llama.cpp.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from garage_tui.jobs.serve.engine_failures import EngineFailures
from garage_tui.jobs.serve.openai_api.request_errors import GONE, RequestRefusedError, error_object
from garage_tui.jobs.serve.routes import unless_gone

SLEEP_SECONDS = 30.0
"""Seconds that unfinished answers may take before the model is unloaded."""
_ANSWER_SECONDS = 600.0
_CONNECT_SECONDS = 10.0


class Rewriter(Protocol):
    """Changes what an engine answers before the client gets it."""

    def event(self, data: bytes) -> list[bytes]:
        """Return the data of the events that a client gets for one server-sent event; empty: it gets none."""
        ...

    def end(self) -> list[bytes]:
        """Return the data of the events that a client gets before a stream ends."""
        ...

    def whole(self, status: int, body: bytes) -> bytes:
        """Return the body of an answer that is not streamed.

        Raises:
            RequestRefusedError: the engine has refused the request, and this says it better.
        """
        ...


class Upstream:
    """Passes requests on, and counts those that are under way.

    Args:
        engine: the engine's name, for sentences.
        failures: the engine's; each answer begins their count anew.
    """

    def __init__(self, engine: str, failures: EngineFailures) -> None:
        self._engine, self._failures = engine, failures
        self._under_way = 0
        self.last_used = time.monotonic()
        """Monotonic seconds of the last question or answer."""

    @property
    def busy(self) -> bool:
        return self._under_way > 0

    def wait_until_idle(self, seconds: float) -> None:
        """Wait until all requests are answered, at most so long."""
        end = time.monotonic() + seconds
        while self.busy and time.monotonic() < end:
            time.sleep(0.1)

    @contextlib.contextmanager
    def under_way(self) -> Iterator[Callable[[], None]]:
        """Count a request until the function that it yields is called, or until an exception leaves the context."""
        ended = False

        def end() -> None:
            nonlocal ended
            if not ended:
                ended = True
                self._under_way -= 1
                self.last_used = time.monotonic()

        self._under_way += 1
        try:
            yield end
        except BaseException:
            end()
            raise

    async def pass_on(
        self,
        request: Request,
        client: httpx.AsyncClient,
        path: str,
        body: bytes,
        end: Callable[[], object],
        rewriter: Rewriter | None = None,
    ) -> Response:
        """Return the engine's answer to a request.

        Args:
            request: the client's; where it disconnects, the engine stops to answer.
            client: talks to the engine (`engine_client`); it is closed after the answer.
            path: of the engine's route.
            end: called once, after the whole answer or its failure.
            rewriter: by default the answer is passed on as it is.

        Raises:
            RequestRefusedError: the engine does not answer, or the rewriter refuses.
        """
        try:
            sent = client.build_request("POST", path, content=body, headers={"Content-Type": "application/json"})
            answer = await unless_gone(request, client.send(sent, stream=True))
        except ClientDisconnect:
            await _close(client, end)
            return Response(status_code=GONE)
        except httpx.HTTPError as error:
            await _close(client, end)
            raise self.unanswered("does not answer") from error
        except BaseException:
            await _close(client, end)
            raise
        kind = answer.headers.get("content-type", "application/json")
        if "event-stream" in kind:
            pieces = self._pieces(answer, client, end, rewriter)
            return StreamingResponse(pieces, answer.status_code, media_type=kind)
        try:
            whole = await unless_gone(request, answer.aread())
        except ClientDisconnect:
            return Response(status_code=GONE)
        except httpx.HTTPError as error:
            raise self.unanswered("stopped in the middle of the answer") from error
        finally:
            await answer.aclose()
            await _close(client, end)
        self._failures.answered()
        if rewriter:
            whole = rewriter.whole(answer.status_code, whole)
        return Response(whole, answer.status_code, media_type=kind)

    async def _pieces(
        self, answer: httpx.Response, client: httpx.AsyncClient, end: Callable[[], object], rewriter: Rewriter | None
    ) -> AsyncIterator[bytes]:
        """Yield the answer as it arrives; closing the generator early closes the connection, and the engine stops."""
        try:
            async for piece in _events(answer, rewriter) if rewriter else answer.aiter_raw():
                yield piece
            self._failures.answered()
        except httpx.HTTPError:
            error = error_object(self.unanswered("stopped in the middle of the answer"))
            yield f"data: {json.dumps({'error': error})}\n\n".encode()
        finally:
            await asyncio.shield(_end_stream(answer, client, end))

    def unanswered(self, what: str) -> RequestRefusedError:
        """Return the error of a request that the engine has not answered; `what` says what it did instead."""
        return RequestRefusedError(502, "server_error", f"{self._engine} {what}; ask again, or see the server's log")


def blocking_engine_client(socket: Path, key: str, seconds: float) -> httpx.Client:
    """Return a client that blocks, for what a thread asks the engine; each of its requests may take so long."""
    return httpx.Client(
        transport=httpx.HTTPTransport(uds=str(socket), trust_env=False),
        base_url="http://engine",
        headers={"Authorization": f"Bearer {key}"},
        timeout=seconds,
    )


def engine_client(socket: Path, key: str) -> httpx.AsyncClient:
    """Return a client of the engine that listens on a Unix socket."""
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=str(socket), trust_env=False),
        base_url="http://engine",
        headers={"Authorization": f"Bearer {key}"},
        timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
    )


def ignore_cancelled_reads(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Handle an exception that no task has caught, without a traceback for a read from an engine that was cancelled.

    anyio completes a read from a Unix socket although it was cancelled a moment before, when a client left.
    """
    if not isinstance(context.get("exception"), asyncio.InvalidStateError):
        loop.default_exception_handler(context)


async def _events(answer: httpx.Response, rewriter: Rewriter) -> AsyncIterator[bytes]:
    """Yield server-sent events, each with its data rewritten; comments (an engine's pings) stay as they are."""
    is_dropped = False  # with an event goes the empty line that ends it
    async for line in answer.aiter_lines():
        if is_dropped and not line:
            is_dropped = False
            continue
        found = [line.encode()]
        if line == "data: [DONE]":
            found = [*(b"data: " + data + b"\n" for data in rewriter.end()), *found]
        elif line.startswith("data: "):
            events = rewriter.event(line[6:].encode())
            is_dropped = not events
            found = [b"data: " + data for data in events]
        for each in found:
            yield each + b"\n"


async def _end_stream(answer: httpx.Response, client: httpx.AsyncClient, end: Callable[[], object]) -> None:
    await answer.aclose()
    await _close(client, end)


async def _close(client: httpx.AsyncClient, end: Callable[[], object]) -> None:
    end()
    await client.aclose()
