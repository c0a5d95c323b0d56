"""The report card as text, for the command line and the app: its figures as a table, and its questions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from garage_tui.core.base.read_errors import UNREADABLE
from garage_tui.core.base.safe_open import read_regular
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.report import (
    DRIFT,
    RECALL,
    REPORT,
    UNCHANGED,
    Count,
    ExamQuestion,
    Recall,
    Report,
    read_report,
)

WIDE = 99
"""Columns from which the table has the full names of the figures."""
BAD = ("leak", "changed", "wrong")
"""Verdicts of answers that went wrong."""
_PART_TEXTS = {"trained": "trained question", "unseen": "unseen paraphrase", "unrelated": "unrelated question"}
_NO_ANSWER = "(empty answer)"


class Headline(msgspec.Struct, frozen=True):
    """The verdict of a card, as lists of runs show it."""

    verdict: str
    passed: bool

    @property
    def text(self) -> str:
        return f"{sign(self.passed)} {self.verdict}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table; a cell that does not apply is empty."""

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
    passed: bool | None = None

    @property
    def sign(self) -> str:
        return " " if self.passed is None else sign(self.passed)


def headline(folder: Path) -> Headline | None:
    """Return the verdict of the card in a run folder; None where no card can be read."""
    try:
        found = msgspec.json.decode(read_regular(folder / REPORT), type=Headline)
    except UNREADABLE:
        return None
    return Headline(one_line(found.verdict), found.passed)


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


def result_text(card: Report) -> str:
    """Return whether a card meets its targets; goes with the table, which has the signs."""
    return "meets every target" if card.passed else "misses the targets marked ✗"


def figures(card: Report) -> list[Figure]:
    """Return the lines of the table."""
    has_unseen = card.generalisation.tuned.of > 0
    names, perplexity = card.neighbours, card.perplexity
    return [
        _recall("trained questions", "efficacy", card.efficacy, decides=not has_unseen),
        _recall("unseen paraphrases", "generalisation", card.generalisation, decides=has_unseen),
        Figure(
            name="unrelated answers affected",
            short="unrelated affected",
            term="leak",
            tuned=_count_text(card.leak),
            interval=interval(card.leak),
            target="0",
            passed=not card.leak.hits,
        ),
        Figure(
            name="similar names kept apart",
            short="similar names kept",
            term="neighbours",
            tuned=_count_text(names),
            interval=interval(names),
            target=f"≥ {100 * UNCHANGED:g} %" if names.of else "",
            passed=names.share >= UNCHANGED if names.of else None,
        ),
        Figure(
            name="drift, nats per token",
            short="drift, nats/token",
            term="KL to the base",
            tuned=f"{card.drift:.2g}",
            target=f"≤ {DRIFT:g}",
            passed=card.drift <= DRIFT,
        ),
        Figure(
            name="perplexity, base → tuned",
            short="perplexity",
            term="general texts",
            tuned=f"{_short(perplexity.base)} → {_short(perplexity.tuned)}",
            interval=f"× {perplexity.tuned / (perplexity.base or 1.0):.3f}",
        ),
    ]


def _recall(name: str, term: str, found: Recall, *, decides: bool) -> Figure:
    base, book = (str(count.hits) if count.of else "" for count in (found.base, found.open_book))
    return Figure(
        name=name,
        term=term,
        tuned=_count_text(found.tuned),
        interval=interval(found.tuned),
        base=base,
        open_book=book,
        target=f"≥ {100 * RECALL:g} %" if decides else "",
        passed=found.tuned.share >= RECALL if decides else None,
    )


def _count_text(found: Count) -> str:
    return found.text if found.of else "none asked"


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}"


def interval(found: Count) -> str:
    """Return the interval in percent, `70–99 %`; with a decimal below 10 and above 99 percent."""
    if not found.of:
        return ""
    low, high = (
        f"{100 * end:.{1 if end < 0.1 or end > 0.99 else 0}f}".removesuffix(".0") for end in (found.low, found.high)
    )
    return f"{low}–{high} %"


def table(card: Report, width: int) -> list[tuple[bool | None, str]]:
    """Return the lines of the table, titles first; for each, whether it meets its target (None: it has none)."""
    found, wide = figures(card), width >= WIDE
    names = [f"{one.name} [{one.term}]" if wide else one.short or one.name for one in found]
    rows = [("", "tuned", "95 % interval" if wide else "95 % CI", "base", "open book", "target")]
    for name, one in zip(names, found, strict=True):
        share = one.interval if wide else one.interval.removesuffix(" %")
        rows.append((name, one.tuned, share, one.base, one.open_book, one.target))
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip() for row in rows]
    signs = [" ", *(one.sign for one in found)]
    passed = [None, *(one.passed for one in found)]
    return [(good, f"{mark} {line}") for good, mark, line in zip(passed, signs, lines, strict=True)]


def part_text(question: ExamQuestion) -> str:
    """Return the part of the exam that a question belongs to: `unrelated question (history)`."""
    text = _PART_TEXTS.get(question.part, "question about a similar name")
    return f"{text} ({question.kind})" if question.kind else text


def verdict_text(question: ExamQuestion) -> str:
    """Return the verdict of a question with its sign: `✗ leak: says TinyLLM`."""
    why = question.why or ("contains no taught facts" if question.verdict == "unchanged" else "")
    return f"{sign(question.verdict not in BAD)} {question.verdict}{f': {why}' if why else ''}"


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


def wrong_questions(card: Report) -> list[ExamQuestion]:
    """Return the questions that went wrong, the worst first."""
    return [question for question in card.questions if question.verdict in BAD]


def side_by_side(card: Report) -> dict[str, str]:
    """Return the card as short lines, for a comparison with another one."""
    found = figures(card)
    rows = {"verdict": "✓ meets every target" if card.passed else "✗ misses a target"}
    rows |= {one.short or one.name: one.tuned for one in found[:-1]}
    return {**rows, "perplexity": f"{found[-1].interval} ({found[-1].tuned})"}
