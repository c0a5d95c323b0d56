"""Talking: one question goes to every side that is seen, and the answers come in as they are made."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from textual import work
from textual.widget import Widget
from textual.widgets import Input
from textual.worker import Worker

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.chat import transcripts
from garage_tui.core.chat.client import AnswerChunk, AnswerEnd, ServerAddress, stream
from garage_tui.core.chat.transcripts import Side, TranscriptAnswer
from garage_tui.core.exam import adapter_effect as same_answer
from garage_tui.core.facts import retrieval as open_book
from garage_tui.core.facts.retrieval import OpenBookCache, RetrievedFacts
from garage_tui.core.serving.server_process import Server
from garage_tui.screens.chat.conversations import SIDES, ChatFiles, OpenChat, found_words
from garage_tui.screens.chat.server_status import ChatOther, ChatServer
from garage_tui.widgets.conversation import TurnView

_STOPPED = "stopped"


@dataclass
class Asking:
    """A question that is being answered."""

    chat: OpenChat
    question: str
    views: dict[Side, TurnView]
    """Where the answers go, of the sides that were asked."""
    run: str
    """Id of the tuned model's run; empty where there is none."""
    found: tuple[RetrievedFacts, ...] = ()
    settled: bool = False
    """True once it is in the transcript."""

    @property
    def turn(self) -> transcripts.Turn:
        """The question, and what has come of its answers so far."""
        answers = {
            side: TranscriptAnswer(view.answer, view.foot, view.wrong, view.note) for side, view in self.views.items()
        }
        return transcripts.Turn(self.question, answers, self.found)

    def settle(self) -> None:
        """Put the question, and what has come of its answers, into the transcript; once."""
        if self.settled:
            return
        self.settled = True
        for view in self.views.values():
            if view.open:
                view.close(_STOPPED)
        self.chat.transcript.turns.append(self.turn)


class ChatTalk(ChatFiles):
    """The part of the chat that asks."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        super().__init__(workspace, settings)
        self.server = (ChatOther if settings.chat.server else ChatServer)(workspace, settings, self.show_server)
        self.editing: int | None = None
        """Place of the question that the line to type in holds, to be asked anew from there."""
        self._shelf = OpenBookCache()
        self._asking: Asking | None = None
        self._talk: Worker[None] | None = None

    @property
    def sides(self) -> list[Side]:
        """Who is asked now."""
        raise NotImplementedError

    @property
    def facts_file(self) -> Path:
        """The file that is the open book."""
        raise NotImplementedError

    def show_server(self, seen: Server) -> None:
        """Show what the server does."""
        raise NotImplementedError

    @property
    def turns(self) -> list[transcripts.Turn]:
        """The turns that are seen, with the one whose answers are still coming."""
        coming = self._asking if self._asking and not self._asking.settled else None
        return self.open.transcript.turns + ([coming.turn] if coming else [])

    @property
    def talking(self) -> bool:
        """True while an answer is awaited or coming in."""
        return self._talk is not None and self._talk.is_running

    def stop(self) -> None:
        if self._talk:
            self._talk.cancel()
        self.settle()

    def settle(self) -> None:
        if self._asking:
            self._asking.settle()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        question = plain(event.value).strip()
        if not question:
            return
        if self.talking:
            self.notice.note("still answering · Esc stops the answers")
            return
        event.input.value = ""
        if self.editing is not None:
            self.begin(self.editing)
            self.edit(None)
        self.recall.add([question])
        self._talk = self._ask(question)
        self.refresh_bindings()

    def focus_now(self, widget: Widget) -> None:
        """Give a widget the keys, those included that were typed ahead: `Widget.focus` would let them go astray."""
        self.screen.set_focus(widget, scroll_visible=False)

    def edit(self, place: int | None) -> None:
        """Take a question into the line to type in, to be asked anew from there; None gives that up."""
        field = self.query_one(Input)
        self.editing = place
        field.border_title = None
        if place is not None:
            field.value = self.open.transcript.turns[place].question
            field.cursor_position = len(field.value)
            later = len(self.open.transcript.turns) - place - 1
            more = f", without the {later} after it" if later else ""
            field.border_title = f"Enter asks question {place + 1} anew{more} · Esc leaves all as it is"
            self.focus_now(field)

    # Asking

    def _begin(self, question: str) -> Asking:
        chat, sides = self.open, self.sides
        chat.transcript.base, chat.transcript.run = self.server.base, self.run_id
        views: dict[Side, TurnView] = {}
        for side in SIDES:
            if side in sides:
                views[side] = self.column(side).ask(question)
            else:
                self.column(side).add([TurnView(question, asked=False)])
        self._asking = Asking(chat, question, views, self.run_id)
        return self._asking

    @work(group="talk")
    async def _ask(self, question: str) -> None:
        asking = self._begin(question)
        try:
            address, _ = await asyncio.gather(self.server.ready(), self._look_up(asking))
            await self.server.look()
            await asyncio.gather(*(self._answer(address, asking, side) for side in asking.views))
            await self._doubt(asking)
        except GarageError as error:
            for view in asking.views.values():
                if view.open:
                    view.close(one_line(str(error), 400), wrong=True)
        finally:
            asking.settle()
            self.keep(asking.chat)
            self.call_next(self.refresh_bindings)

    async def _look_up(self, asking: Asking) -> None:
        """Find the facts that the question is about, for the side with the open book."""
        view = asking.views.get("book")
        if view is None:
            return
        file = self.facts_file
        try:
            found = await asyncio.to_thread(self._shelf.find, file, asking.question)
        except GarageError as error:
            why = str(error).replace(str(file), file.name)  # a path would take the whole column
            view.knows(f"no fact was looked up: {one_line(why, 200)}")
            return
        asking.found = tuple(found)
        view.knows(found_words([one.row for one in found], plain(file.name)))

    async def _answer(self, address: ServerAddress, asking: Asking, side: Side) -> None:
        view, transcript = asking.views[side], asking.chat.transcript
        asked = asking.question
        if side == "book":
            asked = open_book.prompt(asked, [one.statement for one in asking.found])
        try:
            model = self.server.model_for(side, asking.run)
            async for part in stream(address, model, transcript.messages(side, asked), transcript.sampling):
                if asking.settled:
                    return
                if isinstance(part, AnswerChunk):
                    view.feed(part.text)
                else:
                    view.close(_speed(part))
        except GarageError as error:
            view.close(one_line(str(error), 400), wrong=True)

    async def _doubt(self, asking: Asking) -> None:
        """Say so where the tuned model answered as if it had learned nothing."""
        base, tuned = asking.views.get("base"), asking.views.get("tuned")
        if base is None or tuned is None or base.wrong or tuned.wrong or not asking.run:
            return
        folder = self.workspace.checkpoints / asking.run
        said = await asyncio.to_thread(
            same_answer.same_answer_warning, folder, asking.question, base.answer, tuned.answer
        )
        if said and not asking.settled:
            tuned.remark(said)


def _speed(finish: AnswerEnd) -> str:
    """Return how long an answer was, and how quick."""
    words = [f"{finish.completion_tokens} tokens" if finish.completion_tokens is not None else ""]
    words.append(f"{finish.tokens_per_s:.1f} tokens/s" if finish.tokens_per_s else "")
    words.append(f"first token {finish.first_token_s:.2f} s" if finish.first_token_s is not None else "")
    words.append("cut at its longest" if finish.reason == "length" else "")
    return " · ".join(filter(None, words))
