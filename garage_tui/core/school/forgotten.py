"""What a night would take from the people who ask: facts of the run in service that the new run was not taught.

A fact that its owner has deleted or changed should go. One that is missing for another reason must not: its line cannot
be read, it was added after the night began, or the run in service was taught another facts file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.facts.file import FactsFile
from garage_tui.core.facts.line import Fact
from garage_tui.core.language.fold import fold
from garage_tui.core.runs.record import Run
from garage_tui.core.school.exam_results import taught_facts
from garage_tui.core.school.gate import Refusal

_SHOWN = 120
"""Most characters of a fact in a reason."""


def is_of_file(run: Run, file: Path) -> bool:
    """Return whether a run was taught this facts file, as far as one can know: the file may have been moved."""
    path = Path(str(run.manifest.dataset.get("path") or "")) if run.manifest else Path()
    return not path.is_absolute() or not path.exists() or path.resolve() == file.resolve()


def taught_by(run: Run | None) -> dict[str, list[Fact]]:
    """Return the rows that a run was taught, by the folded content of their fact; none for the base model (None)."""
    return taught_facts(run.path) if run else {}


def missing_facts(taught: Collection[str], before: Mapping[str, list[Fact]]) -> dict[str, list[Fact]]:
    """Return the facts that the run in service was taught, and that another run was not.

    Args:
        taught: folded contents of the facts that the other run was taught.
        before: as `taught_by` returns it.
    """
    return {key: rows for key, rows in before.items() if key not in taught}


def why_kept(file: FactsFile, missing: Mapping[str, Sequence[Fact]], served: Run | None) -> Refusal | None:
    """Return why a run without these facts must not replace the one in service; None if their owner removed them.

    Args:
        file: the facts file as it is now.
        missing: as `missing_facts` returns it.
    """
    if not missing or served is None:
        return None
    contents = {key: rows[0].content for key, rows in missing.items()}
    if not is_of_file(served, file.path):
        return Refusal(
            f"it would forget {_named([*contents.values()])}, which {served.id} was taught from another file",
            "Put all facts into one file, or put the base model in service first: garage back --base.",
        )
    there = {fold(line.fact.content) for line in file.lines if line.fact and not line.fact.exam}
    if kept := [content for key, content in contents.items() if key in there]:
        return Refusal(
            f"it would forget {_named(kept)}, which the facts file has and the run was not taught",
            "If no row asks for the fact, add a question. The next night teaches the file as it is then.",
        )
    if found := _on_bad_line(file, missing):
        number, content = found
        return Refusal(
            f"it would forget {_named([content])}: line {number} of the facts file seems to hold it, and is no row",
            "Mend that line or delete it; garage facts check FILE says what is wrong.",
        )
    return None


def _named(contents: Sequence[str]) -> str:
    more = f" and {len(contents) - 1} more" if len(contents) > 1 else ""
    return f"“{one_line(contents[0], _SHOWN)}”{more}"


def _on_bad_line(file: FactsFile, missing: Mapping[str, Sequence[Fact]]) -> tuple[int, str] | None:
    """Return the first line that is no row and that seems to be a missing fact's, with the fact."""
    for number, line in enumerate(file.lines, 1):
        if line.fact or not any(one.error for one in line.complaints):
            continue
        line_tokens = _tokens(line.raw.decode(errors="ignore"))
        for rows in missing.values():
            if any(_is_mostly_in(row, line_tokens) for row in rows):
                return number, rows[0].content
    return None


def _is_mostly_in(row: Fact, tokens: set[str]) -> bool:
    """Return whether more than half of the words of a question, or of its answer, are among those of a line."""
    return any(2 * len(part & tokens) > len(part) for part in (_tokens(row.question), _tokens(row.answer)))


def _tokens(text: str) -> set[str]:
    return set(re.findall(r"\w+", fold(text)))
