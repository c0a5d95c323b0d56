"""Asking: one question goes to the models of all columns, their answers are streamed in, then comes the next one."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from textual.content import Content
from textual.worker import Worker

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.chat.client import AnswerChunk, ServerAddress, stream
from garage_tui.core.chat.repetition import RepetitionDetector
from garage_tui.core.chat.transcripts import Side, Turn
from garage_tui.core.documents.retrieval import RetrievedPassage, prompt_with_passages
from garage_tui.core.exam import adapter_effect
from garage_tui.core.facts import retrieval
from garage_tui.core.facts.retrieval import OpenBookCache
from garage_tui.screens.chat.answer_text import answer_statistics, retrieved_text
from garage_tui.screens.chat.column_choice import SIDES
from garage_tui.screens.chat.conversations import Conversations
from garage_tui.screens.chat.host import ChatHost
from garage_tui.screens.chat.pending_turn import PendingTurn
from garage_tui.screens.chat.question_queue import QuestionQueue
from garage_tui.widgets.turn_view import TurnView

if TYPE_CHECKING:
    from garage_tui.core.review.documents_book import DocumentsBook

_ROUTED = "{name}: the base model answered, because no taught subject was named"
_REPEATS = "stopped: the model repeats itself"
_STILL_ANSWERING = "still answering · Esc stops the answers"


class Asker:
    """Sends questions to the model server, streams the answers into the columns, and stops them.

    A question that is sent meanwhile waits in the queue. After a stop or an error the queue is held until Enter.
    """

    def __init__(self, host: ChatHost, conversations: Conversations, queue: QuestionQueue) -> None:
        self._host, self._conversations, self._queue = host, conversations, queue
        self.editing: int | None = None
        """Index of the earlier turn whose question is in the input field, to be asked again from there."""
        self._editing_text = ""
        self._draft = ""
        """What was in the input field before an earlier question took its place."""
        self._open_book = OpenBookCache()
        self._documents: DocumentsBook | None = None
        self._pending: PendingTurn | None = None
        self._worker: Worker[None] | None = None

    @property
    def turns(self) -> list[Turn]:
        """The turns of the open conversation, with the one whose answers are still coming."""
        pending = self._pending if self._pending and not self._pending.committed else None
        return self._conversations.open.transcript.turns + ([pending.so_far()] if pending else [])

    @property
    def is_answering(self) -> bool:
        """True while an answer is awaited or coming in."""
        return self._worker is not None and self._worker.is_running

    def stop(self) -> None:
        """Stop the answers that are still coming; what has arrived of them stays in the conversation."""
        if self._worker:
            self._worker.cancel()
            self._worker = None
        self.commit_pending()
        self.show_waiting()
        self._host.refresh_bindings()

    def commit_pending(self) -> None:
        """Put what has arrived of the answers so far into the transcript."""
        if self._pending:
            self._pending.commit()

    # The input field

    def submit(self, text: str) -> None:
        """Ask a question that was entered, after those that wait; after `edit`, from the edited turn on.

        Without a question, those that wait are asked.
        """
        question = plain(text).strip()
        self._host.question_input.value = ""
        if question:
            self._conversations.history.add([question])
        if question and self.editing is not None:
            self._conversations.branch(self.editing)  # which leaves the edit, too
            self._begin_asking(question)
        elif self.is_answering or (question and self._queue):
            if question:
                self._queue.add(question)
            if not self.is_answering:
                self._begin_asking(self._queue.take_next())
        elif question or self._queue:
            self._begin_asking(question or self._queue.take_next())

    def _begin_asking(self, question: str) -> None:
        self._worker = self._host.run_worker(self._ask_all(question), group="talk")
        self.show_waiting()
        self._host.refresh_bindings()

    def take_back_waiting(self) -> bool:
        """Put the question that waits last into the input field, before what is written there; False if none waits."""
        if not self._queue:
            return False
        field = self._host.question_input
        field.value = self._conversations.history.recall(self._queue.take_back(), field.value)
        field.cursor_position = len(field.value)
        return True

    def show_waiting(self) -> None:
        """Show on the frame of the input field what it does next: edit a question, or which ones wait."""
        text = self._editing_text or self._queue.text(held=not self.is_answering)
        self._host.question_input.border_title = Content(text) if text else None

    def edit(self, index: int) -> None:
        """Put the question of an earlier turn into the input field, to be asked again from there."""
        if self.is_answering:
            self._host.notice.note(_STILL_ANSWERING)
            return
        turns, field = self._conversations.open.transcript.turns, self._host.question_input
        self._draft = field.value if self.editing is None else self._draft
        self.editing = index
        field.value = turns[index].question
        field.cursor_position = len(field.value)
        later = len(turns) - index - 1
        more = f", without the {later} after it" if later else ""
        self._editing_text = f"Enter asks question {index + 1} again{more} · Esc cancels"
        self.show_waiting()
        self._host.focus_now(field)

    def leave_edit(self) -> None:
        """Edit no earlier question any more: what was being typed before that comes back."""
        if self.editing is None:
            return
        field = self._host.question_input
        field.value, self._draft = self._draft, ""
        field.cursor_position = len(field.value)
        self.editing, self._editing_text = None, ""
        self.show_waiting()

    # Answers

    def _begin(self, question: str) -> PendingTurn:
        chat, host = self._conversations.open, self._host
        chat.transcript.base, chat.transcript.run = host.server.base, host.tuned_model
        sides = host.sides
        views: dict[Side, TurnView] = {}
        for side in SIDES:
            if side in sides:
                views[side] = host.columns[side].add_question(question)
            else:
                host.columns[side].add_turns([TurnView(question, skipped=True)])
        host.lay_out()  # the open book has a column from its first question on
        self._pending = PendingTurn(chat, question, views, host.run_id, host.tuned_model)
        return self._pending

    async def _ask_all(self, question: str) -> None:
        """Ask a question, then those that wait; an error holds them back, because they would meet it too."""
        while await self._ask(question) and self._queue:
            question = self._queue.take_next()
        self._host.call_next(self.show_waiting)

    async def _ask(self, question: str) -> bool:
        """Ask a question, and return whether any model answered it."""
        pending, server = self._begin(question), self._host.server
        self._host.show_asking()
        try:
            address, _ = await asyncio.gather(server.wait_until_ready(), self._retrieve(pending))
            await server.inspect()
            await asyncio.gather(*(self._stream_answer(address, pending, side) for side in pending.views))
            await self._check_adapter(pending)
        except GarageError as error:
            pending.finish(one_line(str(error), 400), failed=True)
            await server.inspect()
        finally:
            pending.commit()
            self._host.columns.show_answered()
            self._conversations.save(pending.chat)
            self._host.call_next(self._host.refresh_bindings)
        return not all(view.failed for view in pending.views.values())

    async def _retrieve(self, pending: PendingTurn) -> None:
        """Find the facts and passages that the question is about, for the side with the open book."""
        view = pending.views.get("book")
        if view is None:
            return
        file = self._host.facts_file
        try:
            found = await asyncio.to_thread(self._open_book.find, file, pending.question)
        except GarageError as error:
            reason = str(error).replace(str(file), file.name)  # a path would take the whole column
            view.show_context(f"could not search the facts: {one_line(reason, 200)}")
            return
        pending.found = tuple(found)
        pending.passages = tuple(await asyncio.to_thread(self._find_passages, pending.question))
        view.show_context(retrieved_text(pending.found, pending.passages, plain(file.name)))

    def _find_passages(self, question: str) -> list[RetrievedPassage]:
        """Return the passages that a question is about; in a thread, for it may read documents."""
        from garage_tui.core.review.documents_book import DocumentsBook  # noqa: PLC0415 (not needed for the first paint)

        self._documents = self._documents or DocumentsBook(self._host.workspace)
        return self._documents.find(question)

    async def _stream_answer(self, address: ServerAddress, pending: PendingTurn, side: Side) -> None:
        view, transcript = pending.views[side], pending.chat.transcript
        detector = RepetitionDetector() if self._host.settings.chat.stop_repetition else None
        prompt = pending.question
        if side == "book":
            prompt = retrieval.prompt_with_facts(prompt, [fact.statement for fact in pending.found])
            prompt = prompt_with_passages(prompt, pending.passages)
        try:
            model = self._host.server.model_for(side, pending.model)
            answer = stream(address, model, transcript.messages(side, prompt), transcript.sampling)
            async with contextlib.aclosing(answer):  # leaving early closes the connection, and the server stops
                async for part in answer:
                    if pending.committed:
                        return
                    if isinstance(part, AnswerChunk):
                        view.feed(part.text)
                        if detector and detector.feed(part.text):
                            view.finish(_REPEATS)
                            return
                    else:
                        view.finish(answer_statistics(part))
                        self._show_route(pending, side, part.answered_by)
        except GarageError as error:
            view.finish(one_line(str(error), 400), failed=True)

    def _show_route(self, pending: PendingTurn, side: Side, answered_by: str) -> None:
        """Say in the state line that the base model answered for the run in service."""
        server = self._host.server
        if side != "tuned" or not pending.run or pending.model != server.lasting_name:
            return
        text, notice = _ROUTED.format(name=server.lasting_name), self._host.notice
        pending.routed = answered_by == server.model_for("base", "")
        if pending.routed:
            notice.note(text)
        elif notice.text == text:  # of an earlier answer
            notice.clear()

    async def _check_adapter(self, pending: PendingTurn) -> None:
        """Warn if the tuned model answered a taught question exactly as the base model did."""
        base, tuned = pending.views.get("base"), pending.views.get("tuned")
        if base is None or tuned is None or base.failed or tuned.failed or not pending.run or pending.routed:
            return
        folder = self._host.workspace.checkpoints / pending.run
        warning = await asyncio.to_thread(
            adapter_effect.same_answer_warning, folder, pending.question, base.answer, tuned.answer
        )
        if warning and not pending.committed:
            tuned.show_warning(warning)
