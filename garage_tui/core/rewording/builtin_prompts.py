"""Prompts, texts and names that come with the project (`garage_tui/data`), for exams and for training."""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Sequence
from typing import Any

import msgspec

from garage_tui.core.base.package_path import DATA


class Prompt(msgspec.Struct, frozen=True):
    """A question or a text, with its kind."""

    kind: str
    question: str = ""
    text: str = ""


def unrelated_questions() -> list[Prompt]:
    """Return the everyday questions that are only used in exams, their kinds alternating."""
    return [msgspec.convert(line, Prompt) for line in _lines("unrelated.jsonl")]


def guard_prompts() -> list[Prompt]:
    """Return the prompts on which a run keeps the model unchanged; none is among the unrelated questions."""
    return [msgspec.convert(line, Prompt) for line in _lines("guards.jsonl")]


def perplexity_texts() -> list[Prompt]:
    """Return paragraphs of everyday prose, for perplexity."""
    return [msgspec.convert(line, Prompt) for line in _lines("texts.jsonl")]


def subject_tasks(subjects: Sequence[str]) -> list[Prompt]:
    """Return tasks that name a taught subject and do not ask about it, the subjects in turn; empty without one.

    No run is trained on them.
    """
    tasks = [msgspec.convert(line, Prompt) for line in _lines("tasks.jsonl")] if subjects else []
    named = zip(tasks, itertools.cycle(subjects))
    return [
        msgspec.structs.replace(task, question=task.question.replace("{subject}", subject)) for task, subject in named
    ]


@functools.cache
def neighbour_names(training: bool) -> tuple[str, ...]:
    """Return names of things, people and places; those for training and those for exams have none in common."""
    return tuple(name for line in _lines("names.jsonl") for name in line["names"] if is_training_name(name) == training)


def is_training_name(name: str) -> bool:
    """Return whether a name is for training; half of all names are, always the same half."""
    return _digest(name) % 2 == 0


def is_held_out(wording: str) -> bool:
    """Return whether a wording is held out for measuring; a quarter of all are, always the same."""
    return _digest(wording) % 4 == 0


def _digest(text: str) -> int:
    return hashlib.md5(text.encode(), usedforsecurity=False).digest()[-1]


def _lines(name: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in (DATA / name).read_bytes().splitlines() if line.strip()]
