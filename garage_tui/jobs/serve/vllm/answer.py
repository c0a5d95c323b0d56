"""What is changed in vLLM's answers and errors before a client gets them."""

from __future__ import annotations

import json

from garage_tui.jobs.serve.openai_api.chat_form import OpeningText, make_chat, make_chat_chunk
from garage_tui.jobs.serve.openai_api.request_errors import upstream_error


class VllmAnswer:
    """An `upstream.Rewriter`: vLLM's errors in our form."""

    def __init__(self, context: int | None) -> None:
        self._context = context

    def event(self, data: bytes) -> list[bytes]:
        return [data]

    def end(self) -> list[bytes]:
        return []

    def whole(self, status: int, body: bytes) -> bytes:
        if status >= 400:
            raise upstream_error(status, body, "vLLM", self._context)
        return body


class OpenedAnswer(VllmAnswer):
    """An answer to `COMPLETIONS` in the form of a chat's, with the opening that vLLM has continued."""

    def __init__(self, context: int | None, opening: OpeningText) -> None:
        super().__init__(context)
        self._opening, self._begun = opening, set[int]()

    def event(self, data: bytes) -> list[bytes]:
        chunk = json.loads(data)
        if "choices" in chunk:
            make_chat_chunk(chunk, self._begun, self._opening)
        return [json.dumps(chunk, ensure_ascii=False).encode()]

    def whole(self, status: int, body: bytes) -> bytes:
        answer = json.loads(super().whole(status, body))
        make_chat(answer, self._opening)
        return json.dumps(answer, ensure_ascii=False).encode()
