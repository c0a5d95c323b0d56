"""How large the weights of a model are on disk, and how many bytes each takes there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from garage_tui.core.models.weight_safety import SAFE


def weight_bytes(folder: Path) -> int:
    """Return the bytes of a model's weights; 0 where there are none."""
    try:
        return sum(file.stat().st_size for file in folder.glob(f"*{SAFE}"))
    except OSError:
        return 0


def bytes_per_weight(config: Mapping[str, object]) -> int:
    """Return the bytes that each weight takes on disk, by the model's `config.json`: 2 or 4."""
    return 2 if str(config.get("dtype") or config.get("torch_dtype")) in ("bfloat16", "float16") else 4
