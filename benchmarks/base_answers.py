"""Ask the small base model its answers to the general prompts, and write garage_tui/data/base_answers.jsonl.

    .venv/bin/python benchmarks/base_answers.py [--check]     (a minute on two cores)

Run it when the prompts change, or the way to the base model's weights, or its chat template. Answers of other weights
are never used; a first run then decodes them. With --check nothing is written; exit code 1 if the file is stale.
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any

import msgspec
import torch
from ready_base import ready_base

from garage_tui.core.exam.report import OTHER_TOKENS
from garage_tui.core.rewording import builtin_prompts
from garage_tui.jobs.llm import base_answer_cache
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.load import chat_template_of, load_base
from garage_tui.jobs.llm.shipped_answers import FILE, ShippedAnswer


def main() -> int:
    base = ready_base("smollm2-135m")
    tokenizer, model = load_base(base, "the base model cannot be loaded")
    packed = Model(model.eval(), chat_template_of(tokenizer, model))
    module: Any = base_answer_cache
    module.shipped_answers = lambda identity: {}  # they are asked for anew
    os.environ["GARAGE_CACHE"] = tempfile.mkdtemp()
    cache = base_answer_cache.BaseAnswerCache(base, packed, OTHER_TOKENS)
    prompts = [*builtin_prompts.guard_prompts(), *builtin_prompts.unrelated_questions()]
    questions = list(dict.fromkeys(prompt.question for prompt in prompts))
    with torch.no_grad():
        answers = cache(questions)
    lines = [
        msgspec.json.encode(ShippedAnswer(cache.identity, question, one.tokens, one.ended)) + b"\n"
        for question, one in zip(questions, answers, strict=True)
    ]
    if "--check" in sys.argv[1:]:
        stale = FILE.read_bytes() != b"".join(lines)
        print(f"{FILE.name} is {'stale: run this without --check' if stale else 'right'}")
        return int(stale)
    FILE.write_bytes(b"".join(lines))
    print(f"{len(lines)} answers of {cache.identity}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
