"""The figures of a report card as a server gives them that routes by subject, next to those of the adapter alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from garage_tui.core.base.format import plural
from garage_tui.core.exam.grading import TaughtFacts, is_right
from garage_tui.core.exam.judgement import facts_learned
from garage_tui.core.exam.report import Count, ExamQuestion, Part, Report, ServedFigures, TaskFigures, Verdict, count
from garage_tui.core.facts.line import Fact


def with_served(card: Report, drift: float, gap: str) -> Report:
    """Return a card of the adapter alone with the figures as served, those of the tasks, and notes about both.

    Args:
        drift: of the unrelated questions as served, in nats per token: 0 of each that the base model answers.
        gap: why nothing is routed, in one sentence; empty where requests are routed.
    """
    served, tasks = served_figures(card.questions, drift), task_figures(card.questions)
    return msgspec.structs.replace(
        card, served=served, tasks=tasks, notes=[*card.notes, *_notes(card, served, tasks, gap)]
    )


def _notes(card: Report, served: ServedFigures | None, tasks: TaskFigures | None, gap: str) -> Iterator[str]:
    if gap:
        yield f"As served, the tuned model answers every conversation: {gap}."
    if served and (lost := served.routed.of - served.routed.hits):
        example = next(one.question for one in card.questions if one.expected and one.routed is False)
        yield (
            f"As served, {plural(lost, 'question names', 'questions name')} no subject and "
            f"{'gets' if lost == 1 else 'get'} the base model's answer, unless the conversation has named it before: "
            f'"{example}".'
        )
    if tasks and (tasks.leak.hits or (tasks.served_leak and tasks.served_leak.hits)):
        served_text = tasks.served_leak.text if tasks.served_leak else tasks.leak.text
        yield (
            f"Taught facts appear in {tasks.leak.text} tasks that name a subject without asking about it, and as "
            f"served in {served_text}: the tuned model answers whatever names a subject."
        )


def served_figures(questions: Sequence[ExamQuestion], drift: float) -> ServedFigures | None:
    """Return the figures of the answers as served; None where nothing is routed.

    Args:
        questions: of an exam, with the verdicts of the adapter alone.
        drift: of the unrelated questions as served, in nats per token: 0 of each that the base model answers.
    """
    if all(one.routed is None for one in questions):
        return None
    served = [as_served(one) for one in questions]
    taught = [one for one in questions if one.part in ("trained", "unseen")]
    facts, _ = facts_learned(served)
    return ServedFigures(
        facts=facts,
        efficacy=_share(served, "trained", "right"),
        generalisation=_share(served, "unseen", "right"),
        leak=_share(served, "unrelated", "leak"),
        neighbours=_share(served, "neighbour", "unchanged"),
        drift=round(drift, 5),
        routed=count(sum(bool(one.routed) for one in taught), len(taught)),
    )


def as_served(question: ExamQuestion) -> ExamQuestion:
    """Return a question with the verdict of the answer that the server gives: the tuned or the base model's."""
    if question.routed is not False:
        if question.served is None or question.served_verdict is None:
            return question
        return msgspec.structs.replace(question, tuned=question.served, verdict=question.served_verdict)
    if question.part in ("trained", "unseen"):
        return msgspec.structs.replace(question, verdict="right" if question.base_right else "wrong")
    return msgspec.structs.replace(question, verdict="unchanged", drift=0.0)


def with_served_answer(question: ExamQuestion, text: str, fact: Fact | None, leaks: TaughtFacts) -> ExamQuestion:
    """Return a question with the tuned model's answer as served, if that differs from the adapter's own.

    Args:
        fact: the row that a taught question comes from; None for a task.
        leaks: finds taught facts in the answer to a task.
    """
    if text == question.tuned:
        return question
    verdict: Verdict
    if fact:
        verdict = "right" if is_right(text, fact) else "wrong"
    else:
        verdict = "leak" if leaks.find_leak(text, question.base, question.question) else "unchanged"
    return msgspec.structs.replace(question, served=text, served_verdict=verdict)


def task_figures(questions: Sequence[ExamQuestion]) -> TaskFigures | None:
    """Return the figures of the tasks that name a subject; None where there are none."""
    tasks = [one for one in questions if one.part == "task"]
    if not tasks:
        return None
    served = [as_served(one) for one in tasks]
    alone, there = (sum(one.tuned != one.base for one in some) for some in (tasks, served))
    return TaskFigures(
        changed=count(alone, len(tasks)),
        leak=_share(tasks, "task", "leak"),
        served_changed=count(there, len(tasks)),
        served_leak=_share(served, "task", "leak"),
    )


def _share(questions: Sequence[ExamQuestion], part: Part, verdict: Verdict) -> Count:
    found = [one.verdict == verdict for one in questions if one.part == part]
    return count(sum(found), len(found))
