"""The texts of the list of documents."""

from __future__ import annotations

from textual.content import Content

from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import shown_line
from garage_tui.core.review.document_list import DocumentSummary
from garage_tui.core.review.pass_record import PassProgress
from garage_tui.core.review.read_copy import Standing

STANDINGS: dict[Standing, str] = {
    "changed": "changed on disk since it was read: p reads it again",
    "gone": "no longer on disk: its text is shown as it was read, and its facts stay",
    "cannot be read": "cannot be read on disk: its text is shown as it was read",
}
"""What became of a document, and what to do."""
EMPTY = (
    "No documents yet.\n\nPress o and name a manual, a book or notes: PDF, web page, Word, EPUB, Markdown or text. "
    "It is read, and facts are proposed from it. You accept what is right; the rest stays out of the facts file.\n\n"
    "`garage read FILE --propose` does the same in a shell, also with web addresses and whole folders."
)


def cells(summary: DocumentSummary) -> list[Content]:
    """Return the cells of a document: name, pages, counts, and what it does or is."""
    sign, style = ("✗", "$error") if summary.problem else ("≠", "$warning") if summary.standing else ("", "")
    name = Content.assemble((f"{sign} " if sign else "", style), shown_line(summary.name, 300))
    return [
        name,
        Content(f"{summary.pages:,}" if summary.pages else ""),
        Content(f"{summary.accepted:,}"),
        Content.styled(f"{summary.passing:,}", "$primary") if summary.passing else Content("0"),
        Content(f"{summary.failing:,}"),
        Content(f"{summary.refused:,}"),
        Content(f"{summary.waiting:,}"),
        Content.styled(state_text(summary, brief=True), "$warning" if summary.standing else "$muted"),
    ]


def state_text(summary: DocumentSummary, *, brief: bool = False) -> str:
    """Return what a document does now, or what is to be known of it."""
    if summary.problem:
        return summary.problem
    progress, standing = summary.progress, summary.standing
    if summary.is_at_work and progress:
        return progress_text(progress)
    if standing:
        return standing if brief else STANDINGS[standing]
    return "" if progress is None else progress_text(progress)


def progress_text(progress: PassProgress) -> str:
    """Return how far a pass is: "page 12 of 140, 31 facts"."""
    facts = plural(progress.facts, "fact")
    if progress.phase == "failed":
        return f"failed: {progress.reason}"
    if progress.phase == "done":
        return f"read; {facts} proposed"
    where = f"page {progress.page:,} of {progress.pages:,}"
    if progress.phase == "reading":
        return f"reading {where}" if progress.pages else "reading"
    if not progress.pages or not progress.page:
        where = f"passage {progress.done:,} of {progress.total:,}" if progress.total else "reading"
    if progress.phase == "stopped":
        return f"paused at {where}, {facts}: p goes on" if progress.total else "paused: p goes on"
    return f"{where}, {facts}"


def details(summary: DocumentSummary) -> list[Content]:
    """Return what is known of the chosen document, in lines."""
    lines = [Content(state_text(summary) or "read")]
    if summary.standing and not summary.is_at_work and summary.progress:
        lines.append(Content.styled(progress_text(summary.progress), "$muted"))
    if summary.progress and summary.progress.writer:
        lines.append(Content.styled(f"proposed by {shown_line(summary.progress.writer, 100)}", "$muted"))
    counts = [f"{summary.accepted:,} accepted", f"{summary.passing:,} pass every check and wait for you"]
    counts += [f"{summary.failing:,} fail a check", f"{summary.refused:,} refused"]
    lines.append(Content(" · ".join(counts)))
    lines.append(Content.styled(f"{plural(summary.waiting, 'sentence')} without a fact yet", "$muted"))
    return lines
