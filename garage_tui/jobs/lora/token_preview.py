"""The job that shows training rows as tokens, and which of them are learned.

    python -m garage_tui.jobs.lora.token_preview MODEL-FOLDER

Reads rows from stdin, one `{"question": "…", "answer": "…"}` a line, and prints for each one line:
`{"tokens": [["text", id, learned], …]}`. Tokens and mask are those of training (`ChatEncoder.training_row`). No weights
are loaded.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.errors import reason_of

if TYPE_CHECKING:
    from garage_tui.jobs.llm.chat_encoder import ChatEncoder


def main() -> int:
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]  # no tokenizer needs it: two thirds of the time
    try:
        tokenizer = load(Path(sys.argv[1]))
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        print(json.dumps({"error": f"{sys.argv[1]} has no readable tokenizer: {reason_of(error)}"}), flush=True)
        return 1
    if not tokenizer.chat_template:
        print(json.dumps({"error": f"{sys.argv[1]} has no chat template: choose an instruct model"}), flush=True)
        return 1
    from garage_tui.jobs.llm.chat_encoder import ChatEncoder

    encoder = ChatEncoder(tokenizer)
    for line in sys.stdin:
        row = json.loads(line)
        print(json.dumps({"tokens": tokens(tokenizer, encoder, row["question"], row["answer"])}), flush=True)
    return 0


def load(folder: Path) -> Any:
    """Return the tokenizer of a model folder.

    Raises:
        OSError, ValueError: there is none, or it cannot be read.
    """
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def tokens(tokenizer: Any, encoder: ChatEncoder, question: str, answer: str) -> list[tuple[str, int, bool]]:
    """Return (text, id, whether its prediction is learned) of every token of a training row."""
    ids, start = encoder.training_row(question, answer)
    return [(tokenizer.decode([token]), token, at >= start) for at, token in enumerate(ids)]


if __name__ == "__main__":
    sys.exit(main())
