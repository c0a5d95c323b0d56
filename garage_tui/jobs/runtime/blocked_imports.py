"""Blocks the import of installed libraries that a job does not need, which would take much of its start.

PEFT imports bitsandbytes wherever it is installed, and torch's compiler with it; transformers' Trainer takes datasets.
Together they are two fifths of a run's start (docs/explain/figures.md).
"""

from __future__ import annotations

import sys

from garage_tui.core.models.base_models import BaseModel, config_of


def block_imports(base: BaseModel, *, four_bit: bool = False, datasets: bool = True) -> None:
    """Make these libraries look uninstalled; without effect once transformers is imported.

    Args:
        base: one whose weights are quantised already may need bitsandbytes.
        four_bit: the base is loaded in 4 bits.
        datasets: the job uses Hugging Face's datasets.
    """
    if "transformers" in sys.modules:
        return
    quantised = four_bit or config_of(base.path).get("quantization_config")
    for name in [*([] if quantised else ["bitsandbytes"]), *([] if datasets else ["datasets"])]:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # Python's own way to make an import fail
