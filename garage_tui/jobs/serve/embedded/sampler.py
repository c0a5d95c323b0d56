"""Sampling of the embedded engine: each row of a batch has its own options, and its own log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import (
    DynamicCache,
    LogitsProcessor,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from garage_tui.jobs.serve.generation import GenerationOptions, GenerationRow, TokenScore

_SCORED_AT_ONCE = 256
"""Tokens of a prompt whose scores over the whole vocabulary are in memory at once."""


class Sampler(LogitsProcessor):
    """Samples within greedy decoding: argmax(logits / T + Gumbel noise) is a draw from softmax(logits / T).

    So each row has its own temperature, top_p and seed, and draws the same tokens whoever shares its batch
    (Gumbel-max trick: Maddison et al. 2014, arXiv 1411.0030). The log-probabilities are those of the model, before
    any option changes them.

    Args:
        rows: of the batch.
        padded: tokens of the longest prompt: the others are padded to that on the left.
    """

    def __init__(self, rows: Sequence[GenerationRow], padded: int, device: torch.device) -> None:
        self.rows, self.padded = rows, padded
        self.generators: list[torch.Generator | None] = []
        for row in rows:
            generator = None if row.sampling.is_greedy else torch.Generator(device)
            if generator is not None and row.sampling.seed is not None:
                generator.manual_seed(row.sampling.seed)
            elif generator is not None:
                generator.seed()
            self.generators.append(generator)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return (rows, vocabulary) scores whose argmax is each row's next token."""
        for index, (row, generator) in enumerate(zip(self.rows, self.generators, strict=True)):
            if row.ended:
                continue
            raw = scores[index : index + 1]
            own = input_ids[index : index + 1, self.padded - len(row.read) :]
            logits = _penalised(row.sampling, own, len(row.prompt), raw)
            if generator is not None:
                logits = _cut(row.sampling, own, logits / row.sampling.temperature)
                noise = torch.empty_like(logits).exponential_(generator=generator)
                logits = logits - noise.log()
            if row.sampling.top_logprobs is not None:
                row.scores.append(_score(raw[0], int(logits.argmax()), row.sampling.top_logprobs))
            scores[index : index + 1] = logits
        return scores


def score_prompt(model: Any, row: GenerationRow, more: dict[str, Any]) -> list[TokenScore]:
    """Return the log-probability of each token of a row's prompt after those before it.

    Args:
        model: a causal language model of transformers, with or without PEFT.
        more: further arguments of its forward pass: which adapter it uses.
    """
    found, cache = [TokenScore(row.prompt[0], None)], DynamicCache()
    targets = row.prompt[1:]
    for start in range(0, len(targets), _SCORED_AT_ONCE):
        if row.cancelled:
            break
        ids = torch.tensor([row.prompt[start : start + _SCORED_AT_ONCE]], device=model.device)
        with torch.inference_mode():
            logits = model(input_ids=ids, past_key_values=cache, use_cache=True, **more).logits[0]
        part = targets[start : start + _SCORED_AT_ONCE]
        top = row.sampling.top_logprobs or 0
        found += [_score(scores, token, top) for scores, token in zip(logits, part, strict=False)]
    return found


def _score(logits: torch.Tensor, token: int, top: int) -> TokenScore:
    logprobs = logits.float().log_softmax(-1)
    values, tokens = logprobs.topk(min(top, len(logprobs)))
    likeliest = tuple(zip(tokens.tolist(), values.tolist(), strict=True))
    return TokenScore(token, float(logprobs[token]), likeliest)


def _penalised(options: GenerationOptions, own: torch.Tensor, prompt: int, logits: torch.Tensor) -> torch.Tensor:
    """Return (1, vocabulary) logits with bias and penalties; `own` is (1, tokens): the prompt, then the answer."""
    logits = logits.clone()
    for token, bias in options.logit_bias:
        if token < logits.shape[-1]:
            logits[0, token] += bias
    if options.repetition_penalty != 1:
        logits = RepetitionPenaltyLogitsProcessor(options.repetition_penalty)(own, logits)
    if options.presence_penalty or options.frequency_penalty:
        counts = torch.bincount(own[0, prompt:], minlength=logits.shape[-1])[: logits.shape[-1]]
        logits[0] -= options.frequency_penalty * counts + options.presence_penalty * (counts > 0)
    return logits


def _cut(options: GenerationOptions, own: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Return the logits with those of the tokens that may not be drawn at minus infinity."""
    if options.min_p:
        logits = MinPLogitsWarper(options.min_p)(own, logits)
    if options.top_k:
        logits = TopKLogitsWarper(options.top_k)(own, logits)
    if options.top_p < 1:
        logits = TopPLogitsWarper(options.top_p)(own, logits)
    return logits
