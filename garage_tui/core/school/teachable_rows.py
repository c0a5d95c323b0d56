"""The choice of the rows of a facts file that a night teaches; what cannot be taught stays behind, with its reason.

A facts file that one bad row would keep from being taught at all is no help at night, when nobody can mend it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice

from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.file import FactsFile, parse_bytes
from garage_tui.core.facts.line import Line
from garage_tui.core.facts.training_file import TrainingFile
from garage_tui.core.language.fold import fold
from garage_tui.core.language.plain_question import without_description
from garage_tui.core.school.same_statement import says_same

_MOST_BAD_LINES = 20
"""Lines that a night names one by one: a file of another kind would have thousands."""
MOST_FACTS = 100
"""Facts that a night names one by one: its record keeps them for ever."""


@dataclass(frozen=True)
class TeachableRows:
    """What a night teaches."""

    taught: TrainingFile
    """The sound rows, as a run copies them; without any training row where nothing can be taught."""
    left_out: dict[str, str]
    """Why a fact is not taught, by its folded content, as the beginning of a sentence."""
    names: dict[str, str]
    """What the facts that are left out are called, by their folded content."""
    bad_lines: dict[int, str]
    """Why a line is no row, by its number from 1."""

    @property
    def left_out_count(self) -> int:
        """How many facts and lines stay behind."""
        return len(self.left_out) + len(self.bad_lines)

    @property
    def not_taught(self) -> dict[str, str]:
        """What stays behind, facts and lines that are no rows, each with its reason, as a night notes it."""
        found = named_facts((self.names[key], why) for key, why in self.left_out.items())
        for number in islice(self.bad_lines, _MOST_BAD_LINES):
            found[f"line {number}"] = one_line(self.bad_lines[number], 300)
        if (more := len(self.bad_lines) - _MOST_BAD_LINES) > 0:
            found[plural(more, "more line")] = "`garage facts check FILE` names them"
        return found


def named_facts(reasons: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the first facts with their reasons, shortened, and how many more there are."""
    found = {one_line(name, 300): one_line(why, 300) for name, why in reasons}
    if (more := len(found) - MOST_FACTS) <= 0:
        return found
    return {**dict(islice(found.items(), MOST_FACTS)), plural(more, "more fact"): "`garage facts ledger` names them"}


def choose_rows(file: FactsFile, served: Collection[str] = ()) -> TeachableRows:
    """Return the rows of a facts file that can be taught.

    Args:
        served: as in `find_left_out`.
    """
    left_out = find_left_out(file, served)
    bad_lines: dict[int, str] = {}
    kept: list[Line] = []
    names: dict[str, str] = {}
    for number, line in enumerate(file.lines, 1):
        if error := next((one.text for one in line.complaints if one.error), ""):
            bad_lines[number] = error
        elif line.fact and (key := fold(line.fact.content)) in left_out:
            names.setdefault(key, line.fact.content)
        elif line.fact and not line.fact.is_statement:
            kept.append(line)
    data = b"".join(line.raw + b"\n" for line in kept)
    return TeachableRows(TrainingFile(data, parse_bytes(file.path, data)), left_out, names, bad_lines)


def find_left_out(file: FactsFile, served: Collection[str] = ()) -> dict[str, str]:
    """Return the facts of a file that cannot be taught, by their folded content, and why.

    Two taught rows that give one question different answers contradict each other, also where one of them describes the
    subject besides ("Who feeds Tuppence, the dog of Pinder Lodge?"). The one that the model in service
    was taught stays; without such a one both stay behind, until somebody says which is right. A fact without a
    question cannot be taught either.

    Args:
        served: folded contents of the facts that the model in service was taught.
    """
    rows = [(number, line.fact) for number, line in enumerate(file.lines, 1) if line.fact]
    plain_questions = {fold(fact.question) for _, fact in rows if fact.is_taught}
    first: dict[str, tuple[str, int, str]] = {}
    several: dict[str, dict[str, tuple[int, str]]] = {}  # a dictionary for each of 10,000 questions would take 2 MB
    for number, fact in rows:
        if fact.is_taught:
            plain = fold(without_description(fact.question))
            question = plain if plain in plain_questions else fold(fact.question)
            key = fold(fact.content)
            known, line, answer = first.setdefault(question, (key, number, fact.answer))
            if known != key:
                several.setdefault(question, {known: (line, answer)}).setdefault(key, (number, fact.answer))
    left_out: dict[str, str] = {}
    for key, number in _contradictions({one: several[one] for one in first if one in several}, served):
        left_out.setdefault(key, f"it contradicts line {number}: say which is right, and change or delete the other")
    if statements := [fact for _, fact in rows if fact.is_statement]:
        with_question = {fold(fact.content) for _, fact in rows if fact.is_taught}
        for fact in statements:
            if (key := fold(fact.content)) not in with_question:
                left_out.setdefault(key, "it has no question yet: give it one")
    return left_out


def _contradictions(questions: dict[str, dict[str, tuple[int, str]]], served: Collection[str]) -> list[tuple[str, int]]:
    """Return the facts that stay behind because another answers the same question otherwise, with its line.

    Args:
        questions: those that are asked of several facts: for each its facts, with the line and the answer of the
            first such row.
    """
    found = []
    for question, facts in questions.items():
        (_, first), *others = facts.values()
        if all(says_same(question, first, answer) for _, answer in others):
            continue
        known = [key for key in facts if key in served]
        stays = known[0] if len(known) == 1 else ""
        for key in facts:
            if key != stays:
                other = stays or next(one for one in facts if one != key)
                found.append((key, facts[other][0]))
    return found
