"""Makes what transformers 5 writes readable for transformers 4 and for programs that were built on it."""

from __future__ import annotations

import json
from pathlib import Path


def make_legacy(folder: Path) -> None:
    """Make a model folder that transformers 5 wrote readable for transformers 4, which 5 reads as before."""
    _add_legacy_names(folder / "config.json")
    _use_legacy_tokenizer(folder / "tokenizer_config.json")


def _add_legacy_names(config: Path) -> None:
    """Add the old names to a `config.json` that transformers 5 wrote.

    transformers 4, and what was built on it (vLLM, a converter of llama.cpp), find no `rope_theta` there and silently
    use 10,000: the model then answers in whole sentences, but wrongly.
    """
    table = json.loads(config.read_text(encoding="utf-8"))
    # The language part of a multimodal model has a nested config of its own.
    for part in [table, *(value for value in table.values() if isinstance(value, dict))]:
        rope = part.get("rope_parameters") or {}
        if "rope_theta" in rope:  # else it has several, by kind of layer, which have no old name
            part.setdefault("rope_theta", rope["rope_theta"])
            if rope.get("rope_type", "default") != "default":
                part.setdefault("rope_scaling", {key: value for key, value in rope.items() if key != "rope_theta"})
    if "dtype" in table:
        table.setdefault("torch_dtype", table["dtype"])
    config.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


def _use_legacy_tokenizer(config: Path) -> None:
    """Write a `tokenizer_config.json` of transformers 5 so that transformers 4 loads it too; 5 reads both.

    transformers 4 does not know the class `TokenizersBackend`, and fails on a list of `extra_special_tokens`.
    """
    if not config.is_file():
        return
    table = json.loads(config.read_text(encoding="utf-8"))
    if table.get("tokenizer_class") == "TokenizersBackend":
        table["tokenizer_class"] = "PreTrainedTokenizerFast"
    if isinstance(table.get("extra_special_tokens"), list):
        table["additional_special_tokens"] = table.pop("extra_special_tokens")
    config.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
