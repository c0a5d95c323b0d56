"""The report card as text, for the command line and the app: its result and its questions."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from garage_tui.core.base.format import duration
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.judgement import measured
from garage_tui.core.exam.report import ExamQuestion, Report, read_report
from garage_tui.core.exam.report_table import figures
from garage_tui.core.runs.grades import LEGEND, Grade

RESULTS: dict[Grade, str] = {
    "good": "✓ meets every target",
    "near": "~ near its targets",
    "bad": "✗ misses a target",
}
BAD = ("leak", "changed", "wrong")
"""Verdicts of answers that went wrong."""
_PART_TEXTS = {
    "trained": "trained question",
    "unseen": "unseen paraphrase",
    "unrelated": "unrelated question",
    "task": "task with a subject",
}
_NO_ANSWER = "(empty answer)"


def read_clean(folder: Path) -> Report:
    """Return the report card in a run folder, its texts sanitised and each on one line.

    Raises:
        FileNotFoundError: it has none.
        BadInputError: it cannot be read.
    """
    card = read_report(folder)
    return msgspec.structs.replace(
        card,
        verdict=one_line(card.verdict, 400),
        run=one_line(card.run),
        base_model=one_line(card.base_model),
        notes=[one_line(note, 600) for note in card.notes],
        questions=[_clean(question) for question in card.questions],
    )


def _clean(question: ExamQuestion) -> ExamQuestion:
    values = ((name, getattr(question, name)) for name in question.__struct_fields__)
    texts = {name: one_line(value, 2000) for name, value in values if isinstance(value, str)}
    return msgspec.structs.replace(question, **texts)


def sign(passed: bool) -> str:
    return "✓" if passed else "✗"


def grade_of(card: Report) -> Grade:
    """Return the grade of a card, also of one that was written before cards had grades."""
    return measured(card).grade


def result_text(card: Report) -> str:
    """Return how a card meets its targets, with what the signs and arrows of the table mean."""
    return f"{RESULTS[grade_of(card)]} · {LEGEND}"


def served_text(card: Report) -> str:
    """Return what the column as served means, as a sentence; empty for a card without it."""
    if card.served is None:
        return ""
    return (
        f"As served: {card.served.routed.text} questions about the facts name a subject of theirs, so this adapter "
        "answers them, with the most probable of several likely openings; the base model answers all else."
    )


def examined_text(card: Report) -> str:
    """Return when the run was examined and how long that took: `examined 2026-11-29 10:33 in 41 s`."""
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(card.made))
    return f"examined {made} in {duration(card.seconds)}"


def part_text(question: ExamQuestion) -> str:
    """Return the part of the exam that a question belongs to, and who serves it: `unrelated question (history)`."""
    text = _PART_TEXTS.get(question.part, "question about a similar name")
    kind = f" ({question.kind})" if question.kind else ""
    return f"{text}{kind}{'' if question.routed is not False else ', served by the base model'}"


def verdict_text(question: ExamQuestion) -> str:
    """Return the verdict of a question with its sign: `✗ leak: says TinyLLM`."""
    why = question.why or ("contains no taught facts" if question.verdict == "unchanged" else "")
    known = "; knows it, does not say it" if question.known else ""
    return f"{sign(question.verdict not in BAD)} {question.verdict}{f': {why}' if why else ''}{known}"


def answers(question: ExamQuestion) -> list[tuple[str, str]]:
    """Return (whose, answer) for each answer to a question; a sign shows whether it is right, where that was graded."""
    rows = [("tuned", question.tuned or _NO_ANSWER)]
    if question.served is not None:
        rows.append(("as served", f"{sign(question.served_verdict not in BAD)} {question.served or _NO_ANSWER}"))
    if question.expected:
        rows.append(("expected", question.expected))
    for name, answer, right in (
        ("base", question.base, question.base_right),
        ("open book", question.open_book, question.open_book_right),
    ):
        if answer is not None:
            rows.append((name, f"{'' if right is None else sign(right) + ' '}{answer or _NO_ANSWER}"))
    return rows


def wrong_questions(card: Report) -> list[tuple[int, ExamQuestion]]:
    """Return the questions that went wrong, the worst first, each with its number on the card."""
    return [(number, question) for number, question in enumerate(card.questions, 1) if question.verdict in BAD]


def side_by_side(card: Report) -> dict[str, tuple[str, str]]:
    """Return the card for a comparison with another one: (label, short line) by the key in `report.json`."""
    found = figures(card)
    rows = {"verdict": ("verdict", RESULTS[grade_of(card)])}
    rows |= {one.key: (one.short or one.name, f"{one.sign} {one.tuned}".strip()) for one in found[:-1]}
    last = found[-1]
    return {**rows, last.key: ("perplexity", f"{last.interval} ({last.tuned})")}
