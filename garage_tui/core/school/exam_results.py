"""What a run was taught, and what its report card says of each fact: as much of both as the ledger needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from garage_tui.core.base.errors import GarageError
from garage_tui.core.exam.judgement import names_learned
from garage_tui.core.exam.report import ExamQuestion, read_report
from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.line import Fact
from garage_tui.core.language.fold import fold
from garage_tui.core.runs.folder import FACTS
from garage_tui.core.school.same_statement import as_written, states_as

FactStanding = Literal["learned", "changed", "untaught"]
"""Changed: the model in service was taught it as it was before."""


@dataclass(frozen=True)
class FactResult:
    """What a report card says of one fact."""

    right: int
    of: int
    """Questions about it, and how many of them were answered correctly."""
    learned: bool
    """Whether the card counts it as learned."""
    answers: frozenset[str]
    """The answers that it expected, folded; without any on old cards."""
    question: str = ""
    says: str = ""
    """A question that was answered wrongly, an unseen one if there is any, and the answer."""

    def is_about(self, answers: Collection[str]) -> bool:
        """Return whether the card asked for a fact with one of these folded answers, not for one as it was before."""
        return not self.answers or not self.answers.isdisjoint(answers)


@dataclass(frozen=True)
class ExamResults:
    """What a report card says of all facts that it asks for."""

    made: float | None = None
    """When the card was made, in seconds since 1970; None without a card."""
    facts: Mapping[str, FactResult] = field(default_factory=dict)
    """By the folded content of the fact."""


@dataclass(frozen=True)
class TaughtRun:
    """What a run was taught, and what its report card says of it."""

    id: str
    facts: Mapping[str, Sequence[Fact]]
    """The taught rows of each fact, by its folded content."""
    results: ExamResults
    same_file: bool = True
    """Whether it was taught the facts file that is looked at, so that what is not there any more was removed."""


class NewestCards:
    """The newest report card about each fact, read run by run as far as needed."""

    def __init__(self, runs: Iterable[tuple[str, ExamResults]]) -> None:
        self._rest = iter(runs)
        self._newest: dict[str, list[tuple[str, ExamResults]]] = {}

    def about(self, key: str, answers: Collection[str]) -> tuple[str, ExamResults] | None:
        """Return the newest run whose card asks for a fact with one of these answers."""
        for run in self._newest.get(key, ()):
            if run[1].facts[key].is_about(answers):
                return run
        for run in self._rest:
            for known in run[1].facts:
                self._newest.setdefault(known, []).append(run)
            if key in run[1].facts and run[1].facts[key].is_about(answers):
                return run
        return None


def read_results(folder: Path) -> ExamResults:
    """Return what the report card of a run says of facts; of a missing or damaged one, nothing."""
    try:
        card = read_report(folder)
    except (GarageError, OSError):
        return ExamResults()
    found: dict[str, list[ExamQuestion]] = {}
    for one in card.questions:
        if one.part in ("trained", "unseen"):
            found.setdefault(fold(one.fact or one.expected or one.question), []).append(one)
    learned = names_learned(card.questions)
    return ExamResults(card.made, {key: _result(questions, key in learned) for key, questions in found.items()})


def taught_facts(folder: Path) -> dict[str, list[Fact]]:
    """Return the rows that a run was taught, by the folded content of their fact; none where they cannot be read."""
    facts: dict[str, list[Fact]] = {}
    try:
        taught = load_facts(folder / FACTS).training
    except (GarageError, OSError):
        return facts
    for fact in taught:
        facts.setdefault(fold(fact.content), []).append(fact)
    return facts


def fact_standing(key: str, facts: Sequence[Fact], served: TaughtRun | None) -> FactStanding:
    """Return how a fact of a facts file stands with the model in service, as its entry says in more detail.

    Args:
        key: its folded content.
        facts: its rows without exam questions.
    """
    taught = served.facts.get(key) if served else None
    if not (served and taught):
        return "untaught"
    if changed_row(taught, facts):
        return "changed"
    found = served.results.facts.get(key)
    is_learned = found is not None and found.learned and untaught_row(taught, facts) is None
    return "learned" if is_learned else "untaught"


def changed_row(taught: Sequence[Fact], now: Sequence[Fact]) -> Fact | None:
    """Return a row of a fact as it was taught that its rows of today contradict; None where they do not.

    Only a fact with a name can change and still be the same: without one, the answer is what tells facts apart.
    """
    answers: dict[str, set[str]] = {}
    for fact in now:
        answers.setdefault(fold(fact.question), set()).add(as_written(fact.answer))
    same = {as_written(fact.answer) for fact in now}
    before: dict[str, set[str]] = {}
    for fact in taught:
        before.setdefault(fold(fact.question), set()).add(as_written(fact.answer))
    if all(fact.is_statement for fact in now):
        return None
    for fact in taught:
        asks = fold(fact.question)
        if asks in answers and not answers[asks] & before[asks]:
            return fact
    return None if any(as_written(fact.answer) in same for fact in taught) else taught[0]


def untaught_row(taught: Sequence[Fact], now: Sequence[Fact]) -> Fact | None:
    """Return a row of today that states something else than the taught rows of its name; None where there is none.

    A row that only asks otherwise for what was taught is none.
    """
    known = {fold(fact.question) for fact in taught}
    for fact in now:
        if fact.question and fold(fact.question) not in known and not any(states_as(fact, one) for one in taught):
            return fact
    return None


def _result(questions: Sequence[ExamQuestion], learned: bool) -> FactResult:
    wrong = [one for one in questions if one.verdict != "right"]
    shown = next((one for one in wrong if one.part == "unseen"), wrong[0] if wrong else None)
    return FactResult(
        right=len(questions) - len(wrong),
        of=len(questions),
        learned=learned,
        answers=frozenset(fold(one.expected) for one in questions if one.expected),
        question=shown.question if shown else "",
        says=shown.tuned if shown else "",
    )
