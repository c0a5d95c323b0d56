"""The report card as text, for the command line and the app: its figures as a table, and its questions."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from garage_tui.core.base.format import duration
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.judgement import measured
from garage_tui.core.exam.report import Count, ExamQuestion, Recall, Report, read_report
from garage_tui.core.runs.grades import (
    DRIFT,
    LEGEND,
    RECALL,
    SIGNS,
    UNCHANGED,
    Grade,
    grade_drift,
    grade_leak,
    grade_recall,
    grade_unchanged,
)

WIDE = 99
"""Columns from which the table has the full names of the figures."""
RESULTS: dict[Grade, str] = {
    "good": "✓ meets every target",
    "near": "~ near its targets",
    "bad": "✗ misses a target",
}
BAD = ("leak", "changed", "wrong")
"""Verdicts of answers that went wrong."""
_PART_TEXTS = {"trained": "trained question", "unseen": "unseen paraphrase", "unrelated": "unrelated question"}
_NO_ANSWER = "(empty answer)"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table; a cell that does not apply is empty."""

    key: str
    """Its key in `report.json`, which never changes."""
    name: str
    short: str = ""
    """The name where space is short, if it differs."""
    term: str
    """The technical term."""
    tuned: str
    interval: str = ""
    base: str = ""
    open_book: str = ""
    target: str = ""
    """What has to be reached; empty where the verdict does not depend on it."""
    grade: Grade | None = None
    """None where it has no target."""

    @property
    def sign(self) -> str:
        return SIGNS[self.grade] if self.grade else " "


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


def examined_text(card: Report) -> str:
    """Return when the run was examined and how long that took: `examined 2026-11-29 10:33 in 41 s`."""
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(card.made))
    return f"examined {made} in {duration(card.seconds)}"


def figures(card: Report) -> list[Figure]:
    """Return the lines of the table."""
    names, perplexity, found = card.neighbours, card.perplexity, measured(card)
    counted = card.facts is not None
    has_unseen = card.generalisation.tuned.of > 0
    rows = [
        _recall("efficacy", "trained questions", card.efficacy, decides=not counted and not has_unseen),
        _recall("generalisation", "unseen paraphrases", card.generalisation, decides=not counted and has_unseen),
        Figure(
            key="leak",
            name="unrelated answers affected",
            short="unrelated affected",
            term="leak",
            tuned=_count_text(card.leak),
            interval=card.leak.interval,
            target="↓ 0",
            grade=grade_leak(card.leak.share),
        ),
        Figure(
            key="neighbours",
            name="similar names kept apart",
            short="similar names kept",
            term="neighbours",
            tuned=_count_text(names),
            interval=names.interval,
            target=f"↑ ≥ {100 * UNCHANGED:g} %" if names.of else "",
            grade=grade_unchanged(names.share) if names.of else None,
        ),
        Figure(
            key="drift",
            name="drift, nats per token",
            short="drift, nats/token",
            term="KL to the base",
            tuned=f"{card.drift:.2g}",
            target=f"↓ ≤ {DRIFT:g}",
            grade=grade_drift(card.drift),
        ),
        Figure(
            key="perplexity",
            name="perplexity, base → tuned",
            short="perplexity",
            term="general texts",
            tuned=f"{_short(perplexity.base)} → {_short(perplexity.tuned)}",
            interval=f"× {perplexity.tuned / (perplexity.base or 1.0):.3f}",
            target="↓",
        ),
    ]
    if card.known_unsaid is not None and (wrong := sum(one.verdict == "wrong" for one in card.questions)):
        unsaid = Figure(
            key="known_unsaid",
            name="knows it, does not say it",
            short="knows, doesn't say",
            term="ranked first",
            tuned=f"{card.known_unsaid} of {wrong}",
            target="↓",
        )
        rows.insert(2, unsaid)  # below the recall that it explains
    if counted:
        learned = Figure(
            key="facts",
            name="facts learned",
            term="all of a fact's questions",
            tuned=_count_text(found.facts),
            interval=found.facts.interval,
            target=f"↑ ≥ {100 * RECALL:g} %",
            grade=grade_recall(found.facts.share),
        )
        rows.insert(0, learned)
    return rows


def _recall(key: str, name: str, found: Recall, *, decides: bool) -> Figure:
    base, book = (str(count.hits) if count.of else "" for count in (found.base, found.open_book))
    return Figure(
        key=key,
        name=name,
        term=key,
        tuned=_count_text(found.tuned),
        interval=found.tuned.interval,
        base=base,
        open_book=book,
        target=f"↑ ≥ {100 * RECALL:g} %" if decides else "↑",
        grade=grade_recall(found.tuned.share) if decides else None,
    )


def _count_text(found: Count) -> str:
    return found.text if found.of else "none asked"


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}"


def table(card: Report, width: int) -> list[tuple[Grade | None, str]]:
    """Return the lines of the table, titles first, each with its grade (None: it has no target)."""
    found, wide = figures(card), width >= WIDE
    names = [f"{one.name} [{one.term}]" if wide else one.short or one.name for one in found]
    rows = [("", "tuned", "95 % interval" if wide else "95 % CI", "base", "open book", "target")]
    for name, one in zip(names, found, strict=True):
        share = one.interval if wide else one.interval.removesuffix(" %")
        rows.append((name, one.tuned, share, one.base, one.open_book, one.target))
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip() for row in rows]
    signs = [" ", *(one.sign for one in found)]
    grades = [None, *(one.grade for one in found)]
    return [(grade, f"{mark} {line}") for grade, mark, line in zip(grades, signs, lines, strict=True)]


def part_text(question: ExamQuestion) -> str:
    """Return the part of the exam that a question belongs to: `unrelated question (history)`."""
    text = _PART_TEXTS.get(question.part, "question about a similar name")
    return f"{text} ({question.kind})" if question.kind else text


def verdict_text(question: ExamQuestion) -> str:
    """Return the verdict of a question with its sign: `✗ leak: says TinyLLM`."""
    why = question.why or ("contains no taught facts" if question.verdict == "unchanged" else "")
    known = "; knows it, does not say it" if question.known else ""
    return f"{sign(question.verdict not in BAD)} {question.verdict}{f': {why}' if why else ''}{known}"


def answers(question: ExamQuestion) -> list[tuple[str, str]]:
    """Return (whose, answer) for each answer to a question; a sign shows whether it is right, where that was graded."""
    rows = [("tuned", question.tuned or _NO_ANSWER)]
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
