"""Libraries that are installed and that a job does without are not imported: that would be much of its start.

PEFT imports bitsandbytes wherever it is installed, and torch's compiler with it; transformers' Trainer takes datasets.
Together they are two fifths of a run's start (docs/explain/figures.md).
"""

from __future__ import annotations

import sys

from garage_tui.core.models.base_models import BaseModel, config_of


def leave_out(base: BaseModel, *, four_bit: bool = False, datasets: bool = True) -> None:
    """Say that there are no such libraries, before transformers is imported; whoever has it knows better already.

    Args:
        base: one whose weights are quantised already may need bitsandbytes.
        four_bit: it will be kept in 4 bits.
        datasets: the job has tables of Hugging Face's.
    """
    if "transformers" in sys.modules:
        return
    quantised = four_bit or config_of(base.path).get("quantization_config")
    for name in [*([] if quantised else ["bitsandbytes"]), *([] if datasets else ["datasets"])]:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # Python's own way: an import finds none
