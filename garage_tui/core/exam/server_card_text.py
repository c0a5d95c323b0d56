"""A server's report card as text, beside the run's own."""

from __future__ import annotations

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.exam.judgement import measured
from garage_tui.core.exam.report import Count, Report
from garage_tui.core.exam.report_text import BAD
from garage_tui.core.exam.server_card import SYSTEM_PROMPTS, PromptCard, ServerAnswer, ServerCard
from garage_tui.core.runs.grades import SIGNS, Grade

_TITLES = {one.name: one.title for one in SYSTEM_PROMPTS}
_NONE = "none asked"


def table(own: Report, card: ServerCard) -> list[str]:
    """Return the lines of the figures, one column for the run's own card and one for each system prompt."""
    found = measured(own)
    columns = [
        _column("own card", found.grade, found.facts, own.efficacy.tuned, own.generalisation.tuned, own.leak,
                own.neighbours),
        *(_column(_TITLES[one.prompt], one.grade, one.facts, one.trained, one.unseen, one.leak, one.neighbours)
          for one in card.prompts),
    ]  # fmt: skip
    names = ["", "targets", "facts learned", "trained questions", "unseen paraphrases", "unrelated answers affected",
             "similar names kept apart"]  # fmt: skip
    rows = [[name, *(column[at] for column in columns)] for at, name in enumerate(names)]
    sizes = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip() for row in rows]


def lost(card: PromptCard) -> list[ServerAnswer]:
    """Return the answers that went wrong here and not on the run's own card."""
    return [one for one in card.questions if one.verdict in BAD and one.own not in BAD]


def sentences(own: Report, card: ServerCard) -> list[str]:
    """Return in sentences what differs between the run's own card and the server's, one for each system prompt."""
    found = []
    for one in card.prompts:
        title = _TITLES[one.prompt]
        if one.refused:
            found.append(f"The server takes no system prompt ({title}): {one_line(one.refused, 200)}")
        elif one.kept and one.kept.hits < one.kept.of:
            found.append(f"With {title} {one.kept.hits} of the {one.kept.of} facts that the run had learned are left.")
        elif one.leak and one.leak.hits > own.leak.hits:
            found.append(
                f"With {title} {one.leak.text} unrelated answers contain taught facts ({own.leak.hits} before)."
            )
    return found or ["The server answers as well as the run's own card says."]


def _column(title: str, grade: Grade, *counts: Count | None) -> list[str]:
    cells = ["–" if one is None else one.text if one.of else _NONE for one in counts]
    return [title, SIGNS[grade], *cells]
