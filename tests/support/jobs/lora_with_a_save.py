"""The job of a LoRA run whose copy of the facts is replaced by nonsense as soon as it was opened once."""

import sys
from pathlib import Path

from garage_tui.core.base import safe_open

opened = safe_open.open_regular


def open_and_save(path):
    found = opened(path)
    if path.name == "facts.jsonl":
        part = path.with_name("part")
        part.write_text("nonsense\n")
        Path(part).replace(path)
    return found


safe_open.open_regular = open_and_save

from garage_tui.jobs.lora.train import main  # noqa: E402 (nothing may read before the hook is in)

sys.exit(main())
