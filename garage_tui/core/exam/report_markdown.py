"""A report card as a Markdown document: verdict, figures, notes, remedies and every question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from garage_tui.core.base.format import duration, model_label
from garage_tui.core.exam import diffusion_report
from garage_tui.core.exam.diffusion_report import DiffusionReport
from garage_tui.core.exam.report import ExamQuestion, Report
from garage_tui.core.exam.report_table import figures, table_cells
from garage_tui.core.exam.report_text import (
    answers,
    examined_text,
    grade_of,
    part_text,
    result_text,
    served_text,
    verdict_text,
)
from garage_tui.core.runs.grades import SIGNS

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|]|~~+)")
_LIST_START = re.compile(r"^(\d+)([.)])(?=\s|$)|^([-+=])(?=\s|$)")
"""What begins a list or a heading at the start of a line."""


def markdown(card: Report, remedies: Sequence[str] = ()) -> str:
    """Return a card, whose texts are sanitised (`report_text.read_clean`), as a Markdown document.

    Args:
        remedies: what to do about it, as sentences.
    """
    found = figures(card)
    (_, *columns), *cells = table_cells(found, wide=True, served=card.served is not None)
    titles = ("", "figure", *columns)
    rows = [(one.sign.strip(), *own) for one, own in zip(found, cells, strict=True)]
    parts = [
        f"# Report card of {_escaped(card.run)}",
        f"**{SIGNS[grade_of(card)]} {_escaped(card.verdict)}**",
        f"{result_text(card)}",
        f"Base model {_escaped(model_label(card.base_model))}, {examined_text(card)}.",
        "\n".join([_row(titles), _row(["---"] * len(titles)), *(_row(map(_escaped, row)) for row in rows)]),
    ]
    if served := served_text(card):
        parts.append(_escaped(served))
    if card.notes:
        parts += ["## Notes", _list(map(_escaped, card.notes))]
    if remedies:
        parts += ["## What to do", _list(map(_escaped, remedies))]
    parts.append("## Questions, the worst first")
    parts += [_question(number, one) for number, one in enumerate(card.questions, 1)]
    return "\n\n".join(parts) + "\n"


def diffusion_markdown(run: str, card: DiffusionReport, remedies: Sequence[str] = ()) -> str:
    """Return the card of a diffusion run, whose texts are sanitised, as a Markdown document.

    Args:
        remedies: what to do about it, as sentences.
    """
    titles = ("", "figure", "value", "target", "meaning")
    rows = [
        (one.sign.strip(), one.name, one.value, one.target, one.explanation) for one in diffusion_report.figures(card)
    ]
    parts = [
        f"# Report card of {_escaped(run)}",
        f"**{SIGNS[diffusion_report.grade_of(card)]} {_escaped(card.verdict)}**",
        diffusion_report.result_text(card),
        _escaped(f"{card.source}: {diffusion_report.drawn_text(card)}, in {duration(card.seconds)}."),
        "\n".join([_row(titles), _row(["---"] * len(titles)), *(_row(map(_escaped, row)) for row in rows)]),
    ]
    if remedies:
        parts += ["## What to do", _list(map(_escaped, remedies))]
    return "\n\n".join(parts) + "\n"


def _question(number: int, one: ExamQuestion) -> str:
    drift = "" if one.drift is None else f" · drift {one.drift:.2g}"
    lines = [f"{verdict_text(one)} · {part_text(one)}{drift}", *(f"{name}: {text}" for name, text in answers(one))]
    return f"### {number}. {_escaped(one.question)}\n\n{_list(map(_escaped, lines))}"


def _escaped(text: str) -> str:
    text = _SPECIAL.sub(r"\\\1", text)
    return _LIST_START.sub(lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", text)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"* {item}" for item in items)
