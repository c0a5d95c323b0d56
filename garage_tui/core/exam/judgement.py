"""The judgement of an exam: facts learned, a grade for each figure, a verdict with the worst first, and notes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.report import (
    PARTS,
    Count,
    ExamQuestion,
    Part,
    Perplexity,
    Recall,
    Report,
    UnseenFrom,
    count,
)
from garage_tui.core.language.fold import fold
from garage_tui.core.runs.grades import (
    DRIFT,
    RECALL,
    Grade,
    grade_drift,
    grade_leak,
    grade_recall,
    grade_unchanged,
    rank,
    worst,
)

FEW = 5
"""Facts below which a verdict says that they are few."""
HELD_BACK = "held-back wording"
"""The kind of an unseen paraphrase that comes from a template and not from an exam row."""
_ORDER = {"leak": 0, "changed": 1, "wrong": 2, "unchanged": 3, "right": 3}


@dataclass(frozen=True)
class GradedFigure:
    """One figure in the verdict."""

    grade: Grade
    text: str
    brief: str
    """The same where space is short."""


@dataclass(frozen=True)
class VerdictFigures:
    """The figures that a verdict depends on."""

    facts: Count
    leak: Count
    unchanged: Count
    drift: float

    @property
    def figures(self) -> list[GradedFigure]:
        """The figures that the verdict names, the worst first."""
        changed = self.unchanged.of - self.unchanged.hits
        found = [
            GradedFigure(
                grade_recall(self.facts.share), learned_text(self.facts), f"{self.facts.hits}/{self.facts.of} learned"
            ),
            GradedFigure(
                grade_leak(self.leak.share),
                f"{self.leak.text} unrelated answers affected",
                plural(self.leak.hits, "leak"),
            ),
        ]
        if changed:
            text = f"mixes up {changed} of {self.unchanged.of} similar names"
            found.append(GradedFigure(grade_unchanged(self.unchanged.share), text, plural(changed, "mix-up")))
        if self.drift > DRIFT:
            text = f"drift {self.drift:.2g}"
            found.append(GradedFigure(grade_drift(self.drift), text, text))
        return sorted(found, key=lambda figure: rank(figure.grade))

    @property
    def grade(self) -> Grade:
        """The worst grade of the figures."""
        return worst(figure.grade for figure in self.figures)

    @property
    def brief(self) -> str:
        """What is wrong in a few words, the worst first; how much was learned where nothing is."""
        bad = [figure.brief for figure in self.figures if figure.grade != "good"]
        return ", ".join(bad) or self.figures[0].brief


def learned_text(facts: Count) -> str:
    """Return how many facts were learned, with the interval: `learned 7 of 9 facts (45–94 %)`."""
    few = ", few questions" if facts.of < FEW else ""
    return f"learned {facts.text} {'fact' if facts.of == 1 else 'facts'} ({facts.interval}{few})"


def worst_first(questions: Sequence[ExamQuestion]) -> list[ExamQuestion]:
    """Return the questions sorted by verdict (leaks first), then by drift, the largest first."""
    return sorted(questions, key=lambda one: (_ORDER[one.verdict], -(one.drift or 0.0), list(PARTS).index(one.part)))


def facts_learned(questions: Sequence[ExamQuestion]) -> tuple[Count, int]:
    """Return the count of learned facts, and how many facts were asked in trained wordings only.

    A fact is learned if all of its unseen paraphrases were answered correctly; where it has none, all of its trained
    questions. So another exam question changes the result of its own fact only.
    """
    facts = _by_fact(questions)
    return count(len(names_learned(questions)), len(facts)), sum("unseen" not in fact for fact in facts.values())


def names_learned(questions: Sequence[ExamQuestion]) -> set[str]:
    """Return the names of the learned facts, folded."""
    return {name for name, fact in _by_fact(questions).items() if all(fact.get("unseen") or fact["trained"])}


def _by_fact(questions: Sequence[ExamQuestion]) -> dict[str, dict[Part, list[bool]]]:
    facts: dict[str, dict[Part, list[bool]]] = {}
    for one in questions:
        if one.part in ("trained", "unseen"):
            fact = facts.setdefault(_name_of(one), {})
            fact.setdefault(one.part, []).append(one.verdict == "right")
    return facts


def recall_of(questions: Sequence[ExamQuestion]) -> Recall:
    """Count the right answers of tuned model, base and base with open book."""
    of = len(questions)
    return Recall(
        count(sum(one.verdict == "right" for one in questions), of),
        count(sum(bool(one.base_right) for one in questions), of),
        count(sum(bool(one.open_book_right) for one in questions), of),
    )


def judge(
    questions: Sequence[ExamQuestion],
    drift: float,
    drift_tokens: int,
    perplexity: Perplexity,
    *,
    run: str = "",
    base_model: str = "",
    unseen_from: UnseenFrom = "exam rows",
    seconds: float = 0.0,
    guarded: bool = False,
) -> Report:
    """Return the report card of the questions of an exam; `guarded` says whether the run's recipe has guards."""
    leaks, neighbours = _of(questions, "unrelated"), _of(questions, "neighbour")
    efficacy, unseen = recall_of(_of(questions, "trained")), recall_of(_of(questions, "unseen"))
    facts, trained_only = facts_learned(questions)
    found = VerdictFigures(
        facts,
        count(sum(one.verdict == "leak" for one in leaks), len(leaks)),
        count(sum(one.verdict == "unchanged" for one in neighbours), len(neighbours)),
        drift,
    )
    return Report(
        verdict=", ".join(figure.text for figure in found.figures),
        passed=found.grade == "good",
        grade=found.grade,
        facts=facts,
        efficacy=efficacy,
        generalisation=unseen,
        leak=found.leak,
        neighbours=found.unchanged,
        drift=round(drift, 5),
        drift_tokens=drift_tokens,
        perplexity=perplexity,
        known_unsaid=_known_unsaid(questions),
        notes=[
            *_exam_notes(questions, facts, trained_only, unseen_from),
            *_notes(efficacy, unseen, found, guarded),
        ],
        run=run,
        base_model=base_model,
        unseen_from=unseen_from,
        made=time.time(),
        seconds=round(seconds, 1),
        questions=worst_first(questions),
    )


def _known_unsaid(questions: Sequence[ExamQuestion]) -> int | None:
    """Return how many wrong answers the model knows better; None where that was measured of none of them."""
    known = [one.known for one in questions if one.verdict == "wrong"]
    return None if known and all(one is None for one in known) else sum(map(bool, known))


def measured(card: Report) -> VerdictFigures:
    """Return the figures that a card's verdict depends on; those of an older card count questions, not facts."""
    recall = deciding_recall(card.efficacy, card.generalisation)
    return VerdictFigures(card.facts or recall.tuned, card.leak, card.neighbours, card.drift)


def deciding_recall(trained: Recall, unseen: Recall | None) -> Recall:
    """Return the recall that a verdict depends on: that of unseen questions, where there are any."""
    return unseen if unseen and unseen.tuned.of else trained


def _of(questions: Sequence[ExamQuestion], part: Part) -> list[ExamQuestion]:
    return [one for one in questions if one.part == part]


def _exam_notes(
    questions: Sequence[ExamQuestion], facts: Count, trained_only: int, unseen_from: UnseenFrom
) -> list[str]:
    """Return what to know about the exam itself."""
    notes = []
    unseen = _of(questions, "unseen")
    held_back = len({one.fact or one.expected for one in unseen if one.kind == HELD_BACK})
    if not unseen:
        notes.append("There are no exam questions: mark some rows as exam to measure what the model has understood.")
    elif unseen_from == "templates":
        notes.append(
            "The unseen paraphrases come from templates, because the facts contain no exam questions. Your own exam "
            "questions are a better test."
        )
    elif held_back:
        whose = plural(held_back, "fact has", "facts have")
        notes.append(f"{whose} no exam question of {'its' if held_back == 1 else 'their'} own: templates ask instead.")
    if unseen and trained_only:
        notes.append(
            f"{plural(trained_only, 'fact was', 'facts were')} asked in trained wordings only: add an exam question, "
            "because a trained question may be answered from memory."
        )
    if untaught := _untaught(questions):
        were, have = ("fact was", "it") if len(untaught) == 1 else ("facts were", "them")
        notes.append(
            f"{len(untaught):,} {were} asked and not taught, because only exam questions have {have}: "
            f'"{one_line(untaught[0], 60)}". Add a row that teaches it, or give its rows the same "fact".'
        )
    if near := [one for one in unseen if one.near]:
        notes.append(
            f"{plural(len(near), 'exam question nearly repeats', 'exam questions nearly repeat')} a taught one, so "
            f'{"it proves" if len(near) == 1 else "they prove"} little: "{near[0].question}" is taught as '
            f'"{near[0].near}". Ask in other words.'
        )
    if facts.of < FEW:
        notes.append(f"The verdict rests on {plural(facts.of, 'fact')} only: see how wide the interval is.")
    return notes


def _untaught(questions: Sequence[ExamQuestion]) -> list[str]:
    """Return the facts that exam questions ask for and no trained question does."""
    taught = {_name_of(one) for one in _of(questions, "trained")}
    asked_for = {_name_of(one): one.fact or one.expected or one.question for one in _of(questions, "unseen")}
    return [text for name, text in asked_for.items() if name not in taught] if taught else []


def _name_of(one: ExamQuestion) -> str:
    """Return the name of the fact that a question asks for, folded."""
    return fold(one.fact or one.expected or one.question)


def _notes(efficacy: Recall, unseen: Recall, found: VerdictFigures, guarded: bool) -> list[str]:
    """Return what the figures mean."""
    notes = []
    recall = deciding_recall(efficacy, unseen)
    if efficacy.tuned.share < RECALL:
        notes.append("Some trained questions are not answered: train longer.")
    elif recall.tuned.share < RECALL:
        notes.append("The trained wordings are answered, others less often: teach each fact in more wordings.")
    if recall.open_book.of and recall.open_book.share < recall.tuned.share - 0.2:
        notes.append(
            "The base model with the facts in its prompt (open book) answers fewer questions than the tuned model: it "
            "is too small to use them well."
        )
    if found.leak.hits or (found.unchanged.of and grade_unchanged(found.unchanged.share) != "good"):
        remedy = "careful protects other answers more firmly" if guarded else "default protects other answers"
        notes.append(f"Taught facts appear in answers where they do not belong: the preset {remedy}.")
    if found.drift > DRIFT:
        notes.append(
            f"Other answers have changed: drift is {found.drift:.2g} nats per token; up to {DRIFT:g} is hardly "
            "noticeable."
        )
    return notes
