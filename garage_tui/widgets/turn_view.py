"""One turn of a conversation as a column shows it: the question, the answer as Markdown, and what is said about it."""

from __future__ import annotations

import time

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from garage_tui.core.base.sanitize import shown
from garage_tui.widgets.markdown_text import MarkdownText, end_of_complete_blocks

_UNKNOWN_WIDTH = 80
"""Columns of text to wrap to until the first layout."""
_LONGEST_PART = 4000
"""Characters of an answer that are painted anew each time; what is before them is painted once."""

MAX_QUESTION = 2000
"""Characters of a question that are shown: a pasted book would be wrapped anew at each repaint, in every column."""


class TurnView(Vertical):
    """One turn in the column of one model: question, answer so far, footer.

    The answer is painted as Markdown; Textual's markup, escape sequences and HTML in it stay text. A long answer is
    painted in parts, so that each repaint costs the same however much has arrived.

    Args:
        question: what was asked.
        skipped: True if this model was not asked.
        streaming: True if the answer is still to come.
    """

    def __init__(self, question: str, *, skipped: bool = False, streaming: bool = True) -> None:
        super().__init__(classes="turn")
        self.question, self.skipped = question, skipped
        self.answer = ""
        self.streaming = streaming and not skipped
        """True while the answer is still coming."""
        self.context = ""
        """What was put into the prompt besides the question, in words."""
        self.footer = "not asked" if skipped else ""
        """Statistics of the answer, or why it is incomplete."""
        self.failed = False
        """True if `footer` is an error."""
        self.warning = ""
        """What the reader should know about this answer."""
        self._chosen = False
        self._started_at = time.monotonic()
        self._head, self._tail = Static(), Static()
        self._parts: list[tuple[str, Static]] = []
        """The parts of the answer that are complete, each with its text."""
        self._parts_end = 0
        self._parts_width = 0
        self._markdown = MarkdownText()
        self._painted: object = None
        self._painted_context = ""

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._tail

    def on_mount(self) -> None:
        self._head.update(self._head_text())
        self.repaint()

    def on_resize(self) -> None:
        self.repaint()

    @property
    def _width(self) -> int:
        """Columns of text; before the first layout those of the conversation."""
        if self.content_size.width:
            return self.content_size.width
        parent = self.parent
        return (parent.scrollable_content_region.width if isinstance(parent, Widget) else 0) or _UNKNOWN_WIDTH

    def feed(self, text: str) -> None:
        """Append to the answer; the next repaint shows it."""
        self.answer += text

    def show_context(self, text: str) -> None:
        """Show below the question what was put into the prompt besides it."""
        self.context = text
        self.repaint()

    def finish(self, footer: str, failed: bool = False) -> None:
        """End the answer; `footer` has its statistics, or says why it is incomplete."""
        self.streaming, self.footer, self.failed = False, footer, failed
        self.repaint()

    def show_warning(self, text: str) -> None:
        """Show below the answer what the reader should know about it."""
        self.warning = text
        self.repaint()

    def set_chosen(self, chosen: bool) -> None:
        """Mark the turn as the one that keys act on, or remove the mark."""
        if chosen == self._chosen:
            return
        self._chosen = chosen
        self.set_class(chosen, "-chosen")
        self._head.update(self._head_text(), layout=False)  # the mark is as wide as the one before

    def repaint(self) -> None:
        """Update the text if anything has changed since the last time."""
        if not self.is_mounted:
            return
        footer = self.footer
        if self.streaming and not self.answer:
            footer = f"waiting · {time.monotonic() - self._started_at:.0f} s"
        width = self._width
        state = (len(self.answer), self.context, footer, self.warning, width)
        if state == self._painted:
            return
        self._painted = state
        if self.context != self._painted_context:
            self._painted_context = self.context
            self._head.update(self._head_text())
        self._paint_parts(width)
        answer = self._markdown.render(shown(self.answer[self._parts_end :].rstrip()), width)
        parts = [Content()] * bool(self._parts and answer) + [answer] * bool(answer)
        if footer:
            failed = self.failed
            parts.append(Content.styled(f"✗ {footer}" if failed else footer, "$error" if failed else "$muted"))
        if self.warning:
            parts.append(Content.styled(f"! {self.warning}", "$warning"))
        self._tail.display = bool(parts)
        self._tail.update(Content("\n").join(parts))

    def _head_text(self) -> Content:
        question = Content.assemble(
            ("▸ " if self._chosen else "› ", "bold $primary"), (_beginning(self.question), "bold")
        )
        return Content("\n").join([question, Content.styled(self.context, "$muted")]) if self.context else question

    def _paint_parts(self, width: int) -> None:
        """Paint what is complete of a long answer: once, or again if the width has changed."""
        if width != self._parts_width:
            self._parts_width = width
            for at, (text, part) in enumerate(self._parts):
                part.update(self._part_text(text, width, at))
        while len(self.answer) - self._parts_end > _LONGEST_PART:
            # Sanitised as a whole: marks that came one by one may be a flood.
            text = self.answer[self._parts_end : self._parts_end + 2 * _LONGEST_PART]
            end = end_of_complete_blocks(text)
            if not end and len(text) < 2 * _LONGEST_PART:
                return
            # Of a paragraph without an end, a part ends with a line or at least with a word.
            end = end or text.rfind("\n") + 1 or text.rfind(" ") + 1 or len(text)
            part = Static(self._part_text(text[:end], width, len(self._parts)))
            self._parts.append((text[:end], part))
            self._parts_end += end
            self._markdown = MarkdownText()
            self.mount(part, before=self._tail)

    @staticmethod
    def _part_text(text: str, width: int, at: int) -> Content:
        gap = [Content()] if at else []
        return Content("\n").join([*gap, MarkdownText().render(shown(text.rstrip()), width)])


def _beginning(question: str) -> str:
    """Return what is shown of a question: all of it, or its beginning."""
    more = len(question) - MAX_QUESTION
    return question if more <= 0 else f"{question[:MAX_QUESTION]} … and {more:,} more characters"
