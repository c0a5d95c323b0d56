"""An HTTP protocol that closes connections without a request, so that idle ones cannot keep other clients out."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

FIRST_REQUEST_SECONDS = 20.0
"""Seconds within which the headers of a first request must arrive; after it uvicorn's own keep-alive limit holds."""


class IdleTimeoutProtocol(H11Protocol):
    """uvicorn's HTTP protocol; a connection without a request within `FIRST_REQUEST_SECONDS` is closed."""

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
