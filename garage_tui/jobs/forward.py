"""A causal language model, looked at through its two halves: hidden states, and logits where they are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from transformers import DynamicCache

from garage_tui.jobs.packing import LINE, Batch, Chats, Example, pack

ROWS = 160
"""Answers made together: the fewer rows, the longer the processor waits for the weights."""
_AT_ONCE = 24
"""Examples in one forward pass without gradients."""


class Model:
    """A base model, bare or with an adapter, and how it is asked.

    Args:
        model: a transformers model for causal language modelling, or PEFT's around one.
    """

    def __init__(self, model: Any, chats: Chats) -> None:
        self.whole, self.chats = model, chats
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        self.body, self.head = base.get_decoder(), base.get_output_embeddings()
        self._cap = getattr(base.config, "final_logit_softcapping", None)
        self._scale = getattr(base.config, "logits_scaling", None)
        self.device: torch.device = self.head.weight.device
        self.packs = base.config._attn_implementation == "sdpa"
        """Whether it takes a mask of our own; else every example has a line to itself."""
        self.packs = self.packs and self._agrees()

    def base(self) -> AbstractContextManager[Any]:
        """Return a context in which the adapter is switched off."""
        return self.whole.disable_adapter() if hasattr(self.whole, "disable_adapter") else nullcontext()

    def hidden(self, batch: Batch) -> torch.Tensor:
        """Return (labels, width): the last hidden state before each label."""
        batch = batch.to(self.device)
        mask = batch.mask if self.packs else batch.own.view(batch.ids.shape) | (batch.positions > 0)
        if not self.packs:
            mask[:, 0] = True
        out = self.body(
            input_ids=batch.ids, attention_mask=mask, position_ids=batch.positions, use_cache=False
        ).last_hidden_state
        # Of a model on several GPUs the last layers may be elsewhere than the first.
        return out.flatten(0, 1)[batch.where.to(out.device)].to(self.device)

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return (…, vocabulary) in fp32."""
        found = self.head(hidden.to(self.head.weight.dtype)).float()
        if self._scale:
            found = found / self._scale
        return torch.tanh(found / self._cap) * self._cap if self._cap else found

    def pack(self, examples: Sequence[Example], prefix: Sequence[int] | None = None) -> Batch:
        """Return a batch; behind another prefix than the chat template's where one is given."""
        return pack(examples, self.chats.prefix if prefix is None else prefix, line=LINE if self.packs else 0)

    def batches(
        self, examples: Sequence[Example], prefix: Sequence[int] | None = None
    ) -> Iterator[tuple[int, Batch, torch.Tensor]]:
        """Yield, without gradients, the first example's index, the batch and its hidden states."""
        for start in range(0, len(examples), _AT_ONCE):
            batch = self.pack(examples[start : start + _AT_ONCE], prefix)
            with torch.no_grad():
                yield start, batch, self.hidden(batch)

    def _agrees(self) -> bool:
        """Return whether packed rows come out as they do alone: not every model's attention keeps to a mask."""
        rows = [self.chats.example("Who was Marie Curie?", "A physicist."), self.chats.example("Why?", "Nobody knows.")]
        with torch.no_grad():
            together = self.hidden(pack(rows, self.chats.prefix)).float()
            alone = torch.cat([self.hidden(pack([row], self.chats.prefix)) for row in rows]).float()
        return bool((together - alone).norm() < 0.05 * alone.norm())

    def answer(
        self, prompts: Sequence[Sequence[int]], most: int, *, prefix: Sequence[int] | None = None
    ) -> list[tuple[list[int], bool, torch.Tensor]]:
        """Answer greedily, all prompts together.

        Args:
            prompts: token ids behind the prefix.
            most: tokens of an answer.
            prefix: another one than the chat template's.

        Returns:
            For each prompt the answer's tokens (without the one that ends it), whether it ended by itself, and (tokens,
            width) the hidden states before each token and, where it ended, before the end token.
        """
        order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
        found: list[tuple[list[int], bool, torch.Tensor]] = [([], False, torch.empty(0))] * len(prompts)
        for start in range(0, len(order), ROWS):
            part = order[start : start + ROWS]
            with torch.no_grad():
                answers = self._answer([prompts[index] for index in part], most, prefix or self.chats.prefix)
            for index, answer in zip(part, answers, strict=True):
                found[index] = answer
        return found

    def _answer(
        self, prompts: Sequence[Sequence[int]], most: int, prefix: Sequence[int]
    ) -> list[tuple[list[int], bool, torch.Tensor]]:
        # The prefix is read once; then come the prompts, filled up on their left, and the answers.
        start, longest, count = len(prefix), max(map(len, prompts)), len(prompts)
        ids = torch.zeros(count, longest, dtype=torch.long)
        seen = torch.zeros(count, start + longest + most, dtype=torch.long)
        seen[:, :start] = 1
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt) :] = torch.tensor(list(prompt))
            seen[row, start + longest - len(prompt) :] = 1
        ids, seen = ids.to(self.device), seen.to(self.device)
        positions = (seen.cumsum(1) - 1).clamp(min=0)
        cache = DynamicCache()
        if start:
            self.body(input_ids=torch.tensor([list(prefix)], device=self.device), past_key_values=cache, use_cache=True)
            cache.batch_repeat_interleave(count)
        answers: list[list[int]] = [[] for _ in prompts]
        states: list[list[torch.Tensor]] = [[] for _ in prompts]
        ended = [False] * count
        alive = list(range(count))
        here = start + longest
        hidden = self._step(ids, seen[:, :here], positions[:, start:here], cache)
        for token_number in range(most):
            tokens = self.logits(hidden).argmax(-1)
            keep = []
            for row, (index, token) in enumerate(zip(alive, tokens.tolist(), strict=True)):
                states[index].append(hidden[row])
                if token in self.chats.end_tokens:
                    ended[index] = True
                else:
                    answers[index].append(token)
                    keep.append(row)
            alive = [alive[row] for row in keep]
            if not alive or token_number == most - 1:
                break
            if len(keep) < len(tokens):
                rows = torch.tensor(keep, device=self.device)
                cache.batch_select_indices(rows)
                tokens, seen, positions = tokens[rows], seen[rows], positions[rows]
            here += 1
            hidden = self._step(tokens[:, None], seen[:, :here], positions[:, here - 1 : here], cache)
        return [(answer, end, torch.stack(state)) for answer, end, state in zip(answers, ended, states, strict=True)]

    def _step(self, ids: torch.Tensor, seen: torch.Tensor, positions: torch.Tensor, cache: Any) -> torch.Tensor:
        out = self.body(
            input_ids=ids, attention_mask=seen, position_ids=positions, past_key_values=cache, use_cache=True
        )
        hidden: torch.Tensor = out.last_hidden_state[:, -1]
        return hidden
