"""Rows as a model sees them, asked of a process that knows its tokenizer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import GarageError, reason_of
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.line import Fact

_JOB = "garage_tui.jobs.lora.token_preview"
_SECONDS = 120
TEMPLATE_TOKENS = 100
"""More than any chat template adds to a row: its system prompt, roles and marks."""


@dataclass(frozen=True)
class Token:
    """One token of a training row."""

    text: str
    id: int
    learned: bool
    """False: it is only read; its prediction adds nothing to the loss."""


def tokenize_rows(base: str, rows: Iterable[Fact]) -> list[list[Token]]:
    """Return the tokens of each row, exactly as training makes them; takes about a second, and several on a busy box.

    Args:
        base: a base model as `core.models.find` names it.

    Raises:
        GarageError: the model is not on this box, or its tokenizer cannot be read.
    """
    from garage_tui.core.models import base_models  # most visits look at no tokens

    model = base_models.find_here(base)
    questions = "".join(json.dumps({"question": row.question, "answer": row.answer}) + "\n" for row in rows)
    command = [sys.executable, "-P", "-m", _JOB, str(model.path)]
    try:
        done = subprocess.run(
            command,
            input=questions,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=_SECONDS,
            env=environment(),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GarageError(f"the tokenizer could not be run: {reason_of(error)}") from error
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if answers and "error" in answers[0]:
        raise GarageError(one_line(answers[0]["error"], 300))
    if done.returncode or len(answers) != questions.count("\n"):
        raise GarageError(f"the tokenizer could not be run: {one_line(done.stderr[-300:]) or 'it ended early'}")
    return [[Token(*token) for token in answer["tokens"]] for answer in answers]


def special_in(base: str, row: Fact) -> str:
    """Return what is to be said of the special tokens that a row spells out; empty if there is none.

    Raises:
        GarageError: as `see`.
    """
    from garage_tui.core.models.special_tokens import describe_special, special_tokens

    names = special_tokens(base).find(row.question, row.answer)
    return describe_special(names, base) if names else ""


def too_long(base: str, rows: Iterable[Fact], limit: int) -> list[tuple[Fact, int, int]]:
    """Return the rows of more than `limit` tokens: the row, its tokens, and how many of its answer are cut off.

    A token has at least one byte, so only rows of that many bytes are asked about; mostly there are none.

    Raises:
        GarageError: as `see`.
    """
    suspects = [row for row in rows if len(row.question.encode()) + len(row.answer.encode()) + TEMPLATE_TOKENS > limit]
    found = []
    for row, tokens in zip(suspects, tokenize_rows(base, suspects) if suspects else [], strict=True):
        if len(tokens) > limit:
            found.append((row, len(tokens), sum(token.learned for token in tokens[limit:])))
    return found
