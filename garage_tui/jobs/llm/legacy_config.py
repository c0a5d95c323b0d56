"""What transformers 5 renamed in a model's config, said under the old names too, for programs that read those."""

from __future__ import annotations

import json
from pathlib import Path


def say_old_names(config: Path) -> None:
    """Add the old names to a `config.json` that transformers 5 wrote.

    transformers 4, and what was built on it (vLLM, a converter of llama.cpp), find no `rope_theta` in one, take 10,000
    for it and say nothing: the model then answers in whole sentences, and wrongly.
    """
    table = json.loads(config.read_text(encoding="utf-8"))
    # Of a model that sees pictures too, the part that speaks has a config of its own within this one.
    for part in [table, *(value for value in table.values() if isinstance(value, dict))]:
        rope = part.get("rope_parameters") or {}
        if "rope_theta" in rope:  # else it has several, by kind of layer, for which there was no older name
            part.setdefault("rope_theta", rope["rope_theta"])
            if rope.get("rope_type", "default") != "default":
                part.setdefault("rope_scaling", {key: value for key, value in rope.items() if key != "rope_theta"})
    if "dtype" in table:
        table.setdefault("torch_dtype", table["dtype"])
    config.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
