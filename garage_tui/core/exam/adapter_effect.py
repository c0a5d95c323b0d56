"""A tuned model that answers a taught question exactly as its base did not learn, or its adapter is not there."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.facts import file as facts
from garage_tui.core.facts.line import Fact
from garage_tui.core.runs.folder import FACTS

WORDS = "exactly the base's answer, to a question that it was taught: is its adapter applied? Its report card tells"


def doubt(run: Path, question: str, base: str, tuned: str) -> str:
    """Return why a tuned model's answer is doubtful, in words; empty where it is not. In a thread: facts are read.

    It is where it is the base's to the letter, and not what was taught: where the base knew that already, both say it.

    Args:
        run: the run folder.
        question: what both were asked.
        base, tuned: what they said, in full.
    """
    if not tuned.strip() or base.strip() != tuned.strip():
        return ""
    path = run / FACTS
    fact = _taught(path, facts.file_stamp(path)).get(question.strip())
    if fact is None:
        return ""
    from garage_tui.core.exam.grading import is_right  # rapidfuzz takes 30 ms

    return "" if is_right(tuned, fact) else WORDS


@functools.lru_cache(maxsize=4)
def _taught(path: Path, stamp: facts.FileStamp | None) -> Mapping[str, Fact]:
    """Return the rows that a run was trained on, by their questions; none where they cannot be read."""
    try:
        return {fact.question.strip(): fact for fact in facts.load_facts(path).training} if stamp else {}
    except GarageError:
        return {}
