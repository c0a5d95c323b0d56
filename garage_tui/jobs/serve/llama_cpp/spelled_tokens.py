"""Messages that spell out special tokens, for llama.cpp: they stay ordinary text.

llama.cpp takes every `<|im_end|>` in a rendered conversation for the real token, whoever wrote it. So such a
conversation is encoded here, with llama.cpp's own rendering of the template, and goes to its `/v1/completions` as
token ids; the answer gets the form of a chat's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
from tokenizers import Tokenizer

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.jobs.llm.chat_encoder import ChatEncoder
from garage_tui.jobs.llm.llama_cpp.process import LlamaCppProcess
from garage_tui.jobs.serve.base_tokenizer import base_tokenizer
from garage_tui.jobs.serve.llama_cpp.answer import LlamaCppAnswer
from garage_tui.jobs.serve.openai_api.chat_form import (
    NO_OPENING,
    OpeningText,
    as_completion,
    make_chat,
    make_chat_chunk,
)
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest
from garage_tui.jobs.serve.upstream import blocking_engine_client

_TEMPLATE_SECONDS = 30.0


def as_literal(request: dict[str, Any], base: Path, process: LlamaCppProcess) -> dict[str, Any]:
    """Return a chat request as a request to `COMPLETIONS`, whose special tokens are those of the template alone.

    Args:
        base: the base model's folder.
        process: renders the chat template.

    Raises:
        BadInputError: the template rejects the messages, or the request has tools.
        GarageError: the tokenizer cannot be read, or llama.cpp does not answer.
    """
    if request.get("tools"):
        raise BadInputError(
            "messages: together with tools, special tokens of this model cannot be passed as text; leave them out"
        )
    ids = ChatEncoder(_Template(base_tokenizer(base), process)).encode(request["messages"], ask=True)
    found = as_completion(request, ids)
    if request.get("logprobs"):
        found["logprobs"] = max(1, int(request.get("top_logprobs") or 0))
    form = request.get("response_format") or {}
    if form.get("type") == "json_object":
        found["json_schema"] = {"type": "object"}
    elif form.get("type") == "json_schema":
        found["json_schema"] = (form.get("json_schema") or {}).get("schema") or {"type": "object"}
    return found


class ChatForm(LlamaCppAnswer):
    """An `upstream.Rewriter`: the answer to `COMPLETIONS` in the form of a chat's.

    Args:
        question: the request that is answered.
        context: how many tokens the model's context holds.
        opening: put before what llama.cpp has written.
    """

    def __init__(self, question: ChatRequest, context: int, opening: OpeningText = NO_OPENING) -> None:
        super().__init__(question, context)
        self._opening = opening
        self._begun: set[int] = set()

    @property
    def _rewrites(self) -> bool:
        return True

    def _change(self, chunk: dict[str, Any]) -> None:
        make_chat_chunk(chunk, self._begun, self._opening)

    def _total(self) -> dict[str, int]:
        found = super()._total()
        self._opening.count(found)
        return found

    def whole(self, status: int, body: bytes) -> bytes:
        answer = json.loads(super().whole(status, body))
        make_chat(answer, self._opening)
        return json.dumps(answer, ensure_ascii=False).encode()


class _Template:
    """What `ChatEncoder` needs of transformers' tokenizer, without transformers: llama.cpp renders the template."""

    def __init__(self, tokenizer: Tokenizer, process: LlamaCppProcess) -> None:
        self.backend_tokenizer, self._process = tokenizer, process
        self.chat_template = ""  # it is in the GGUF; no template contains the characters that the encoder marks with

    def apply_chat_template(self, messages: list[dict[str, str]], tokenize: bool, add_generation_prompt: bool) -> str:
        try:
            with blocking_engine_client(self._process.socket, self._process.key, _TEMPLATE_SECONDS) as client:
                answer = client.post("/apply-template", json={"messages": messages})
        except httpx.HTTPError as error:
            raise GarageError("llama.cpp does not answer; ask again, or see the server's log") from error
        if answer.status_code != 200:
            raise BadInputError("the model's chat template rejects these messages")
        return str(answer.json()["prompt"])
