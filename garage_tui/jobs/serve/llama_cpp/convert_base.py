"""The process that converts a model folder into a GGUF.

    python -m garage_tui.jobs.serve.llama_cpp.convert_base FOLDER OUT OUTTYPE

Prints what it does; on failure the last line is a sentence.
"""

from __future__ import annotations

import sys
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.jobs.export.gguf_model import write_gguf


def main() -> int:
    folder, out, kind = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    try:
        write_gguf(folder, out, kind, lambda text: print(text, flush=True))
    except (GarageError, OSError) as error:
        print(error, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
