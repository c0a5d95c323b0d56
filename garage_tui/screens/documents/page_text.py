"""The texts of an open document: the sentences of a page, and the facts of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from textual.content import Content

from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import shown, shown_line
from garage_tui.core.proposals.proposal import Proposal
from garage_tui.core.review.owner_edit import OWNER
from garage_tui.core.review.reviewed_document import DocumentRow, Mark, MarkedSentence, ReviewedDocument
from garage_tui.screens.documents.page_view import PageItem

SIGNS: dict[Mark, tuple[str, str, str]] = {
    "proposed": ("◇", "$primary", "proposed"),
    "failing": ("!", "$warning", "failing"),
    "taught": ("●", "$secondary", "taught"),
    "known": ("✓", "$success", "known"),
    "none": ("○", "$muted", "no fact yet"),
    "refused": ("–", "$muted", "refused"),
    "outdated": ("≠", "$error", "outdated"),
    "text": (" ", "", ""),
}
"""Of each mark the sign, its colour and its word: colour alone says nothing."""


def page_items(
    reviewed: ReviewedDocument, page: int, sentences: Sequence[MarkedSentence]
) -> tuple[list[PageItem], list[int]]:
    """Return what a page shows, and for each sentence the index of its item."""
    items: list[PageItem] = []
    places: list[int] = []
    heading = ""
    for sentence in sentences:
        passage = reviewed.passage_at(sentence.start)
        if passage and passage.heading != heading:
            heading = passage.heading
            items.append(PageItem("", "", Content.styled(shown_line(heading, 300), "bold"), False, True))
        sign, style, _ = SIGNS[sentence.mark]
        text = Content(" ".join(shown(sentence.text).split()))
        text = text if sentence.states else text.stylize("$muted")
        places.append(len(items))
        items.append(PageItem(sign, style, text, sentence.states))
    if not sentences:
        items.append(
            PageItem("", "", Content.styled("This document has no text that garage could read.", "$muted"), False)
        )
    return items, places


def page_line(reviewed: ReviewedDocument, page: int) -> str:
    """Return which page is shown: "page 12 of 140"."""
    found = reviewed.pages[page]
    if found.is_outdated:
        return "no longer in the document"
    if found.number:
        return f"page {found.number:,} of {reviewed.document.pages:,}"
    outdated = int(reviewed.pages[0].is_outdated)
    return f"part {page + 1 - outdated:,} of {len(reviewed.pages) - outdated:,}"


def legend(reviewed: ReviewedDocument) -> Content:
    """Return how many sentences have each mark."""
    parts = [
        Content.assemble((f"{sign} ", style), f"{reviewed.counts[mark]:,} {word}")
        for mark, (sign, style, word) in SIGNS.items()
        if word and reviewed.counts[mark]
    ]
    return Content(" · ").join(parts)


class _Line(NamedTuple):
    """A line of the facts, before it is wrapped: further lines of it are indented as its text is."""

    before: Content
    text: Content


def facts_text(
    reviewed: ReviewedDocument, sentence: MarkedSentence | None, chosen: Proposal | None, facts_name: str, width: int
) -> Content:
    """Return the facts of a sentence, the chosen proposal in full.

    Args:
        facts_name: how the facts file is called.
        width: cells of a line.
    """
    if sentence is None:
        lines = [_note("No sentence of this page states something.")]
    elif sentence.outdated:
        lines = _outdated_lines(reviewed, sentence, facts_name)
    else:
        lines = _fact_lines(reviewed, sentence, chosen, facts_name)
    return Content("\n").join(row for line in lines for row in _wrapped(line, width))


def _wrapped(line: _Line, width: int) -> list[Content]:
    indent = line.before.cell_length
    texts = line.text.wrap(max(8, width - indent)) or [Content("")]
    return [line.before + texts[0], *(Content(" " * indent) + text for text in texts[1:])]


def _note(text: str, style: str = "$muted") -> _Line:
    return _Line(Content(""), Content.styled(text, style) if style else Content(text))


def _labelled(label: str, text: str, style: str = "") -> _Line:
    before = Content.styled(f"  {label:<7}" if label else "  ", "$muted")
    text = shown_line(text, 600)
    return _Line(before, Content.styled(text, style) if style else Content(text))


def _fact_lines(
    reviewed: ReviewedDocument, sentence: MarkedSentence, chosen: Proposal | None, facts_name: str
) -> list[_Line]:
    lines: list[_Line] = []
    for proposal in sentence.proposals:
        if lines:
            lines.append(_note(""))
        lines += _proposal_lines(reviewed, proposal, proposal is chosen, facts_name)
    if rows := _row_lines(sentence.rows, facts_name):
        lines += [_note(""), *rows] if lines else rows
    return lines or [_note("No fact yet. w writes one from this sentence.")]


def state_of(proposal: Proposal) -> tuple[str, str, str]:
    """Return sign, colour and words of the state of a proposal."""
    if proposal.state == "accepted":
        return "✓", "$success", "accepted"
    if proposal.state == "refused":
        return "–", "$muted", "refused"
    edited = "changed by you, " if proposal.state == "edited" and proposal.writer != OWNER else ""
    if proposal.passes:
        return "◇", "$primary", f"{edited}passes every check"
    return "!", "$warning", f"{edited}fails {plural(len(proposal.failed), 'check')}"


def _proposal_lines(reviewed: ReviewedDocument, proposal: Proposal, is_chosen: bool, facts_name: str) -> list[_Line]:
    sign, style, state = state_of(proposal)
    statement = Content.styled(shown_line(proposal.statement, 400), "bold" if is_chosen else "$muted")
    lines = [_Line(Content.styled(f"{sign} ", style), statement)]
    if not is_chosen:
        return lines
    lines.append(_labelled("", state, style))
    lines += [_labelled("", f"{check.name}: {check.reason}", "$warning") for check in proposal.failed]
    if proposal.is_open and (rows := reviewed.superseded_by(proposal)):
        numbers = ", ".join(str(row.line) for row in rows)
        lines.append(_labelled("", f"accepting it supersedes line {numbers} of {facts_name}", "$primary"))
    lines += [_labelled("teach", question) for question in proposal.questions]
    lines += [_labelled("exam", proposal.exam_question)] if proposal.exam_question else []
    lines.append(_labelled("answer", proposal.answer))
    must = [part if isinstance(part, str) else " or ".join(part) for part in proposal.must]
    lines += [_labelled("must", ", ".join(must))] if must else []
    lines.append(_labelled("quote", proposal.quote))
    where = f"page {proposal.page}" if proposal.page else reviewed.document.name
    lines.append(_labelled("from", f"{where}, written by {proposal.writer}"))
    return lines


def _row_lines(rows: Sequence[DocumentRow], facts_name: str) -> list[_Line]:
    """Return the rows that came from a sentence, and what became of them."""
    lines: list[_Line] = []
    for statement in dict.fromkeys(row.statement for row in rows):
        mine = [row for row in rows if row.statement == statement]
        numbers = ", ".join(str(row.line) for row in mine)
        lines.append(_note(f"In {facts_name}, {'line' if len(mine) == 1 else 'lines'} {numbers}:"))
        status, reason = mine[0].status, mine[0].reason
        if status:
            text = status + (f": {reason}" if reason else "")
            lines.append(_labelled("", text, "$success" if status == "learned" else "$secondary"))
        lines += [_labelled("exam" if row.exam else "teach", row.question) for row in mine]
        lines.append(_labelled("answer", mine[0].answer))
    return lines


def _outdated_lines(reviewed: ReviewedDocument, sentence: MarkedSentence, facts_name: str) -> list[_Line]:
    """Return the rows that quote what the document no longer says, and what it says now."""
    rows = [_note(""), _note("These rows quote it:")]
    for row in sentence.outdated:
        question, answer = shown_line(row.row.question, 200), shown_line(row.row.answer, 200)
        before = Content.styled(f"{facts_name}, line {row.line}: ", "$muted")
        rows.append(_Line(Content("  "), before + Content(f"{question} → {answer}")))
    found = reviewed.nearest(sentence.text)
    if found is None:
        text = "The document no longer says this, nor anything like it. Change or delete the rows on Facts (f)."
        return [_note(text), *rows]
    page = reviewed.passage_at(found.start)
    where = f" (page {page.page})" if page and page.page else ""
    old, new = difference(sentence.text, found.text)
    lines = [_note(f"The document no longer says this. What is most like it now{where}; Enter goes there:")]
    lines += [_Line(Content.styled("− ", "bold $error"), old), _Line(Content.styled("+ ", "bold $success"), new)]
    if any(reviewed.superseded_by(one) for one in found.open):
        return [*lines, _note("A fact that is proposed there supersedes these rows.", "$primary"), *rows]
    return [*lines, _note("No fact proposed there asks the same: change the rows on Facts (f)."), *rows]


def difference(before: str, now: str) -> tuple[Content, Content]:
    """Return two sentences; the words of each that the other lacks are in brackets and coloured."""
    old, new = shown(before).split(), shown(now).split()
    left: list[Content] = []
    right: list[Content] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for part, style, side in ((old[a:b], "bold $error", left), (new[c:d], "bold $success", right)):
            if part:
                text = " ".join(part)
                side.append(Content(text) if tag == "equal" else Content.styled(f"[{text}]", style))
    return Content(" ").join(left), Content(" ").join(right)
