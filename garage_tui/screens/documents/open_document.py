"""The open document: what was read of it, and where the cursor is; read again in a thread whenever the disk differs."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from garage_tui.core.base.errors import GarageError
from garage_tui.core.proposals.proposal import Proposal
from garage_tui.core.review.document_reader import DocumentReader
from garage_tui.core.review.reviewed_document import MarkedSentence, ReviewedDocument

if TYPE_CHECKING:
    from garage_tui.screens.documents.host import DocumentsHost


class OpenDocument:
    """One document with the cursor on a sentence of it, and on one of the facts of this sentence."""

    def __init__(self, host: DocumentsHost) -> None:
        self._host = host
        self._reader = DocumentReader(host.workspace, host.settings)
        self._guard = asyncio.Lock()  # the reader is for one thread at a time
        self._stamp: object = None
        self._start: int | None = None
        self._quote = ""
        self.name = ""
        """Empty while the list is shown."""
        self.reviewed: ReviewedDocument | None = None
        """None until it was read for the first time."""
        self.page = 0
        self.sentences: list[MarkedSentence] = []
        self.at = -1
        """Index of the chosen sentence; -1 where the page has none that states something."""
        self.fact = 0
        """Index of the chosen proposal of the sentence."""

    @property
    def facts_file(self) -> Path:
        return self._reader.facts_file

    @property
    def sentence(self) -> MarkedSentence | None:
        """The sentence under the cursor."""
        return self.sentences[self.at] if 0 <= self.at < len(self.sentences) else None

    @property
    def proposal(self) -> Proposal | None:
        """The chosen proposal of the sentence; None where it has none."""
        found = self.sentence.proposals if self.sentence else ()
        return found[min(self.fact, len(found) - 1)] if found else None

    def open(self, name: str, start: int | None = None, quote: str = "") -> None:
        """Open a document; the cursor comes to a position of its text, else to the first fact that waits.

        Args:
            quote: what was at that position; where it is outdated, the cursor comes to it in the list of those.
        """
        if name != self.name:
            self.name, self.reviewed, self.sentences, self._stamp = name, None, [], None
            self.page, self.at, self.fact = 0, -1, 0
        self._start, self._quote = start, quote
        if self.reviewed and start is not None:
            self._go_first(self.reviewed)

    def close(self) -> None:
        """Go back to the list."""
        self.name, self.reviewed, self.sentences, self._stamp = "", None, [], None

    async def read(self) -> bool:
        """Read what has changed on disk; return whether anything has. The cursor stays on its sentence.

        Raises:
            GarageError: the proposals cannot be read.
        """
        async with self._guard:
            name = self.name
            stamp = await asyncio.to_thread(self._reader.stamp, name)
            if name != self.name or (stamp == self._stamp and self.reviewed):
                return False
            reviewed = await asyncio.to_thread(self._reader.read, name)
        if name != self.name:
            return False
        self._stamp = stamp
        if reviewed is None:
            raise GarageError("this document was not read yet: p reads it")
        first, before = self.reviewed is None, self.reviewed
        here = self.sentence
        self.reviewed = reviewed
        if first:
            self._go_first(reviewed)
        elif before and here and before.document.sha256 == reviewed.document.sha256 and here.start >= 0:
            self.go_to(here.start, keep_fact=True)
        else:
            self.show_page(min(self.page, len(reviewed.pages) - 1))
        return True

    def _go_first(self, reviewed: ReviewedDocument) -> None:
        waiting = reviewed.next_waiting(-1, 1)
        if self._start is not None:
            self.go_to(self._start)
            if self._quote in {row.quote for row in reviewed.outdated}:
                self.show_page(0)
                self.choose(next(at for at, one in enumerate(self.sentences) if one.text == self._quote))
        elif waiting is not None and not reviewed.outdated:
            self.go_to(waiting)
        else:
            self.show_page(0)

    # Where the cursor is

    def show_page(self, page: int, *, last: bool = False) -> None:
        """Choose a page, and its first or last sentence that states something."""
        if self.reviewed is None:
            return
        self.page = max(0, min(page, len(self.reviewed.pages) - 1))
        self.sentences, self.fact = self.reviewed.sentences(self.page), 0
        found = [index for index, one in enumerate(self.sentences) if one.states]
        self.at = (found[-1] if last else found[0]) if found else -1

    def go_to(self, start: int, *, keep_fact: bool = False) -> None:
        """Choose the sentence with a position of the text, or the next one that states something."""
        if self.reviewed is None:
            return
        fact = self.fact
        self.show_page(self.reviewed.page_of(start))
        found = [index for index, one in enumerate(self.sentences) if one.states and one.end > start]
        self.at, self.fact = (found[0] if found else self.at), fact if keep_fact else 0

    def choose(self, sentence: int) -> None:
        """Choose a sentence of the page, by its index."""
        if 0 <= sentence < len(self.sentences) and self.sentences[sentence].states:
            self.at, self.fact = sentence, 0

    def move(self, by: int) -> None:
        """Go to the next or the last sentence that states something, also over the end of the page."""
        at = self.at + by
        while 0 <= at < len(self.sentences) and not self.sentences[at].states:
            at += by
        if 0 <= at < len(self.sentences):
            self.at, self.fact = at, 0
        elif self.reviewed and 0 <= self.page + by < len(self.reviewed.pages):
            self.show_page(self.page + by, last=by < 0)

    def choose_fact(self, by: int) -> None:
        """Choose the next or the last proposal of the sentence."""
        found = self.sentence.proposals if self.sentence else ()
        self.fact = max(0, min(self.fact + by, len(found) - 1))

    def go_to_waiting(self, by: int) -> bool:
        """Go to the next or the last fact that waits; False where there is none."""
        if self.reviewed is None:
            return False
        here = self.sentence
        start = self.reviewed.next_waiting(here.end - 1 if by > 0 and here else here.start if here else -1, by)
        if start is None:
            return False
        self.go_to(start)
        self._choose_open(())
        return True

    def advance(self, decided: Collection[str]) -> None:
        """Choose the next fact of the page that waits, as if those that are being decided did not."""
        if self._choose_open(decided):
            return
        for index in range(self.at + 1, len(self.sentences)):
            if any(one.id not in decided for one in self.sentences[index].open):
                self.at, self.fact = index, 0
                self._choose_open(decided)
                return

    def _choose_open(self, decided: Collection[str]) -> bool:
        found = self.sentence.proposals if self.sentence else ()
        for index, proposal in enumerate(found):
            if proposal.is_open and proposal.id not in decided:
                self.fact = index
                return True
        return False
