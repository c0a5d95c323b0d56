"""The architectures of which a GGUF can be written here; llama.cpp's converter is needed for others only."""

from __future__ import annotations

import json
from pathlib import Path

from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular

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


def is_known(base: Path) -> bool:
    """Return whether a GGUF of the model in a folder can be written without llama.cpp's converter."""
    try:
        named = json.loads(read_regular(base / "config.json")).get("architectures") or [""]
        return named[0] in ARCHITECTURES
    except (*UNREADABLE, ValueError, AttributeError, TypeError):
        return False
