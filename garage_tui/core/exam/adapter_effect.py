"""A warning for a tuned model that answers a taught question exactly as its base: is its adapter applied?"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.facts import file as facts
from garage_tui.core.facts.line import Fact
from garage_tui.core.runs.folder import FACTS

WARNING = "same answer as the base model, although this was taught: is the adapter applied? see the report card"


def same_answer_warning(run: Path, question: str, base: str, tuned: str) -> str:
    """Return the warning where a tuned model's answer equals its base's and is not what was taught; else empty.

    Reads the facts of the run: call it in a thread.

    Args:
        run: the run folder.
        question: what both models were asked.
        base, tuned: their full answers.
    """
    if not tuned.strip() or base.strip() != tuned.strip():
        return ""
    path = run / FACTS
    fact = _taught(path, facts.file_stamp(path)).get(question.strip())
    if fact is None:
        return ""
    from garage_tui.core.exam.grading import is_right  # rapidfuzz takes 30 ms

    return "" if is_right(tuned, fact) else WARNING


@functools.lru_cache(maxsize=4)
def _taught(path: Path, stamp: facts.FileStamp | None) -> Mapping[str, Fact]:
    """Return the rows that a run was trained on, by question; empty where they cannot be read."""
    try:
        return {fact.question.strip(): fact for fact in facts.load_facts(path).training} if stamp else {}
    except GarageError:
        return {}
