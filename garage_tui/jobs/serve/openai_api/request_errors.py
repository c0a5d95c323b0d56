"""Errors of a request, in OpenAI's form."""

from __future__ import annotations

import json

from starlette.responses import JSONResponse

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.sanitize import one_line
from garage_tui.jobs.serve.openai_api.context_length import CONTEXT_TEXT, ContextLengthError, says_too_long

GONE = 499
"""The status of an answer that nobody reads, because its client has left."""
RETRY_SECONDS = 10
"""Seconds after which a client may ask a server again that cannot answer now."""


class RequestRefusedError(Exception):
    """A request that gets an error in OpenAI's form.

    Args:
        param: the field that is wrong; empty where it is none.
        allow: the methods of a route that does not know the one used; empty otherwise.
    """

    def __init__(self, status: int, code: str, message: str, param: str = "", allow: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.param, self.allow = status, code, message, param, allow


def unloaded() -> RequestRefusedError:
    """Return the error of a request that comes while a run has the memory of the model."""
    return RequestRefusedError(503, "asleep", "the model was unloaded to make space for a run; ask again later")


def as_refusal(error: BadInputError) -> RequestRefusedError:
    """Return what a client gets for bad input."""
    code = "context_length_exceeded" if isinstance(error, ContextLengthError) else "bad_request"
    return RequestRefusedError(400, code, str(error), getattr(error, "param", ""))


def error_response(error: RequestRefusedError) -> JSONResponse:
    """Return an error in OpenAI's form, with the headers that belong to its status."""
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if error.status == 408:  # what may still come of the request must not be taken for the next one
        headers["Connection"] = "close"
    if error.allow:
        headers["Allow"] = error.allow
    return JSONResponse({"error": error_object(error)}, status_code=error.status, headers=headers)


def error_object(error: RequestRefusedError) -> dict[str, object]:
    """Return the `error` of an answer, which a stream sends too."""
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    return {"message": error.message, "type": kind, "param": error.param or None, "code": error.code}


def upstream_error(status: int, body: bytes, server: str, context: int | None) -> RequestRefusedError:
    """Return the error of a server behind this one in the form and with the codes of this one.

    Args:
        server: its name, for people.
        context: how many tokens the model's context holds, where that is known.
    """
    try:
        found = json.loads(body)
    except ValueError:
        found = {}
    error = found.get("error", found) if isinstance(found, dict) else {}
    error = error if isinstance(error, dict) else {"message": str(error)}
    message = one_line(str(error.get("message") or f"{server} answered with HTTP {status}"), 400)
    if says_too_long(message) or error.get("type") == "exceed_context_size_error":
        limit, tokens = error.get("n_ctx") or context, error.get("n_prompt_tokens")
        if message.startswith(CONTEXT_TEXT):
            return RequestRefusedError(400, "context_length_exceeded", message, "messages")
        if not isinstance(limit, int):
            return RequestRefusedError(400, "context_length_exceeded", f"{CONTEXT_TEXT} reached: {message}", "messages")
        return as_refusal(ContextLengthError(limit, tokens if isinstance(tokens, int) else 0))
    param = error.get("param")
    if 400 <= status < 500:
        return RequestRefusedError(400, "bad_request", message, param if isinstance(param, str) else "")
    return RequestRefusedError(503 if status == 503 else 502, "server_error", message)
