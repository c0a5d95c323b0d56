"""The report card in words, for the command line and the app alike: its figures as a table, and its questions."""

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
"""Columns from which the figures stand with their full names."""
BAD = ("leak", "changed", "wrong")
"""Verdicts of answers that went wrong."""
_ONE = {"trained": "trained question", "unseen": "unseen paraphrase", "unrelated": "unrelated question"}
_SILENT = "(it says nothing)"


class Headline(msgspec.Struct, frozen=True):
    """What a list of runs says about a card."""

    verdict: str
    passed: bool

    @property
    def words(self) -> str:
        return f"{sign(self.passed)} {self.verdict}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table; what does not apply is empty."""

    name: str
    short: str = ""
    """The name where there is little room, if that is another one."""
    term: str
    """What the field calls it."""
    tuned: str
    interval: str = ""
    base: str = ""
    open_book: str = ""
    bar: str = ""
    """What has to be reached; empty where the verdict does not hang on it."""
    passed: bool | None = None

    @property
    def sign(self) -> str:
        return " " if self.passed is None else sign(self.passed)


def headline(folder: Path) -> Headline | None:
    """Return the verdict of the card in a run folder; None where there is none that can be read."""
    try:
        found = msgspec.json.decode(read_regular(folder / REPORT), type=Headline)
    except UNREADABLE:
        return None
    return Headline(one_line(found.verdict), found.passed)


def read_clean(folder: Path) -> Report:
    """Return the report card in a run folder, its texts safe to paint and each on one line.

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
        questions=[_clean(asked) for asked in card.questions],
    )


def _clean(asked: ExamQuestion) -> ExamQuestion:
    values = ((name, getattr(asked, name)) for name in asked.__struct_fields__)
    words = {name: one_line(value, 2000) for name, value in values if isinstance(value, str)}
    return msgspec.structs.replace(asked, **words)


def sign(passed: bool) -> str:
    return "✓" if passed else "✗"


def passes(card: Report) -> str:
    return "passes the bar" if card.passed else "falls short of the bar"


def figures(card: Report) -> list[Figure]:
    """Return the lines of the table."""
    unseen = card.generalisation.tuned.of > 0
    names, perplexity = card.neighbours, card.perplexity
    return [
        _recall("trained questions", "efficacy", card.efficacy, bar=not unseen),
        _recall("unseen paraphrases", "generalisation", card.generalisation, bar=unseen),
        Figure(
            name="unrelated questions that mention it",
            short="leaks on unrelated",
            term="leak",
            tuned=_words(card.leak),
            interval=interval(card.leak),
            bar="0",
            passed=not card.leak.hits,
        ),
        Figure(
            name="other names unchanged",
            short="other names kept",
            term="neighbours",
            tuned=_words(names),
            interval=interval(names),
            bar=f"≥ {100 * UNCHANGED:g} %" if names.of else "",
            passed=names.share >= UNCHANGED if names.of else None,
        ),
        Figure(
            name="drift, nats per token",
            short="drift, nats/token",
            term="KL to the base",
            tuned=f"{card.drift:.2g}",
            bar=f"≤ {DRIFT:g}",
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


def _recall(name: str, term: str, found: Recall, bar: bool) -> Figure:
    base, book = (str(asked.hits) if asked.of else "" for asked in (found.base, found.open_book))
    return Figure(
        name=name,
        term=term,
        tuned=_words(found.tuned),
        interval=interval(found.tuned),
        base=base,
        open_book=book,
        bar=f"≥ {100 * RECALL:g} %" if bar else "",
        passed=found.tuned.share >= RECALL if bar else None,
    )


def _words(found: Count) -> str:
    return found.words if found.of else "none asked"


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}"


def interval(found: Count) -> str:
    """Return the interval in percent: `70–99 %`; near its ends, where a little is much, with a decimal."""
    if not found.of:
        return ""
    low, high = (
        f"{100 * end:.{1 if end < 0.1 or end > 0.99 else 0}f}".removesuffix(".0") for end in (found.low, found.high)
    )
    return f"{low}–{high} %"


def table(card: Report, width: int) -> list[tuple[bool | None, str]]:
    """Return the figures as lines of a table with a line of titles; for each, whether it passes the bar."""
    found, wide = figures(card), width >= WIDE
    names = [f"{one.name} [{one.term}]" if wide else one.short or one.name for one in found]
    rows = [("", "tuned", "95 % interval" if wide else "95 % sure", "base", "open book", "bar")]
    rows += [
        (name, one.tuned, one.interval if wide else one.interval.removesuffix(" %"), one.base, one.open_book, one.bar)
        for name, one in zip(names, found, strict=True)
    ]
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip() for row in rows]
    signs = [" ", *(one.sign for one in found)]
    passed = [None, *(one.passed for one in found)]
    return [(good, f"{mark} {line}") for good, mark, line in zip(passed, signs, lines, strict=True)]


def part_of(asked: ExamQuestion) -> str:
    """Return what kind of question it is: `unrelated question (history)`."""
    one = _ONE.get(asked.part, "question about another name")
    return f"{one} ({asked.kind})" if asked.kind else one


def verdict_of(asked: ExamQuestion) -> str:
    """Return what came of a question, with its sign: `✗ leak: says TinyLLM`."""
    why = asked.why or ("says nothing that was taught" if asked.verdict == "unchanged" else "")
    return f"{sign(asked.verdict not in BAD)} {asked.verdict}{f': {why}' if why else ''}"


def answers(asked: ExamQuestion) -> list[tuple[str, str]]:
    """Return (whose, what) for each answer to a question, with a sign before those that say whether they are right."""
    rows = [("tuned", asked.tuned or _SILENT)]
    if asked.expected:
        rows.append(("expected", asked.expected))
    for name, said, right in (
        ("base", asked.base, asked.base_right),
        ("open book", asked.open_book, asked.open_book_right),
    ):
        if said is not None:
            rows.append((name, f"{'' if right is None else sign(right) + ' '}{said or _SILENT}"))
    return rows


def went_wrong(card: Report) -> list[ExamQuestion]:
    """Return the questions that went wrong, the worst first."""
    return [asked for asked in card.questions if asked.verdict in BAD]


def side_by_side(card: Report) -> dict[str, str]:
    """Return the card as short lines, to be laid beside another one's."""
    found = figures(card)
    rows = {"verdict": f"{sign(card.passed)} {passes(card)}"}
    rows |= {one.short or one.name: one.tuned for one in found[:-1]}
    return {**rows, "perplexity": f"{found[-1].interval} ({found[-1].tuned})"}
