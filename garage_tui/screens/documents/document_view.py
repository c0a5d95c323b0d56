"""How the open document is shown: its page, the facts of the chosen sentence, and the counts above them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from garage_tui.core.base.sanitize import shown_line
from garage_tui.screens.documents import list_text, page_text
from garage_tui.screens.documents.page_view import PageView
from garage_tui.widgets.fitted_text import FittedText

if TYPE_CHECKING:
    from garage_tui.core.review.document_list import DocumentSummary
    from garage_tui.screens.documents.open_document import OpenDocument


class DocumentView:
    """Shows the open document as it is in memory.

    Args:
        parent: the widget that holds page, facts and state.
    """

    def __init__(self, parent: Widget, document: OpenDocument) -> None:
        self._parent, self._document = parent, document

    def show(self, summary: DocumentSummary | None) -> list[int]:
        """Show everything; return for each sentence the index of its item on the page.

        Args:
            summary: of the document; None where nothing is known yet.
        """
        parent, document = self._parent, self._document
        page, text = parent.query_one(PageView), parent.query_one(FittedText)
        reviewed = document.reviewed
        page.border_title = Content(shown_line(document.name, 60))
        self.show_state(summary)
        if reviewed is None:
            page.show_items((), -1)
            page.border_subtitle = "reading …"
            text.fit(lambda width: Content())
            return []
        items, places = page_text.page_items(reviewed, document.page, document.sentences)
        page.show_items(items, places[document.at] if document.at >= 0 else -1)
        page.border_subtitle = page_text.page_line(reviewed, document.page)
        sentence, facts = document.sentence, parent.query_one("#documents-facts", VerticalScroll)
        count = len(sentence.proposals) if sentence else 0
        facts.border_title = Content(f"Fact {min(document.fact, count - 1) + 1} of {count}" if count > 1 else "Fact")
        facts.border_subtitle = Content(page_text.SIGNS[sentence.mark][2] if sentence else "")
        chosen, name = document.proposal, document.facts_file.name
        text.fit(lambda width: page_text.facts_text(reviewed, sentence, chosen, name, width))
        facts.scroll_home(animate=False)
        return places

    def show_state(self, summary: DocumentSummary | None) -> None:
        """Show what the document does or is, and how many sentences have each mark, above the page."""
        lines: list[Content] = []
        reviewed = self._document.reviewed
        if summary:
            is_done = summary.progress is None or summary.progress.phase == "done"
            lines += [] if is_done and not summary.standing else [Content(list_text.state_text(summary))]
        if reviewed and reviewed.problem:
            lines.append(Content.styled(reviewed.problem, "$error"))
        if reviewed:
            lines.append(page_text.legend(reviewed).stylize_before("$foreground"))
        self._parent.query_one("#documents-state", Static).update(Content("\n").join(lines))
