"""uvicorn's HTTP protocol, without connections that stay idle, and with OpenAI's form of error for what is no HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from garage_tui.jobs.serve.openai_api.request_errors import RequestRefusedError, error_response

HEADERS_SECONDS = 20.0
"""Seconds within which the headers of a request must arrive: from the connection on, later from their first byte on.
Between requests uvicorn's own keep-alive limit holds."""


class ServerProtocol(H11Protocol):
    """The protocol of one connection.

    One that waits longer than `HEADERS_SECONDS` for whole headers is closed, so that idle ones cannot keep other
    clients out.
    """

    _timeout: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)  # which ends uvicorn's own wait, also with a single byte
        if self._has_request():
            self._wait_no_more()
        elif self._timeout is None and not self.transport.is_closing():
            self._wait_for_headers()

    def _has_request(self) -> bool:
        """Return whether a request is here whose answer is not complete."""
        request: Any = self.cycle  # None until the headers of a first request are here
        return request is not None and not request.response_complete

    def _wait_for_headers(self) -> None:
        self._timeout = self.loop.call_later(HEADERS_SECONDS, self._close_if_idle)

    def _wait_no_more(self) -> None:
        if self._timeout:
            self._timeout.cancel()
            self._timeout = None

    def _close_if_idle(self) -> None:
        self._timeout = None
        if not self._has_request():
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
