"""The prompt's own log-probabilities from llama.cpp, for `echo` in `/v1/completions`.

llama.cpp scores only tokens that it writes. So it is made to write the prompt: one request for each token, which a bias
forces. The log-probabilities that it reports are from before the bias, and its cache computes each token once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tokenizers import Tokenizer

from garage_tui.jobs.serve.base_tokenizer import base_tokenizer
from garage_tui.jobs.serve.llama_cpp.answer import LlamaCppAnswer
from garage_tui.jobs.serve.llama_cpp.usage import tokenized, usage
from garage_tui.jobs.serve.openai_api.answer_format import completion_logprobs
from garage_tui.jobs.serve.openai_api.context_length import ContextLengthError
from garage_tui.jobs.serve.openai_api.request_errors import RequestRefusedError
from garage_tui.jobs.serve.openai_api.request_fields import BadFieldError
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest

_FORCED = 1e4  # added to the logit of the token that is written
Score = tuple[str, float | None, dict[str, float]]
"""A token's text, its log-probability, and the likeliest tokens at its position with theirs."""


@dataclass(frozen=True)
class EchoedPrompt:
    """A prompt as the answer repeats it."""

    text: str
    tokens: int
    scores: tuple[Score, ...] = ()
    """Of each token; empty where no log-probabilities are requested."""


def check_echo(question: ChatRequest) -> None:
    """Check what cannot be repeated.

    Raises:
        BadFieldError: the answer is to be streamed.
    """
    if question.echo and question.stream:
        raise BadFieldError("echo", "echo: llama.cpp does not stream it; leave stream out")


async def echoed_prompts(
    question: ChatRequest, client: httpx.AsyncClient, base: Path, context: int
) -> list[EchoedPrompt]:
    """Return the prompts of a request with `echo`, scored where it asks for log-probabilities.

    Args:
        client: of the worker.
        base: the base model's folder.
        context: how many tokens the model's context holds.

    Raises:
        ContextLengthError: a prompt does not fit.
        httpx.HTTPError: the worker does not answer.
    """
    tokenizer = base_tokenizer(base)
    found = []
    for prompt in question.prompts:
        ids = await tokenized(client, prompt)
        text = prompt if isinstance(prompt, str) else "".join(_text(tokenizer, token) for token in ids)
        if len(ids) > context:
            raise ContextLengthError(context, len(ids), "prompt")
        scores = [] if question.top_logprobs is None else await _scores(client, ids, question.top_logprobs, tokenizer)
        found.append(EchoedPrompt(text, len(ids), tuple(scores)))
    return found


async def _scores(client: httpx.AsyncClient, ids: list[int], top: int, tokenizer: Tokenizer) -> list[Score]:
    scores: list[Score] = [(_text(tokenizer, ids[0]), None, {})]
    for end in range(1, len(ids)):
        entry = await _written(client, ids[:end], ids[end], max(1, top))
        if entry is None:
            # A token without a text of its own. Another one is written, and the likeliest are all tokens there are.
            other = await _written(client, ids[:end], _whole_character(tokenizer), tokenizer.get_vocab_size())
            listed = other["top_logprobs"] if other else []
            entry = next(({**each, "top_logprobs": listed} for each in listed if each["id"] == ids[end]), None)
        if entry is None:
            raise RequestRefusedError(502, "server_error", "llama.cpp has not scored this prompt; ask again")
        likeliest = {each["token"]: each["logprob"] for each in entry["top_logprobs"][:top]}
        scores.append((_text(tokenizer, ids[end]), entry["logprob"], likeliest))
    return scores


async def _written(client: httpx.AsyncClient, before: list[int], token: int, top: int) -> dict[str, Any] | None:
    """Return what llama.cpp says of a token that it has to write after others; None where it says nothing of it."""
    order = {
        "prompt": before,
        "n_predict": 1,
        "n_probs": top,
        "logit_bias": [[token, _FORCED]],
        "temperature": 0,
        "cache_prompt": True,
    }
    found: list[dict[str, Any]] = (await _post(client, "/completion", order)).get("completion_probabilities") or []
    return found[0] if found else None


def _whole_character(tokenizer: Tokenizer) -> int:
    """Return a token that is a character by itself."""
    return next(token for token in range(tokenizer.get_vocab_size()) if _text(tokenizer, token).isalnum())


async def _post(client: httpx.AsyncClient, path: str, order: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(path, json=order)
    if answer.status_code != 200:
        raise RequestRefusedError(502, "server_error", "llama.cpp cannot score this prompt; see the server's log")
    found: dict[str, Any] = answer.json()
    return found


class EchoAnswer(LlamaCppAnswer):
    """An `upstream.Rewriter`: an answer of `/v1/completions` that begins with its prompt.

    Args:
        question: the request that is answered.
        context: how many tokens the model's context holds.
        prompts: those of the request.
    """

    def __init__(self, question: ChatRequest, context: int, prompts: list[EchoedPrompt]) -> None:
        super().__init__(question, context, [prompt.tokens for prompt in prompts])
        self._prompts = prompts

    def whole(self, status: int, body: bytes) -> bytes:
        answer = json.loads(super().whole(status, body))
        is_prompt_only = self.question.max_tokens == 0  # llama.cpp writes one token all the same
        for choice in answer["choices"]:
            prompt = self._prompts[choice["index"] // self.question.choices]
            written = choice.get("logprobs")
            choice["text"] = prompt.text + ("" if is_prompt_only else choice["text"])
            choice["finish_reason"] = "length" if is_prompt_only else choice["finish_reason"]
            if self.question.top_logprobs is not None:
                more = _as_scores(written) if written and not is_prompt_only else []
                choice["logprobs"] = completion_logprobs([*prompt.scores, *more])
        if is_prompt_only:
            answer["usage"] = usage(sum(self._prompt_tokens), 0)
        return json.dumps(answer, ensure_ascii=False).encode()


def _as_scores(logprobs: dict[str, Any]) -> list[Score]:
    return [
        (text, logprob, top or {})
        for text, logprob, top in zip(
            logprobs["tokens"], logprobs["token_logprobs"], logprobs["top_logprobs"], strict=True
        )
    ]


def _text(tokenizer: Tokenizer, token: int) -> str:
    return str(tokenizer.decode([token], skip_special_tokens=False))
