"""What went wrong with a request to a model server."""

from __future__ import annotations

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line


class ChatError(GarageError):
    """A request failed, or its response is not that of an OpenAI-compatible server; the text is one sentence."""


class ServerRefusalError(ChatError):
    """The server answered a request with an HTTP error; the text has its message.

    Args:
        retry_after: seconds after which the server wants to be asked again; None where it does not say so.
    """

    def __init__(self, text: str, status: int, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.status, self.retry_after = status, retry_after


def error_message(body: object) -> str:
    """Return the message of an error response, in OpenAI's form or in one that is close to it."""
    found = body
    for _ in range(2):
        if isinstance(found, dict):
            found = found.get("error") or found.get("message") or found.get("detail")
    return one_line(found, 300) if isinstance(found, str) else ""
