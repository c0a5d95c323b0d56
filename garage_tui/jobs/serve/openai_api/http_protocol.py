"""uvicorn's HTTP protocol, without connections that stay idle, and with OpenAI's form of error for what is no HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from garage_tui.jobs.serve.openai_api.request_errors import RequestRefusedError, error_response

FIRST_REQUEST_SECONDS = 20.0
"""Seconds within which the headers of a first request must arrive; after it uvicorn's own keep-alive limit holds."""


class ServerProtocol(H11Protocol):
    """The protocol of one connection.

    One without a request within `FIRST_REQUEST_SECONDS` is closed, so that idle ones cannot keep other clients out.
    """

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._timeout: asyncio.TimerHandle = self.loop.call_later(FIRST_REQUEST_SECONDS, self._close_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timeout.cancel()
        super().connection_lost(exc)

    def _close_if_idle(self) -> None:
        request: object = self.cycle  # None until the headers of a request are here
        if request is None:
            self.transport.abort()  # nobody reads what is in its buffers

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no HTTP, unless an answer to what came before them is under way; then close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            text = "this is not a valid HTTP request: check its first line, its headers and the length of its body"
            answer = error_response(RequestRefusedError(400, "bad_request", text))
            events = (
                h11.Response(status_code=400, headers=[*answer.raw_headers, (b"connection", b"close")]),
                h11.Data(data=bytes(answer.body)),
                h11.EndOfMessage(),
            )
            for event in events:
                self.transport.write(self.conn.send(event))
        self.transport.close()
