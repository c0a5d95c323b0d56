"""The texts of the Facts screen: the cells of a row, its details, the counts of a file, conflicting rows."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import decoded, one_line, shown, shown_line
from garage_tui.core.documents.row_origin import PASSAGE, read_origin
from garage_tui.core.facts.coverage import GAP_TEXTS, FactGroup, Gap
from garage_tui.core.facts.editable_rows import EditableRows
from garage_tui.core.facts.filter import ROW_KINDS, Filter
from garage_tui.core.facts.line import Line
from garage_tui.core.facts.must_text import must_to_text
from garage_tui.core.facts.row_problems import problems as problems_of

if TYPE_CHECKING:
    from garage_tui.core.school.ledger import LedgerEntry

_MAX_VARIANTS = 12
STATUS_STYLES = {"learned": "$success", "waiting": "$warning", "failed": "$error"}
"""The colours of what became of a fact, beside its sign and its word."""


def counts(document: EditableRows, shown: int, row_filter: Filter, unsaved: int) -> str:
    """Return what the file holds, in one line: rows, the facts that they state, exam questions, problems."""
    coverage = document.coverage
    problems = coverage.errors + coverage.warnings + document.background_problems
    parts = [plural(coverage.rows + coverage.statements, "row"), plural(coverage.facts, "fact")]
    if row_filter:
        parts.insert(0, f"{shown:,} shown" + (f" ({ROW_KINDS[row_filter.only].lower()})" if row_filter.only else ""))
    if coverage.exams:
        parts.append(f"{coverage.exams:,} exam")
    if coverage.statements:
        parts.append(f"{coverage.statements:,} without a question")
    ready = "ready to teach"
    if coverage.taught_facts < coverage.facts:
        ready += f": {coverage.taught_facts:,} of {plural(coverage.facts, 'fact')}"
    state = ready if coverage.taught_facts else "no fact to teach yet" if coverage.facts else "no problems"
    parts.append(plural(problems, "problem") if problems else state)
    if unsaved:
        parts.append("not saved")
    return " · ".join(parts)


def cells(document: EditableRows, position: int, *, written_out: bool = True) -> Sequence[Content]:
    """Return line number with its sign, question, answer and coverage of a row.

    Args:
        written_out: False says the coverage with a sign or a number alone.
    """
    line = document.lines[position]
    number = str(position + 1)
    if line.fact is None:
        raw = Content.styled(_raw(line.raw[:400]), "$muted")
        problem = one_line(line.complaints[0].text) if line.complaints else "has no row"
        return _numbered("✗", "bold $error", number), raw, Content.styled(problem, "$error"), Content()
    question = Content(shown_line(line.fact.question))
    if line.fact.is_statement:
        question = Content.styled("needs a question", "$warning italic")
    elif line.fact.exam:
        question = Content.assemble(("exam ", "$secondary"), question)
    group = document.coverage.group(line)
    return (
        _numbered("!" if document.has_problem(line) else "", "bold $warning", number),
        question,
        Content(shown_line(line.fact.answer)),
        _covered(document, group, written_out) if group else Content(),
    )


def _covered(document: EditableRows, group: FactGroup, written_out: bool) -> Content:
    """Return what a fact still lacks; of one that only lacks an exam question, quietly, how many questions teach it."""
    exams = [line for line in group.lines if line.fact and line.fact.exam]
    if group.gaps in ((), ("untaught",)) and exams and all(id(line) in document.near_duplicates for line in exams):
        return Content.styled("exam too alike" if written_out else "!", "$warning")
    taught = len(group.questions)
    gap = group.gaps[0] if group.gaps else None
    style = _gap_style(gap)
    if gap is None:
        rest = plural(taught, "question") if written_out else ""
        return Content.assemble(("✓ ", "$success"), (rest, style)) if rest else Content.styled("✓", "$success")
    if written_out:
        return Content.styled(GAP_TEXTS[gap][0], style)
    return Content.styled(str(taught) if gap in ("exam", "questions") else "!", style)


def _gap_style(gap: Gap | None) -> str:
    """Return the style of a gap: a fact without an exam question can be taught as well as any other."""
    return "$muted" if gap in (None, "exam") else "$warning"


def _numbered(sign: str, style: str, number: str) -> Content:
    return Content.assemble((f"{sign} " if sign else "", style), (number, "$muted"))


def details(document: EditableRows, line: Line, entry: LedgerEntry | None = None) -> Content:
    """Return the whole row: question, answer, what is wrong with it, its fact's other rows, and its other keys.

    Args:
        entry: what the ledger says of its fact; None where that is not known.
    """
    notes = [
        Content.styled(f"{'✗' if problem.error else '!'} {one_line(problem.text, 400)}", "$warning")
        for problem in problems_of(document, line)
    ]
    if line.fact is None:
        what = Content.styled(
            "This line is kept as it is, and not taught. Fix it with E, or delete it with d.", "$muted"
        )
        return Content("\n").join([*notes, what, Content(""), Content(_raw(line.raw[:4000], 2000))])
    parts = [*notes]  # first, since an answer may be longer than the panel
    parts += [Content.styled(shown(line.fact.question), "bold")] if line.fact.question else []
    parts.append(Content(shown(line.fact.answer)))
    if line.fact.exam:
        parts.append(Content.styled("exam: never taught, asked afterwards", "$secondary"))
    parts += [_status(entry)] if entry else []
    if origin := read_origin(line.fact.extra):
        parts.append(Content.styled(origin.text, "$muted"))
    if group := document.coverage.group(line):
        parts += [
            Content.assemble((f"{GAP_TEXTS[gap][0]}. ", _gap_style(gap)), (GAP_TEXTS[gap][1], "$muted"))
            for gap in group.gaps
        ]
        parts += _variants(group, line)
    for key, value in line.fact.extra.items():
        if not (key == PASSAGE and origin) and key != "exam" and not (key == "fact" and line.fact.is_statement):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            text = must_to_text(value) if key == "must" else text
            parts.append(Content.styled(f"{shown_line(key, 40)}: {shown_line(text, 400)}", "$muted"))
    return Content("\n").join(parts)


def _status(entry: LedgerEntry) -> Content:
    """Return what became of the fact in a sentence: learned by which run, or why not."""
    from garage_tui.core.school.ledger_text import SIGNS, describe_entry  # noqa: PLC0415 (not needed for the first paint)

    more = describe_entry(entry, time.time())
    by_run = more.startswith("by ")
    word = f"{SIGNS[entry.status]} {entry.status}{'' if by_run or not more else ':'}"
    return Content.assemble((word, STATUS_STYLES.get(entry.status, "$muted")), (f" {shown_line(more, 400)}", "$muted"))


def _variants(group: FactGroup, line: Line) -> list[Content]:
    """Return the other questions of the fact, one below the other after "also asked as:"."""
    others = [other.fact for other in group.lines if other is not line and other.fact and other.fact.question]
    texts = [f"{'exam ' if fact.exam else ''}{shown_line(fact.question, 150)}" for fact in others[:_MAX_VARIANTS]]
    if len(others) > _MAX_VARIANTS:
        texts.append(f"and {len(others) - _MAX_VARIANTS:,} more questions")
    label = "also asked as: "
    return [Content.assemble((" " * len(label) if row else label, "$muted"), text) for row, text in enumerate(texts)]


def clashes(found: Sequence[tuple[Sequence[Line], Sequence[Line]]]) -> str:
    """Return the conflicting rows of both sides as text: the first two conflicts, and how many more there are."""
    parts = []
    for mine, on_disk in found[:2]:
        for whose, lines in (("On disk", on_disk), ("Mine", mine)):
            rows = [_raw(line.raw) if line.fact is None else _in_one_line(line) for line in lines[:3]]
            rows += [f"and {plural(len(lines) - 3, 'more row')}"] if len(lines) > 3 else []
            parts.append(f"{whose}: " + ("\n  ".join(rows) or "deleted"))
        parts.append("")
    if len(found) > 2:
        parts += [f"And {plural(len(found) - 2, 'more conflict')} in the file.", ""]
    return "\n".join(parts[:-1])


def _in_one_line(line: Line) -> str:
    assert line.fact
    return " → ".join(shown_line(text, 120) for text in (line.fact.question, line.fact.answer) if text)


def _raw(line: bytes, limit: int = 200) -> str:
    return shown_line(decoded(line), limit)
