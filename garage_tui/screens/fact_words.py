"""A row of a facts file in words: its cells in the table, and all of it for the details."""

from __future__ import annotations

import json
from collections.abc import Sequence

from textual.content import Content

from garage_tui.core.facts import FactsFile
from garage_tui.core.text import one_line, plain
from garage_tui.screens.facts_store import FactsStore


def counts(file: FactsFile) -> str:
    """Return what the file holds, in one line."""
    facts, exam, problems = len(file.facts), len(file.facts) - len(file.training), len(file.problems)
    words = [f"{facts} fact{'s' if facts != 1 else ''}"]
    if exam:
        words.append(f"{exam} exam")
    words.append(f"{problems} problem{'s' if problems != 1 else ''}" if problems else "no problems")
    return " · ".join(words)


def cells(store: FactsStore, row: int) -> Sequence[Content]:
    """Return line number with its sign, question and answer of a row."""
    line, problems = store.line(row), store.problems(row)
    number = str(store.number(row))
    if line.fact is None:
        raw = Content.styled(_raw(line.raw[:400]), "$muted")
        words = one_line(problems[0].text) if problems else "holds no fact"
        return _numbered("✗", "bold $error", number), raw, Content.styled(words, "$error")
    question = Content(one_line(line.fact.question))
    if line.fact.exam:
        question = Content.assemble(("exam ", "$secondary"), question)
    return _numbered("!" if problems else "", "bold $warning", number), question, Content(one_line(line.fact.answer))


def _numbered(sign: str, style: str, number: str) -> Content:
    return Content.assemble((f"{sign} " if sign else "", style), (number, "$muted"))


def details(store: FactsStore, row: int) -> Content:
    """Return the whole row: question, answer, what is wrong with it, and its other keys."""
    line = store.line(row)
    notes = [
        Content.styled(f"{'✗' if problem.error else '!'} {one_line(problem.text, 400)}", "$warning")
        for problem in store.problems(row)
    ]
    if line.fact is None:
        what = Content.styled("Kept as it is, and not taught. Mend it in an editor, or delete it with d.", "$muted")
        return Content("\n").join([*notes, what, Content(""), Content(_raw(line.raw[:4000], 2000))])
    parts = [Content.styled(plain(line.fact.question), "bold"), Content(plain(line.fact.answer)), *notes]
    if line.fact.exam:
        parts.append(Content.styled("exam: never taught, kept to ask later", "$secondary"))
    for key, value in line.fact.extra.items():
        if key != "exam":
            words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            parts.append(Content.styled(f"{one_line(key, 40)}: {one_line(words, 400)}", "$muted"))
    return Content("\n").join(parts)


def _raw(line: bytes, limit: int = 200) -> str:
    return one_line(line.decode(errors="replace"), limit)
