"""Grouped-query attention without copied keys and values, for single new tokens and for packed lines on a CPU.

transformers repeats the cached keys and values for every query head that shares them, and concatenates them anew for
every token: half the time of a small model's step.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.cache_utils import DynamicLayer
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "garage_sdpa"
_GROWTH = 32
"""Tokens by which a buffer grows."""
_FEW = 1500
"""Cached keys above which plain matrix products are faster on a CPU: torch's own kernel works row by row, which takes
four times as long for one token a row, and twice as long for packed lines."""
_MOST = 4e6
"""Attention weights up to which they are kept for the backward pass (16 MB a layer)."""


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Compute what transformers' SDPA does, with the query heads of a group in the position of tokens.

    Args:
        query: (rows, heads, tokens, size).
        key, value: (rows, groups, kept, size).
        attention_mask: (rows, 1, tokens, kept), or none.

    Returns:
        (rows, tokens, heads, size), and None for the attention weights.
    """
    rows, heads, tokens, size = query.shape
    groups, kept = key.shape[1:3]
    special = dropout or others.get("position_bias") is not None or (tokens > 1 and attention_mask is None)
    worth = not query.is_cuda and rows * groups * kept > _FEW and rows * heads * tokens * kept < _MOST
    if worth and not special:
        together: torch.Tensor = _Products.apply(query, key, value, attention_mask, scaling or size**-0.5)
        return together.transpose(1, 2), None
    if special or tokens > 1 or heads == groups:
        usual: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **others
        )
        return usual
    found = torch.nn.functional.scaled_dot_product_attention(
        query.reshape(rows, groups, heads // groups, size), key, value, attn_mask=attention_mask, scale=scaling
    )
    return found.reshape(rows, 1, heads, value.shape[-1]), None


class _Products(torch.autograd.Function):
    """softmax(q·kᵀ·scale)·v, under a mask, as matrix products.

    The backward pass is FlashAttention's (arXiv 2205.14135, algorithm 4), with all keys in one block: the attention
    weights, which would take more memory than all else that is saved of a layer, are recomputed.
    """

    @staticmethod
    def forward(
        context: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        mask: torch.Tensor | None,
        scale: float,
    ) -> torch.Tensor:
        found = torch.bmm(_weights(query, key, mask, scale), _together(value)).view(*query.shape[:-1], -1)
        context.save_for_backward(query, key, value, mask, found)
        context.scale = scale
        return found

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, mask, found = context.saved_tensors
        weights = _weights(query, key, mask, context.scale)
        gradient = gradients[0].reshape(len(weights), weights.shape[1], -1)
        of_values = torch.bmm(weights.transpose(1, 2), gradient)
        of_scores = torch.bmm(gradient, _together(value).transpose(1, 2))
        of_scores = of_scores.sub_((gradient * found.view_as(gradient)).sum(-1, keepdim=True)).mul_(weights)
        of_queries = torch.bmm(of_scores, _together(key)).mul_(context.scale)
        of_keys = torch.bmm(of_scores.transpose(1, 2), _grouped(query, key)).mul_(context.scale)
        return of_queries.view_as(query), of_keys.view_as(key), of_values.view_as(value), None, None


def _weights(query: torch.Tensor, key: torch.Tensor, mask: torch.Tensor | None, scale: float) -> torch.Tensor:
    """Return (rows x groups, heads of a group x tokens, kept)."""
    scores = torch.bmm(_grouped(query, key), _together(key).transpose(1, 2)).mul_(scale)
    by_head = scores.view(*query.shape[:-1], -1)
    if mask is not None and mask.dtype == torch.bool:
        by_head.masked_fill_(~mask, float("-inf"))
    elif mask is not None:
        by_head.add_(mask)
    return scores.softmax(-1)


def _grouped(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    return query.reshape(len(key) * key.shape[1], -1, query.shape[-1])


def _together(states: torch.Tensor) -> torch.Tensor:
    return states.reshape(-1, *states.shape[2:])


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)


class GrowingCache(DynamicLayer):
    """The KV cache of one layer, in a buffer with spare capacity."""

    keys: torch.Tensor
    values: torch.Tensor
    _buffer: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append (rows, groups, tokens, size) keys and values; return all that are cached."""
        used = self.get_seq_length()
        need = used + key_states.shape[-2]
        if self._buffer is None or self._buffer[0].shape[-2] < need:
            if used == 0:
                self.lazy_initialization(key_states, value_states)
            shapes = [(*states.shape[:2], need + _GROWTH, states.shape[-1]) for states in (key_states, value_states)]
            self._buffer = (key_states.new_empty(shapes[0]), value_states.new_empty(shapes[1]))
            if used:
                self._buffer[0][:, :, :used], self._buffer[1][:, :, :used] = self.keys, self.values
        self._buffer[0][:, :, used:need], self._buffer[1][:, :, used:need] = key_states, value_states
        self.keys, self.values = self._buffer[0][:, :, :need], self._buffer[1][:, :, :need]
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep the rows with these indices."""
        super().batch_select_indices(indices)
        self._buffer = None
