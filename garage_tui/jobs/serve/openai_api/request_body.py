"""Reads the body of a request, bounded in bytes and time."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from garage_tui.core.base.sanitize import one_line
from garage_tui.jobs.serve.openai_api.request_errors import RequestRefusedError

MAX_BODY = 4_000_000
"""Most bytes of a request: no model's context holds more."""
MAX_SECONDS = 600.0
"""Seconds within which a whole request must arrive."""
SILENT_SECONDS = 30.0
"""Seconds without a byte after which a client that announced more has gone."""


async def read_body(request: Request) -> bytes:
    """Return the body of a request.

    Raises:
        RequestRefusedError: it is compressed, longer than `MAX_BODY` bytes, or did not come in time.
        ClientDisconnect: the client has closed the connection.
    """
    if (encoding := request.headers.get("content-encoding", "identity").lower()) != "identity":
        text = f"the request is compressed (Content-Encoding: {one_line(encoding, 40)}): send it as it is"
        raise RequestRefusedError(415, "bad_request", text)
    body, parts = b"", request.stream()
    try:
        async with asyncio.timeout(MAX_SECONDS):
            while part := await asyncio.wait_for(anext(parts, b""), SILENT_SECONDS):
                body += part
                if len(body) > MAX_BODY:
                    raise RequestRefusedError(
                        413, "too_large", f"the request is larger than {MAX_BODY // 1_000_000} MB"
                    )
    except TimeoutError:
        text = f"only {len(body):,} bytes of the request came, and then nothing more in time: send it again"
        raise RequestRefusedError(408, "request_timeout", text) from None
    return body
