"""What is changed in llama.cpp's answers and errors before a client gets them."""

from __future__ import annotations

import json

from garage_tui.jobs.serve.llama_cpp.openai_form import in_openais_form
from garage_tui.jobs.serve.request_errors import RequestRefusedError, error_object, upstream_error
from garage_tui.jobs.serve.request_schema import ChatRequest

_FULL = "Context size has been exceeded"


class LlamaCppAnswer:
    """An `upstream.Rewriter`: llama.cpp's answers and errors in OpenAI's form.

    Args:
        question: the request that is answered.
        context: how many tokens the model's context holds.
    """

    def __init__(self, question: ChatRequest, context: int) -> None:
        self.question, self._context = question, context

    def event(self, data: bytes) -> bytes:
        if not data.startswith(b'{"error"'):
            return data
        return json.dumps({"error": error_object(self._refusal(500, data))}).encode()

    def whole(self, status: int, body: bytes) -> bytes:
        if status == 200:
            return in_openais_form(self.question, body)
        raise self._refusal(status, body)

    def _refusal(self, status: int, body: bytes) -> RequestRefusedError:
        if _FULL.encode() in body:
            text = "the conversations that are answered now are too long together; ask again"
            return RequestRefusedError(503, "server_error", text)
        return upstream_error(status, body, "llama.cpp", self._context)
