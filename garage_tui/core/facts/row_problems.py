"""What is wrong with the rows of an open facts file, each by itself and compared with the others, as sentences."""

from __future__ import annotations

from garage_tui.core.base.format import plural
from garage_tui.core.facts.contradictions import clash_text
from garage_tui.core.facts.editable_rows import EditableRows
from garage_tui.core.facts.line import Complaint, Line


def problems(document: EditableRows, line: Line) -> list[Complaint]:
    """Return what is wrong with a row, by itself and compared with the others."""
    found = list(line.complaints)
    clashing = [(document.find(other) or 0, what) for other, what in document.coverage.clashing(line)[:5]]
    found += [Complaint(clash_text(what, position + 1), error=False) for position, what in sorted(clashing)]
    found += [Complaint(document.truncated[id(line)], error=False)] if id(line) in document.truncated else []
    taught = sorted((document.find(other) or 0) + 1 for other in document.near_duplicates.get(id(line), ())[:3])
    text = "a near duplicate of line {}, which is taught, so it proves nothing: ask it in other words"
    return found + [Complaint(text.format(number), error=False) for number in taught]


def first_problem(document: EditableRows) -> str:
    """Return the first problem of a file, errors before warnings; empty without one. It looks at every row."""
    lines, count = document.lines, document.coverage.errors + document.coverage.warnings
    if not count:
        return ""
    wrong = next((at for at, line in enumerate(lines) if any(one.error for one in line.complaints)), None)
    if wrong is None:
        wrong = next((at for at, line in enumerate(lines) if problems(document, line)), None)
    if wrong is None:
        return ""
    first = min(problems(document, lines[wrong]), key=lambda problem: not problem.error)
    others = f" · {plural(count - 1, 'more problem')}: f shows them" if count > 1 else ""
    return f"line {wrong + 1}: {first.text}{others}"
