"""How many tokens a worker of llama.cpp has room for, and the memory that they take."""

from __future__ import annotations

from typing import Any

SLOTS = 8
"""Conversations that one worker answers at once."""
_DEFAULT_CONTEXT = 4096
_BYTES_A_NUMBER = 2  # keys and values are kept in 16 bits
_SHARE, _MAX_SHARE = 1 / 32, 1 / 8
"""Of the main memory: what a worker may take beyond one whole context, and what it may take at all."""
_OVERHEAD = 150e6  # bytes of a worker beside its context: Python, llama.cpp's buffers (docs/explain/figures.md)


def own_context(config: dict[str, Any]) -> int:
    """Return the longest conversation that a model was made for, in tokens.

    Args:
        config: the model's `config.json`.
    """
    return int(config.get("max_position_embeddings") or _DEFAULT_CONTEXT)


def worker_context(config: dict[str, Any], memory: float) -> int:
    """Return the tokens of all conversations of one worker together.

    One conversation can have the model's whole context. Two such conversations fit where there is much memory, and
    less than one where the memory of this box does not hold it.

    Args:
        memory: bytes of main memory in this box.
    """
    own, each = own_context(config), context_bytes(config, 1)
    tokens = min(max(own, _SHARE * memory / each), 2 * own, _MAX_SHARE * memory / each)
    return max(256, int(tokens) // 256 * 256)


def context_bytes(config: dict[str, Any], tokens: int) -> float:
    """Return the bytes that llama.cpp keeps for so many tokens."""
    heads = int(config.get("num_attention_heads") or 1)
    width = int(config.get("head_dim") or int(config.get("hidden_size") or 1) // heads)
    kept = int(config.get("num_key_value_heads") or heads)
    return float(tokens * int(config.get("num_hidden_layers") or 1) * 2 * kept * width * _BYTES_A_NUMBER)


def worker_bytes(config: dict[str, Any], memory: float) -> float:
    """Return the bytes that one worker takes, without the base's weights, which all workers share."""
    return context_bytes(config, worker_context(config, memory)) + _OVERHEAD
