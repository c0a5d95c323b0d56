"""The choice of the rows of a facts file that a night teaches; what cannot be taught stays behind, with its reason.

A facts file that one bad row would keep from being taught at all is no help at night, when nobody can mend it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from garage_tui.core.facts.coverage import fold
from garage_tui.core.facts.file import FactsFile, parse_bytes
from garage_tui.core.facts.line import Line
from garage_tui.core.facts.training_file import TrainingFile


@dataclass(frozen=True)
class TeachableRows:
    """What a night teaches."""

    taught: TrainingFile
    """The sound rows, as a run copies them; without any training row where nothing can be taught."""
    left_out: dict[str, str]
    """Why a fact is not taught, by its folded content, as the beginning of a sentence."""
    bad_lines: dict[int, str]
    """Why a line is no row, by its number from 1."""


def choose_rows(file: FactsFile, served: Collection[str] = ()) -> TeachableRows:
    """Return the rows of a facts file that can be taught.

    Two taught rows that give one question different answers contradict each other. The one that the model in service
    was taught stays; without such a one both stay behind, until somebody says which is right.

    Args:
        served: folded contents of the facts that the model in service was taught.
    """
    left_out: dict[str, str] = {}
    bad_lines: dict[int, str] = {}
    kept: list[Line] = []
    questions: dict[str, dict[str, tuple[int, str]]] = {}
    for number, line in enumerate(file.lines, 1):
        if line.fact and line.fact.is_taught:
            of_question = questions.setdefault(fold(line.fact.question), {})
            of_question.setdefault(fold(line.fact.content), (number, fold(line.fact.answer)))
    for key, number in _contradictions(questions, served):
        left_out.setdefault(key, f"it contradicts line {number}: say which is right, and change or delete the other")
    for number, line in enumerate(file.lines, 1):
        error = next((one.text for one in line.complaints if one.error), "")
        if line.fact is None or error:
            if error:
                bad_lines[number] = error
            continue
        key = fold(line.fact.content)
        if line.fact.is_statement:
            continue
        if key not in left_out:
            kept.append(line)
    with_question = {fold(line.fact.content) for line in file.lines if line.fact and line.fact.is_taught}
    for line in file.lines:
        if line.fact and line.fact.is_statement and (key := fold(line.fact.content)) not in with_question:
            left_out.setdefault(key, "it has no question yet: give it one")
    data = b"".join(line.raw + b"\n" for line in kept)
    return TeachableRows(TrainingFile(data, parse_bytes(file.path, data)), left_out, bad_lines)


def _contradictions(questions: dict[str, dict[str, tuple[int, str]]], served: Collection[str]) -> list[tuple[str, int]]:
    """Return the facts that stay behind because another answers the same question otherwise, with its line.

    Args:
        questions: for each question the facts that it is asked of, with the line and the answer of the first such row.
    """
    found = []
    for facts in questions.values():
        if len({answer for _, answer in facts.values()}) < 2:
            continue
        known = [key for key in facts if key in served]
        stays = known[0] if len(known) == 1 else ""
        for key in facts:
            if key != stays:
                other = stays or next(one for one in facts if one != key)
                found.append((key, facts[other][0]))
    return found
