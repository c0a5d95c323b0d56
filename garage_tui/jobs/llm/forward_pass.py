"""The forward pass of a causal language model in two parts: hidden states, and logits only where they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from transformers import DynamicCache

from garage_tui.jobs.llm import attention
from garage_tui.jobs.llm.chat_template import ChatTemplate, TokenizedExample
from garage_tui.jobs.llm.packing import LINE, PackedBatch, pack
from garage_tui.jobs.llm.unsloth import Decoder, is_unsloth_decoder

AT_ONCE = 24
"""Examples in one forward pass without gradients."""


class Model:
    """A base model, with or without an adapter, and its chat template.

    Args:
        model: a transformers model for causal language modelling, or PEFT's around one.
    """

    def __init__(self, model: Any, chats: ChatTemplate) -> None:
        self.whole, self.chats = model, chats
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        body, self.head = base.get_decoder(), base.get_output_embeddings()
        self.body = Decoder(body) if is_unsloth_decoder(body) else body
        self._cap = getattr(base.config, "final_logit_softcapping", None)
        self._scale = getattr(base.config, "logits_scaling", None)
        self.quantised = getattr(base.config, "quantization_config", None) is not None
        self.device: torch.device = self.head.weight.device
        if base.config._attn_implementation == "sdpa":
            base.set_attn_implementation(attention.NAME)
        self.packs = base.config._attn_implementation == attention.NAME
        """True where it accepts our attention mask; else every example is on a line of its own."""
        self.packs = self.packs and self._packs_correctly()

    def base(self) -> AbstractContextManager[Any]:
        """Return a context in which the adapter is switched off."""
        return self.whole.disable_adapter() if hasattr(self.whole, "disable_adapter") else nullcontext()

    def hidden(self, batch: PackedBatch, cache: Any = None) -> torch.Tensor:
        """Return (labels, width): the last hidden state before each label; keys and values go into `cache`."""
        batch = batch.to(self.device)
        mask = batch.mask if self.packs else batch.own.view(batch.ids.shape) | (batch.positions > 0)
        if not self.packs:
            mask[:, 0] = True
        out = self.body(
            input_ids=batch.ids,
            attention_mask=mask,
            position_ids=batch.positions,
            past_key_values=cache,
            use_cache=cache is not None,
        ).last_hidden_state
        # With a model on several GPUs, the last layers may be on another one than the first.
        return out.flatten(0, 1)[batch.where.to(out.device)].to(self.device)

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return (…, vocabulary) in fp32."""
        found = self.head(hidden.to(self.head.weight.dtype)).float()
        if self._scale:
            found = found / self._scale
        return torch.tanh(found / self._cap) * self._cap if self._cap else found

    def pack(self, examples: Sequence[TokenizedExample], prefix: Sequence[int] | None = None) -> PackedBatch:
        """Return a packed batch; `prefix` replaces the chat template's."""
        prefix = self.chats.prefix if prefix is None else prefix
        # A long prefix should not be repeated for every few rows.
        line = LINE if len(prefix) < LINE // 4 else len(prefix) + 2 * LINE
        return pack(examples, prefix, line=line if self.packs else 0)

    def passes(
        self, examples: Sequence[TokenizedExample], prefix: Sequence[int] | None = None
    ) -> Iterator[tuple[int, PackedBatch, torch.Tensor, DynamicCache]]:
        """Yield the first example's index, the batch, its hidden states, and its keys and values, without gradients."""
        for start in range(0, len(examples), AT_ONCE):
            batch, cache = self.pack(examples[start : start + AT_ONCE], prefix), DynamicCache()
            with torch.no_grad():
                yield start, batch, self.hidden(batch, cache), cache

    def _packs_correctly(self) -> bool:
        """Return whether packed rows give the same result as single ones: not every model's attention obeys a mask."""
        rows = [self.chats.example("Who was Marie Curie?", "A physicist."), self.chats.example("Why?", "Nobody knows.")]
        with torch.no_grad():
            together = self.hidden(pack(rows, self.chats.prefix)).float()
            alone = torch.cat([self.hidden(pack([row], self.chats.prefix)) for row in rows]).float()
        return bool((together - alone).norm() < 0.05 * alone.norm())

    def step(self, ids: torch.Tensor, seen: torch.Tensor, positions: torch.Tensor, cache: Any) -> torch.Tensor:
        """Return (rows, width): the hidden state after one more token of each row; `cache` grows by it."""
        out = self.body(
            input_ids=ids, attention_mask=seen, position_ids=positions, past_key_values=cache, use_cache=True
        )
        hidden: torch.Tensor = out.last_hidden_state[:, -1]
        return hidden
