"""What the keys do with facts: accept, refuse, edit, write, undo; all of it on disk, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import shown_line
from garage_tui.core.proposals.acceptance import Acceptance
from garage_tui.core.proposals.proposal import Proposal
from garage_tui.core.review.decisions import Decisions, kept_text
from garage_tui.core.review.owner_edit import EditedTexts, begun_proposal, edit_proposal, texts_of
from garage_tui.widgets.confirm_and_pick import Confirm

if TYPE_CHECKING:
    from garage_tui.core.review.reviewed_document import ReviewedDocument
    from garage_tui.screens.documents.host import DocumentsHost
    from garage_tui.screens.documents.open_document import OpenDocument


class Review:
    """The decisions about the facts of the open document."""

    def __init__(self, host: DocumentsHost, document: OpenDocument) -> None:
        self._host, self._document = host, document
        self._decisions = Decisions(host.workspace)
        self._guard = asyncio.Lock()  # decisions come to the disk in the order of the keys
        self._deciding: set[str] = set()
        self._ended = False
        self.is_busy = False
        """Whether many facts are being accepted."""

    @property
    def can_undo(self) -> bool:
        return self._decisions.last is not None

    @property
    def open_proposal(self) -> Proposal | None:
        """The chosen proposal, if it waits for a decision."""
        found = self._document.proposal
        return found if found and found.is_open and found.id not in self._deciding else None

    def accept(self) -> None:
        """Accept the chosen fact, and go on to the next one."""
        proposal, reviewed = self.open_proposal, self._document.reviewed
        if proposal and reviewed:
            self._begin([proposal])
            self._host.run_worker(self._accept(reviewed, [proposal]), group="decide")

    def accept_all(self, *, page: bool) -> None:
        """Accept all facts of the page, or of the document, that pass every check; it asks with their count."""
        self._host.run_worker(self._accept_all(page=page), group="ask")

    async def _accept_all(self, *, page: bool) -> None:
        reviewed = self._document.reviewed
        if reviewed is None:
            return
        found = reviewed.open_on(self._document.page, passing=True) if page else reviewed.open(passing=True)
        where = "page" if page else "document"
        if not found:
            self._host.notice.note(f"No fact of this {where} passes every check and waits for you.")
            return
        failing = len(reviewed.open_on(self._document.page) if page else reviewed.open()) - len(found)
        rest = f"\n{plural(failing, 'fact')} of it failed a check and will wait." if failing else ""
        text = f"{plural(len(found), 'fact')} of this {where} passed every check.{rest}\nu takes it back."
        title = f"Accept {plural(len(found), 'fact')}?"
        if await self._host.ask(Confirm(title, text, "Accept", "Not now")):
            self._begin(found)
            await self._accept(reviewed, found)

    def end(self) -> bool:
        """End an acceptance of many facts after those that are being written; False where none goes on."""
        self._ended = self.is_busy
        return self.is_busy

    async def _accept(self, reviewed: ReviewedDocument, chosen: Sequence[Proposal]) -> None:
        loop, notice = asyncio.get_running_loop(), self._host.notice
        many = len(chosen) > 1

        def on_batch(done: int) -> bool:
            if many:
                loop.call_soon_threadsafe(notice.hint, f"Accepting: {done:,} of {len(chosen):,}. Esc ends it.")
            return not self._ended

        def work() -> Acceptance:
            file, base = self._document.facts_file, self._host.settings.base_model
            return self._decisions.accept(reviewed, file, chosen, base, on_batch)

        async with self._guard:
            self.is_busy, self._ended = many, False
            done = await self._do(work, chosen)
            self.is_busy = False
        if isinstance(done, Acceptance):
            self._say_accepted(done, len(chosen))

    def _say_accepted(self, done: Acceptance, of: int) -> None:
        notice = self._host.notice
        if done.problem:
            notice.wrong(f"{done.problem}. u takes the rows out again.")
        elif done.left_out:
            proposal, reason = done.left_out[0]
            more = f" (and {plural(len(done.left_out) - 1, 'other')})" if len(done.left_out) > 1 else ""
            begun = f"Accepted {len(done.accepted):,} of {of:,}. " if of > 1 else ""
            notice.wrong(f"{begun}“{shown_line(proposal.statement, 80)}”{more} is left out: {reason}")
        elif of > 1 or not done.rows:
            rows = (
                f"{plural(done.rows, 'row')} in {done.file.name}" if done.rows else f"{done.file.name} has it already"
            )
            notice.done(f"Accepted {plural(len(done.accepted), 'fact')}: {rows}. u takes it back.")
        else:
            notice.done(f"Accepted: {plural(done.rows, 'row')} in {done.file.name}. u takes it back.")

    def refuse(self) -> None:
        """Refuse the chosen fact, and go on to the next one."""
        proposal, reviewed = self.open_proposal, self._document.reviewed
        if proposal and reviewed:
            self._begin([proposal])
            self._host.run_worker(self._refuse(reviewed, proposal), group="decide")

    async def _refuse(self, reviewed: ReviewedDocument, proposal: Proposal) -> None:
        file = self._document.facts_file
        async with self._guard:
            if await self._do(lambda: self._decisions.refuse(reviewed, file, [proposal]), [proposal]) is not None:
                self._host.notice.done("Refused. u takes it back.")

    def edit(self) -> None:
        """Change the chosen fact in a dialog."""
        if proposal := self.open_proposal:
            self._host.run_worker(self._edit(proposal, is_new=False), group="ask")

    def write(self) -> None:
        """Write a fact from the chosen sentence in a dialog."""
        reviewed, sentence = self._document.reviewed, self._document.sentence
        if reviewed and sentence and (begun := begun_proposal(reviewed, sentence)):
            self._host.run_worker(self._edit(begun, is_new=True), group="ask")

    async def _edit(self, before: Proposal, *, is_new: bool) -> None:
        from garage_tui.screens.documents.proposal_dialog import ProposalDialog  # noqa: PLC0415 (not before an edit)

        reviewed, host, file = self._document.reviewed, self._host, self._document.facts_file
        if reviewed is None:
            return

        def check(texts: EditedTexts) -> Proposal:
            return edit_proposal(host.workspace, file, reviewed, before, texts)

        edited = await host.ask(ProposalDialog(texts_of(before), before.quote, check, is_new=is_new))
        if edited is None:
            return
        async with self._guard:
            kept = None if is_new else before
            if await self._do(lambda: self._decisions.edit(reviewed, file, kept, edited), [edited]) is not None:
                passes = "passes every check" if edited.passes else "fails a check"
                host.notice.done(f"Kept; it {passes}. a accepts it, u takes the change back.")

    def undo(self) -> None:
        """Take the last decision back."""
        self._host.run_worker(self._undo(), group="decide")

    async def _undo(self) -> None:
        async with self._guard:
            result = await self._do(self._decisions.undo, [])
        if not isinstance(result, tuple):
            return
        decision, kept = result
        if kept:
            self._host.notice.wrong(kept_text(kept))
            return
        elsewhere = "" if decision.document == self._document.name else f" in {shown_line(decision.document, 60)}"
        self._host.notice.done(f"Undone: {decision.what}{elsewhere}.")
        if not elsewhere and self._document.reviewed:
            self._document.go_to(decision.start)
            self._host.show_document()

    def _begin(self, chosen: Sequence[Proposal]) -> None:
        """Go on at once, so that the next key means the next fact."""
        self._deciding.update(one.id for one in chosen)
        self._document.advance(self._deciding)
        self._host.show_document()

    async def _do(self, work: Callable[[], Any], chosen: Sequence[Proposal]) -> Any:
        """Do something in a thread and read the document again; return the result, None where it failed."""
        try:
            result = await asyncio.to_thread(work)
            return True if result is None else result
        except GarageError as error:
            self._host.notice.wrong(str(error))
            return None
        finally:
            await self._read_again()
            self._deciding.difference_update(one.id for one in chosen)
            self._host.refresh_soon()

    async def _read_again(self) -> None:
        try:
            if self._document.name and await self._document.read():
                self._host.show_document()
        except GarageError as error:
            self._host.notice.wrong(str(error))
