"""The job that shows training rows as tokens, and which of them are learned.

    python -m garage_tui.jobs.lora.token_preview MODEL-FOLDER

Reads rows from stdin, one `{"question": "…", "answer": "…"}` a line, and prints for each one line:
`{"tokens": [["text", id, learned], …]}`. Tokens and mask are made as TRL's SFTTrainer makes them for conversational
prompt/completion rows with `completion_only_loss` (`SFTTrainer._prepare_dataset`), without loading any weights.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def main() -> int:
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    try:
        tokenizer = load(Path(sys.argv[1]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(json.dumps({"error": f"{sys.argv[1]} has no readable tokenizer: {error}"}), flush=True)
        return 1
    if not tokenizer.chat_template:
        print(json.dumps({"error": f"{sys.argv[1]} has no chat template: choose an instruct model"}), flush=True)
        return 1
    for line in sys.stdin:
        row = json.loads(line)
        print(json.dumps({"tokens": tokens(tokenizer, row["question"], row["answer"])}), flush=True)
    return 0


def load(folder: Path) -> Any:
    """Return the tokenizer of a model folder.

    Raises:
        OSError, ValueError: there is none, or it cannot be read.
    """
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def tokens(tokenizer: Any, question: str, answer: str) -> list[tuple[str, int, bool]]:
    """Return (text, id, whether its prediction is learned) of every token of a training row."""
    prompt = [{"role": "user", "content": question}]
    prompt_ids = _ids(tokenizer, prompt, add_generation_prompt=True)
    ids = _ids(tokenizer, [*prompt, {"role": "assistant", "content": answer}])
    # The completion begins where both differ: some templates format a prompt without an answer in another way.
    start = next(
        (at for at, (one, other) in enumerate(zip(prompt_ids, ids, strict=False)) if one != other), len(prompt_ids)
    )
    return [(tokenizer.decode([token]), token, at >= start) for at, token in enumerate(ids)]


def _ids(tokenizer: Any, messages: list[dict[str, str]], **options: bool) -> list[int]:
    made = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, **options)
    return list(made["input_ids"])


if __name__ == "__main__":
    sys.exit(main())
