"""Answers in the format of OpenAI's API: whole, and as server-sent events."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from garage_tui.jobs.serve.generation import GenerationRow, TokenScore
from garage_tui.jobs.serve.openai_api.request_errors import RequestRefusedError, error_object
from garage_tui.jobs.serve.openai_api.request_fields import CHAT
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest

TokenText = Callable[[int], str]
DONE = "data: [DONE]\n\n"


class AnswerFormat:
    """The answer to one request, in the format of its route.

    Args:
        rows: one for each choice: those of the first prompt, then those of the second …
        token_text: returns a token as text.
    """

    def __init__(self, request: ChatRequest, rows: Sequence[GenerationRow], token_text: TokenText) -> None:
        self.request, self.rows, self._token_text = request, rows, token_text
        self.is_chat = request.route == CHAT
        self.id, self.created = f"{'chatcmpl' if self.is_chat else 'cmpl'}-{uuid.uuid4().hex}", int(time.time())
        self._sent = [0] * len(rows)  # log-probabilities that a stream has sent

    def whole(self) -> dict[str, Any]:
        kind = "chat.completion" if self.is_chat else "text_completion"
        choices = [self._choice(index, row) for index, row in enumerate(self.rows)]
        return {**self._head(kind), "choices": choices, "usage": self.usage()}

    async def events(self, pieces: AsyncIterator[tuple[int, str]]) -> AsyncIterator[str]:
        """Yield the answer as server-sent events; closing the generator early cancels the rows.

        Args:
            pieces: texts, each with the index of its row; it ends when all rows have ended.
        """
        try:
            for index, row in enumerate(self.rows):
                yield self._event(index, {"role": "assistant", "content": ""} if self.is_chat else {"text": ""})
                if self.request.echo:
                    yield self._event(index, {"text": self._prompt_text(row)})
            async for index, text in pieces:
                yield self._event(index, {"content": text} if self.is_chat else {"text": text})
            if error := next((row.error for row in self.rows if row.error), ""):
                found = error_object(RequestRefusedError(500, "server_error", error))
                yield f"data: {json.dumps({'error': found})}\n\n"
                return
            for index, row in enumerate(self.rows):
                yield self._event(index, {} if self.is_chat else {"text": ""}, row.finish)
            if self.request.wants_usage:
                yield _data({**self._head(self._chunk), "choices": [], "usage": self.usage()})
            yield DONE
        finally:
            for row in self.rows:
                row.cancel()

    def sentence(self, text: str) -> dict[str, Any] | list[str]:
        """Return a sentence of the server itself as the assistant's answer: whole, or as the events of a stream."""
        for row in self.rows:
            row.text, row.finish = text, "stop"
        if not self.request.stream:
            return self.whole()
        events = []
        for index in range(len(self.rows)):
            events.append(self._event(index, {"role": "assistant", "content": text}))
            events.append(self._event(index, {}, "stop"))
        if self.request.wants_usage:
            events.append(_data({**self._head(self._chunk), "choices": [], "usage": self.usage()}))
        return [*events, DONE]

    def usage(self) -> dict[str, int]:
        prompt = sum(len(row.prompt) for row in self.rows[:: self.request.choices])
        tokens = sum(row.tokens for row in self.rows)
        return {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}

    @property
    def _chunk(self) -> str:
        return "chat.completion.chunk" if self.is_chat else "text_completion"

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.request.model}

    def _choice(self, index: int, row: GenerationRow) -> dict[str, Any]:
        head = {"index": index, "finish_reason": row.finish}
        scores = row.scores[: row.tokens]
        if self.is_chat:
            message = {"role": "assistant", "content": row.text, "refusal": None}
            return {**head, "message": message, "logprobs": self._chat_logprobs(scores)}
        text = self._prompt_text(row) + row.text if self.request.echo else row.text
        return {**head, "text": text, "logprobs": self._completion_logprobs([*row.prompt_scores, *scores])}

    def _event(self, index: int, delta: dict[str, str], finish: str | None = None) -> str:
        row, start = self.rows[index], self._sent[index]
        scores = row.scores[start : row.tokens] if delta.get("content") or delta.get("text") or finish else []
        self._sent[index] += len(scores)
        choice: dict[str, Any] = {"index": index, "finish_reason": finish}
        if self.is_chat:
            choice |= {"delta": delta, "logprobs": self._chat_logprobs(scores) if scores else None}
        else:
            choice |= {**delta, "logprobs": self._completion_logprobs(scores) if scores else None}
        return _data({**self._head(self._chunk), "choices": [choice]})

    def _prompt_text(self, row: GenerationRow) -> str:
        prompt = self.request.prompts[self.rows.index(row) // self.request.choices]
        return prompt if isinstance(prompt, str) else "".join(self._token_text(token) for token in prompt)

    def _chat_logprobs(self, scores: Sequence[TokenScore]) -> dict[str, Any] | None:
        if self.request.top_logprobs is None:
            return None
        entries = [
            {
                **self._entry(score.token, score.logprob),
                "top_logprobs": [self._entry(token, logprob) for token, logprob in score.top],
            }
            for score in scores
        ]
        return {"content": entries, "refusal": None}

    def _entry(self, token: int, logprob: float | None) -> dict[str, Any]:
        text = self._token_text(token)
        return {"token": text, "logprob": logprob, "bytes": None if "\ufffd" in text else list(text.encode())}

    def _completion_logprobs(self, scores: Sequence[TokenScore]) -> dict[str, Any] | None:
        if self.request.top_logprobs is None:
            return None
        listed = [(self._token_text(score.token), score.logprob, score.top) for score in scores]
        return completion_logprobs([(text, logprob, self._by_text(top)) for text, logprob, top in listed])

    def _by_text(self, top: Sequence[tuple[int, float]]) -> dict[str, float]:
        return {self._token_text(token): logprob for token, logprob in reversed(top)}


def completion_logprobs(scores: Sequence[tuple[str, float | None, dict[str, float]]]) -> dict[str, Any]:
    """Return log-probabilities as `/v1/completions` has them.

    Args:
        scores: of each token its text, its log-probability, and the likeliest tokens at its position with theirs. The
            log-probability is None for the first token of a prompt.
    """
    offsets, length = [], 0
    for text, _, _ in scores:
        offsets.append(length)
        length += len(text)
    return {
        "tokens": [text for text, _, _ in scores],
        "token_logprobs": [logprob for _, logprob, _ in scores],
        "top_logprobs": [None if logprob is None else top for _, logprob, top in scores],
        "text_offset": offsets,
    }


def _data(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
