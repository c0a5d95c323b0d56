"""The dialog that shows a row as the model sees it: its tokens with the chat template, the learned ones marked."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import model_label
from garage_tui.core.base.sanitize import plain
from garage_tui.core.facts.line import Fact
from garage_tui.core.training import token_preview
from garage_tui.core.training.token_preview import Token
from garage_tui.widgets.dialog import Dialog
from garage_tui.widgets.key_bar import KeyBar


class TokenDialog(Dialog[None]):
    """The exact tokens of one row.

    Args:
        fact: the row.
        base: the base model whose tokenizer and chat template are asked.
        limit: tokens after which a row is cut off (the recipe's max_length).
    """

    HELP_PAGE = "guide/facts.md"
    HELP = (
        "The row as the model sees it, cut into tokens: the pieces of words that it reads and writes.\n\n"
        "Only the tokens of the answer are learned; those of the question and of the chat template are only read. "
        "A row with more tokens than max_length allows is cut off at its end."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,v", "close", "Close", key_display="Esc"),
    ]

    def __init__(self, fact: Fact, base: str, limit: int) -> None:
        super().__init__()
        self._fact, self._base, self._limit = fact, base, limit

    def compose(self) -> ComposeResult:
        with Vertical(classes="box form") as box:
            box.border_title = Content(f"What {model_label(self._base)} sees")
            yield Static(Content("running its tokenizer …"), id="tokens-summary", classes="text")
            with VerticalScroll():
                yield Static(id="tokens-text")
            yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._ask()

    @work(exclusive=True)
    async def _ask(self) -> None:
        summary_panel, text = self.query_one("#tokens-summary", Static), self.query_one("#tokens-text", Static)
        try:
            [found] = await asyncio.to_thread(token_preview.tokenize_rows, self._base, [self._fact])
            special = await asyncio.to_thread(token_preview.special_in, self._base, self._fact)
        except GarageError as error:
            summary_panel.update(Content.styled(plain(str(error)), "$error"))
            return
        summary_panel.update(summary(found, self._limit, self._fact.exam, special))
        text.update(marked_tokens(found, self._limit))

    def action_close(self) -> None:
        self.dismiss(None)


def summary(found: list[Token], limit: int, exam: bool, special: str = "") -> Content:
    """Return how many tokens there are, and how many are learned.

    Args:
        special: a sentence about special tokens that the row spells out.
    """
    learned = sum(token.learned for token in found[:limit])
    parts = [Content(f"{len(found)} tokens, {learned} of them learned (underlined). ")]
    if exam:
        parts = [
            Content(f"{len(found)} tokens. "),
            Content.styled("An exam question: none of it is learned.", "$warning"),
        ]
    elif not learned:
        parts.append(Content.styled("Nothing is learned from this row: its whole answer is cut off.", "$error"))
    elif len(found) > limit:
        cut = len(found) - limit
        parts.append(Content.styled(f"The last {cut} are cut off (max_length {limit}).", "$error"))
    if special:
        parts.append(Content.styled(f"{plain(special)}. ", "$warning"))
    parts.append(Content.styled("The others are only read. | separates tokens, ⏎ is a line break.", "$muted"))
    return Content("").join(parts)


def marked_tokens(found: list[Token], limit: int) -> Content:
    """Return the tokens one after the other, with their borders."""
    parts: list[Content] = []
    for at, token in enumerate(found):
        text = plain(token.text.replace("\r", "␍")).replace("\n", "⏎\n").replace("\t", "⇥")
        style = "$error strike" if at >= limit else "$success underline" if token.learned else "$muted"
        parts += [Content.styled(text, style), Content.styled("|", "$line")]
    return Content("").join(parts)
