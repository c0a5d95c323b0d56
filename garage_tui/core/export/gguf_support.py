"""The architectures of which a GGUF can be written here; llama.cpp's converter is needed for others only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ARCHITECTURES = {
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "llama",
    "SmolLM3ForCausalLM": "smollm3",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
    "Gemma2ForCausalLM": "gemma2",
    "Gemma3ForCausalLM": "gemma3",
}
"""llama.cpp's name of an architecture, by the class that a model's config.json names."""


def architecture_of(config: Mapping[str, Any]) -> str | None:
    """Return llama.cpp's name of a model's architecture, by its `config.json`; None for one that is not known here."""
    named = config.get("architectures")
    return ARCHITECTURES.get(str(named[0])) if isinstance(named, list) and named else None
