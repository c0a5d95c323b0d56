"""Attention of one new token a row, without copying what is kept of the tokens before it.

transformers repeats the kept keys and values for every query head that shares them, and joins them anew for every
token: of a small model's step that is half the time.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.cache_utils import DynamicLayer
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "garage_sdpa"
_ROOM = 32
"""Tokens for which room is made at once."""


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
    """Do as transformers' SDPA; of one token a row, the query heads of a group stand where several tokens would.

    Args:
        query: (rows, heads, tokens, size).
        key, value: (rows, groups, kept, size).
        attention_mask: (rows, 1, tokens, kept), or none.

    Returns:
        (rows, tokens, heads, size), and None for the attention weights.
    """
    rows, heads, tokens, size = query.shape
    groups = key.shape[1]
    if tokens > 1 or heads == groups or dropout or others.get("position_bias") is not None:
        usual: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **others
        )
        return usual
    found = torch.nn.functional.scaled_dot_product_attention(
        query.reshape(rows, groups, heads // groups, size), key, value, attn_mask=attention_mask, scale=scaling
    )
    return found.reshape(rows, 1, heads, value.shape[-1]), None


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)


class Growing(DynamicLayer):
    """Keys and values of one layer in a buffer with room for more."""

    keys: torch.Tensor
    values: torch.Tensor
    _room: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add (rows, groups, tokens, size) keys and values; return all that are kept."""
        used = self.get_seq_length()
        need = used + key_states.shape[-2]
        if self._room is None or self._room[0].shape[-2] < need:
            if used == 0:
                self.lazy_initialization(key_states, value_states)
            shapes = [(*states.shape[:2], need + _ROOM, states.shape[-1]) for states in (key_states, value_states)]
            self._room = (key_states.new_empty(shapes[0]), value_states.new_empty(shapes[1]))
            if used:
                self._room[0][:, :, :used], self._room[1][:, :, :used] = self.keys, self.values
        self._room[0][:, :, used:need], self._room[1][:, :, used:need] = key_states, value_states
        self.keys, self.values = self._room[0][:, :, :need], self._room[1][:, :, :need]
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep the rows with these indices."""
        super().batch_select_indices(indices)
        self._room = None
