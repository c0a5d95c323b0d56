"""The project's own material (`garage_tui/data`): questions that no facts teach, prompts, texts and names."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import msgspec

from garage_tui.core.base.package import DATA


class Prompt(msgspec.Struct, frozen=True):
    """One line of a file: a question or a text, and what kind it is."""

    kind: str
    question: str = ""
    text: str = ""


def unrelated_questions() -> list[Prompt]:
    """Return the everyday questions that are only asked in exams, their kinds taking turns."""
    return [msgspec.convert(line, Prompt) for line in _lines("unrelated.jsonl")]


def guard_prompts() -> list[Prompt]:
    """Return the prompts at which a run keeps the model as it was; none of them is among the unrelated questions."""
    return [msgspec.convert(line, Prompt) for line in _lines("guards.jsonl")]


def perplexity_texts() -> list[Prompt]:
    """Return paragraphs of everyday prose, for perplexity."""
    return [msgspec.convert(line, Prompt) for line in _lines("texts.jsonl")]


@functools.cache
def neighbour_names(training: bool) -> tuple[str, ...]:
    """Return names of things, people and places; those for training and those for exams have none in common."""
    return tuple(name for line in _lines("names.jsonl") for name in line["names"] if is_training_name(name) == training)


def is_training_name(name: str) -> bool:
    """Return on which side a name falls: half of them are trained with, and it is always the same half."""
    return _digest(name) % 2 == 0


def is_held_out(wording: str) -> bool:
    """Return whether a wording is kept to measure with: a quarter of all, always the same."""
    return _digest(wording) % 4 == 0


def _digest(text: str) -> int:
    return hashlib.md5(text.encode(), usedforsecurity=False).digest()[-1]


def _lines(name: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in (DATA / name).read_bytes().splitlines() if line.strip()]
