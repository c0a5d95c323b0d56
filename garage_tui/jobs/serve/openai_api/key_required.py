"""Asks for the API key before anything else."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Callable, Collection

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from garage_tui.jobs.serve.openai_api.request_errors import RequestRefusedError, error_response


def has_key(scope: Scope, key: str | Callable[[], str]) -> bool:
    key = key if isinstance(key, str) else key()
    scheme, _, given = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")
    return scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), key.encode())


class KeyRequired:
    """Refuses every request without the key, also on unknown routes.

    Args:
        key: the API key, or a function that returns it, where it may change.
        open_routes: those that need none.
    """

    def __init__(self, app: ASGIApp, key: str | Callable[[], str], open_routes: Collection[str]) -> None:
        self.app, self.key, self._open = app, key, open_routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http" and not (scope["path"] in self._open or has_key(scope, self.key)):
            text = "this server needs the header `Authorization: Bearer KEY`"
            refusal = error_response(RequestRefusedError(401, "invalid_api_key", text))
            await refusal(scope, receive, send)
            return
        with contextlib.suppress(ClientDisconnect):  # no failure: uvicorn would write a traceback
            await self.app(scope, receive, send)
