"""The figures of a report card as a table: the adapter alone, the same as served, the base model, the open book."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from garage_tui.core.exam.judgement import measured
from garage_tui.core.exam.report import Count, Recall, Report
from garage_tui.core.runs.grades import (
    DRIFT,
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
"""Columns from which the table has the full names of the figures; with the column as served it needs more."""
_SIGN = 2
"""Columns of the sign before each line."""


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
    """Of the adapter alone."""
    served: str = ""
    """Of the answers as a server gives them that routes by subject."""
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


def figures(card: Report) -> list[Figure]:
    """Return the lines of the table."""
    names, perplexity, found, served = card.neighbours, card.perplexity, measured(card), card.served
    counted = card.facts is not None
    has_unseen = card.generalisation.tuned.of > 0
    rows = [
        _recall(
            "efficacy",
            "trained questions",
            card.efficacy,
            served.efficacy if served else None,
            decides=not counted and not has_unseen,
        ),
        _recall(
            "generalisation",
            "unseen paraphrases",
            card.generalisation,
            served.generalisation if served else None,
            decides=not counted and has_unseen,
        ),
        Figure(
            key="leak",
            name="unrelated answers affected",
            short="unrelated affected",
            term="leak",
            tuned=_count_text(card.leak),
            served=_count_text(served.leak if served else None),
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
            served=_count_text(served.neighbours if served else None),
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
            served=f"{served.drift:.2g}" if served else "",
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
    if card.tasks:
        changed = Figure(
            key="tasks",
            name="tasks with a subject changed",
            short="subject tasks",
            term="adapter on",
            tuned=_count_text(card.tasks.changed),
            served=_count_text(card.tasks.served_changed or card.tasks.changed) if served else "",
            interval=card.tasks.changed.interval,
            target="↓",
        )
        rows.insert(-1, changed)
    if counted:
        learned = Figure(
            key="facts",
            name="facts learned",
            term="all of a fact's questions",
            tuned=_count_text(found.facts),
            served=_count_text(served.facts if served else None),
            interval=found.facts.interval,
            target=f"↑ ≥ {100 * RECALL:g} %",
            grade=grade_recall(found.facts.share),
        )
        rows.insert(0, learned)
    return rows


def _recall(key: str, name: str, found: Recall, served: Count | None, *, decides: bool) -> Figure:
    base, book = (str(count.hits) if count.of else "" for count in (found.base, found.open_book))
    return Figure(
        key=key,
        name=name,
        term=key,
        tuned=_count_text(found.tuned),
        served=_count_text(served),
        interval=found.tuned.interval,
        base=base,
        open_book=book,
        target=f"↑ ≥ {100 * RECALL:g} %" if decides else "↑",
        grade=grade_recall(found.tuned.share) if decides else None,
    )


def _count_text(found: Count | None) -> str:
    if found is None:
        return ""
    return found.text if found.of else "none asked"


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}"


def table(card: Report, width: int) -> list[tuple[Grade | None, str]]:
    """Return the lines of the table, titles first, each with its grade (None: it has no target)."""
    found = figures(card)
    if card.served is None:
        lines = _aligned(table_cells(found, wide=width >= WIDE))
    else:
        made = (_aligned(table_cells(found, wide=wide, served=True)) for wide in (True, False))
        lines = next((one for one in made if max(map(len, one)) + _SIGN <= width), _aligned(_dense_rows(found)))
    signs = [" ", *(one.sign for one in found)]
    grades = [None, *(one.grade for one in found)]
    return [(grade, f"{mark} {line}") for grade, mark, line in zip(grades, signs, lines, strict=True)]


def table_cells(found: Sequence[Figure], *, wide: bool = False, served: bool = False) -> list[tuple[str, ...]]:
    """Return the cells of the table, titles first.

    Args:
        wide: True for the full names of the figures.
        served: True for a column with the figures as served.
    """
    tuned = ("adapter alone", "as served") if served else ("tuned",)
    rows: list[tuple[str, ...]] = [
        ("", *tuned, "95 % interval" if wide else "95 % CI", "base", "open book", "target"),
    ]
    for one in found:
        name = f"{one.name} [{one.term}]" if wide else one.short or one.name
        interval = one.interval if wide else one.interval.removesuffix(" %")
        rows.append((name, *(one.tuned, one.served)[: len(tuned)], interval, one.base, one.open_book, one.target))
    return rows


def _dense_rows(found: Sequence[Figure]) -> list[tuple[str, ...]]:
    """Return the cells with both columns for 80 columns: 14/15 for 14 of 15, ≥ 95 % for ↑ ≥ 95 %."""
    _, *rows = table_cells(found, served=True)
    cells = [[re.sub(r"^(\d+) of (\d+)$", r"\1/\2", cell).replace(" → ", "→") for cell in row] for row in rows]
    dense = [(*row[:-1], re.sub(r"^[↑↓] (?=.)", "", row[-1])) for row in cells]
    return [("", "alone", "served", "95 % CI", "base", "book", "target"), *dense]


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip() for row in rows]
