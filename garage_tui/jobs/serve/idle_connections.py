"""Connections of the server: one that asks nothing is closed, so that a thousand of them cannot keep others out."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 20.0
"""Seconds until the headers of a first request must be here; uvicorn itself closes those that ask nothing more."""


class IdleTimeoutProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, with whoever asks something within `PATIENCE`."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._patience: asyncio.TimerHandle = self.loop.call_later(PATIENCE, self._leave)

    def connection_lost(self, exc: Exception | None) -> None:
        self._patience.cancel()
        super().connection_lost(exc)

    def _leave(self) -> None:
        asked: object = self.cycle  # None until the headers of a request are here
        if asked is None:
            self.transport.abort()  # nobody waits for what is in its buffers
