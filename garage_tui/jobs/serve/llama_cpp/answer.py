"""What is changed in llama.cpp's answers and errors before a client gets them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from garage_tui.jobs.serve.llama_cpp.openai_form import in_openais_form
from garage_tui.jobs.serve.llama_cpp.usage import StreamUsage, has_several, with_usage
from garage_tui.jobs.serve.openai_api.request_errors import RequestRefusedError, error_object, upstream_error
from garage_tui.jobs.serve.openai_api.request_fields import CHAT
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest

_FULL = "Context size has been exceeded"
_SCHEMA = re.compile(r"JSON schema error(?: at (?P<where>\S+))?: (?P<why>.+)")
_GRAMMAR = ("grammar", "Unable to generate parser")


class LlamaCppAnswer:
    """An `upstream.Rewriter`: llama.cpp's answers and errors in OpenAI's form.

    Args:
        question: the request that is answered.
        context: how many tokens the model's context holds.
        prompt_tokens: of each prompt, where there are several.
    """

    def __init__(self, question: ChatRequest, context: int, prompt_tokens: Sequence[int] = ()) -> None:
        self.question, self._context, self._prompt_tokens = question, context, prompt_tokens
        self._usage, self._head = StreamUsage(question.choices), dict[str, Any]()

    def event(self, data: bytes) -> list[bytes]:
        if data.startswith(b'{"error"'):
            return [json.dumps({"error": error_object(self._refusal(500, data))}).encode()]
        if not self._rewrites:
            return [data]
        chunk = json.loads(data)
        if not isinstance(chunk, dict):
            return []  # before the answers to several prompts there is a `null`
        self._usage.note(chunk)
        if not chunk.get("choices"):
            return []
        chunk.pop("usage", None)
        self._change(chunk)
        self._head = {name: value for name, value in chunk.items() if name != "timings"}
        return [json.dumps(chunk, ensure_ascii=False).encode()]

    def end(self) -> list[bytes]:
        if not (self._rewrites and self.question.wants_usage and self._head):
            return []
        return [json.dumps({**self._head, "choices": [], "usage": self._total()}).encode()]

    def whole(self, status: int, body: bytes) -> bytes:
        if status != 200:
            raise self._refusal(status, body)
        if has_several(self.question):
            body = with_usage(self.question, body, self._prompt_tokens)
        return in_openais_form(self.question, body)

    @property
    def _rewrites(self) -> bool:
        """True where llama.cpp's stream has another form than OpenAI's; the chat's has the same."""
        return self.question.route != CHAT or has_several(self.question)

    def _total(self) -> dict[str, int]:
        """Return the usage of a stream that has ended."""
        return self._usage.total()

    def _change(self, chunk: dict[str, Any]) -> None:
        """Change one event of a stream in place."""

    def _refusal(self, status: int, body: bytes) -> RequestRefusedError:
        if _FULL.encode() in body:
            text = "the conversations that are answered now are too long together; ask again"
            return RequestRefusedError(503, "server_error", text)
        refusal = upstream_error(status, body, "llama.cpp", self._context)
        field = next((name for name in ("response_format", "tools") if self.question.fields.get(name)), "")
        text = ""
        if found := _SCHEMA.search(refusal.message):
            where = f" at {found['where']}" if found["where"] not in (None, "#") else ""
            text = f"{field}: the schema is wrong{where}: {found['why']}"
        elif any(part in refusal.message for part in _GRAMMAR):
            text = f"{field}: {refusal.message}"
        return RequestRefusedError(400, "bad_request", text, field) if field and text else refusal
