"""Chat: one question, two answers side by side. The base model on the left, the tuned one on the right."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input
from textual.worker import Worker

from garage_tui.core.chat import Address, Finish, Piece, stream
from garage_tui.core.errors import GarageError
from garage_tui.core.server import Server
from garage_tui.core.settings import Settings, Workspace
from garage_tui.core.text import model_label, one_line, plain
from garage_tui.screens.chat_server import ChatServer
from garage_tui.screens.watcher import Seen
from garage_tui.widgets.conversation import Conversation, Turn
from garage_tui.widgets.dialogs import Pick
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane

Messages = list[dict[str, str]]

_BASE_HINT = "Ask something below: both models get the same question, and answer side by side."
_TUNED_HINT = "This model learnt {rows} rows. Ask it what it was taught, and something it was not."
_NO_TUNED = (
    "No tuned model yet.\n\nF2 shows your facts, t teaches them; when that run has finished, its model answers here."
)


class ChatPane(Pane):
    """Two conversations that share one line to type in."""

    HELP = (
        "Type a question and press Enter: the base model answers on the left, the model you tuned on the right. "
        "Ask what you taught, and also what you did not: a good run changes only what it was meant to.\n\n"
        "Answers come from a small server on this box that starts with your first question and leaves when it is "
        "not used. Each model sees its own conversation; Ctrl+L starts a new one. Page Up and Page Down scroll."
    )
    FIRST_FOCUS = "#chat-input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t,r", "pick", "Tuned model", key_display="^t", tooltip="Choose which tuned model answers"),
        Binding("ctrl+l", "clear", "Clear", tooltip="Clear the conversation"),
        Binding("escape", "stop", "Stop", key_display="Esc", tooltip="Stop the answers"),
        Binding("ctrl+r", "restart", "Restart server", show=False, tooltip="Start the model server again"),
        # The line to type in would take these for itself, and has no use for them.
        Binding("pageup", "scroll(-1)", show=False, priority=True, tooltip="Scroll both conversations up"),
        Binding("pagedown", "scroll(1)", show=False, priority=True, tooltip="Scroll both conversations down"),
        Binding("up", "recall", show=False, priority=True, tooltip="Type the last question again"),
    ]

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        super().__init__(id="chat")
        self._settings = settings
        self._server = ChatServer(workspace, settings, self._show_server)
        self._tuned: Seen | None = None
        self._picked = False
        self._heard: dict[str, Messages] = {"base": [], "tuned": []}
        self._asked = ""
        self._talk: Worker[None] | None = None
        self._watch: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(id="chat-columns"):
            yield Conversation("base")
            yield Conversation("tuned")
        yield Notice(id="chat-server")
        field = Input(placeholder="Ask both models …", id="chat-input", compact=True)
        field.cursor_blink = False  # a blinking cursor repaints for ever
        yield field

    def on_mount(self) -> None:
        self.query_one("#base", Conversation).hint(_BASE_HINT)
        self._show_titles()
        self.watch(self.app, "runs", self._show_runs)

    def reveal(self) -> None:
        super().reveal()
        self._watch = self._watch_server()

    def conceal(self) -> None:
        super().conceal()
        if self._watch:
            self._watch.cancel()

    @work(group="server", exclusive=True)
    async def _watch_server(self) -> None:
        while True:
            seen = await self._server.look()
            await asyncio.sleep(2.0 if seen.status == "ready" else 0.5)

    def _show_server(self, seen: Server) -> None:
        words = self._server.in_words(seen)
        colour = {"ready": "$success", "starting": "$warning", "failed": "$error"}.get(seen.status, "$muted")
        self.query_one(Notice).content = Content.assemble((words[:1], colour), (words[1:], "$muted"))

    # Which tuned model

    def _choices(self, runs: tuple[Seen, ...]) -> list[Seen]:
        return [seen for seen in runs if seen.adapter and seen.status in ("finished", "stopped")]

    def _show_runs(self, runs: tuple[Seen, ...]) -> None:
        choices = self._choices(runs)
        if self._tuned and any(seen.id == self._tuned.id for seen in choices):
            return
        if not self._picked and not self._heard["tuned"]:
            self._take(choices[0] if choices else None)

    def talk_to(self, run_id: str) -> None:
        """Put this run's model on the right."""
        runs: tuple[Seen, ...] = self.app.runs  # type: ignore[attr-defined]
        for seen in self._choices(runs):
            if seen.id == run_id:
                self._picked = True
                self._take(seen)

    def _take(self, seen: Seen | None) -> None:
        if seen == self._tuned and seen is not None:
            return
        base = str(seen.manifest.base.get("name", "")) if seen and seen.manifest else ""
        base = base or self._settings.base_model
        sides = ["tuned"] if base == self._server.base else ["base", "tuned"]
        self._tuned, self._server.base = seen, base
        for side in sides:
            self._forget(side)
        rows = seen.manifest.dataset.get("rows", "?") if seen and seen.manifest else "?"
        self.query_one("#tuned", Conversation).hint(_TUNED_HINT.format(rows=rows) if seen else _NO_TUNED)
        self._show_titles()

    def _show_titles(self) -> None:
        tuned = self._tuned.id if self._tuned else "none yet"
        self.query_one("#base").border_title = Content(f"Base · {one_line(model_label(self._server.base), 60)}")
        self.query_one("#tuned").border_title = Content(f"Tuned · {tuned}")

    @work(group="form", exclusive=True)
    async def action_pick(self) -> None:
        """Choose the run whose model answers on the right."""
        choices = self._choices(self.app.runs)  # type: ignore[attr-defined]
        if not choices:
            self.query_one(Notice).wrong("no tuned model yet: F2 shows your facts, t teaches them")
            return
        ids = [seen.id for seen in choices]
        current = ids.index(self._tuned.id) if self._tuned and self._tuned.id in ids else 0
        choice = await self.app.push_screen_wait(Pick("Which tuned model?", ids, current))
        if choice is not None:
            self.talk_to(ids[choice])

    # Talking

    @property
    def talking(self) -> bool:
        """True while an answer is awaited or coming in."""
        return self._talk is not None and self._talk.is_running

    def on_input_submitted(self, event: Input.Submitted) -> None:
        question = plain(event.value).strip()
        if not question:
            return
        if self.talking:
            self.query_one(Notice).note("still answering · Esc stops the answers")
            return
        event.input.value = ""
        self._asked = question
        self._talk = self._ask(question)
        self.refresh_bindings()

    @work(group="talk")
    async def _ask(self, question: str) -> None:
        sides = {"base": ""} | ({"tuned": self._tuned.id} if self._tuned else {})
        turns = {side: self.query_one(f"#{side}", Conversation).ask(question) for side in sides}
        try:
            address = await self._server.ready()
            sides["base"] = (await self._server.look()).base
            await asyncio.gather(*(self._answer(address, side, sides[side], turns[side]) for side in sides))
        except GarageError as error:
            for turn in turns.values():
                turn.close(one_line(str(error), 400), wrong=True)
        finally:
            for turn in turns.values():
                if turn.open:
                    turn.close("stopped")
            self.call_next(self.refresh_bindings)

    async def _answer(self, address: Address, side: str, model: str, turn: Turn) -> None:
        heard = self._heard[side]
        messages = [*heard, {"role": "user", "content": turn.question}]
        try:
            async for part in stream(address, model, messages):
                if isinstance(part, Piece):
                    turn.feed(part.text)
                else:
                    turn.close(_speed(part))
        except GarageError as error:
            turn.close(one_line(str(error), 400), wrong=True)
        finally:
            # Half an answer belongs to the conversation too; a question without one would confuse the next.
            if turn.answer and heard is self._heard[side]:
                heard += [messages[-1], {"role": "assistant", "content": turn.answer}]

    async def action_stop(self) -> None:
        if self.talking and self._talk:
            self._talk.cancel()
        else:
            await self.app.run_action("back")

    def _forget(self, side: str) -> None:
        self._heard[side] = []
        self.query_one(f"#{side}", Conversation).clear()

    def action_clear(self) -> None:
        if self._talk:
            self._talk.cancel()
        for side in self._heard:
            self._forget(side)

    @work(group="restart", exclusive=True)
    async def action_restart(self) -> None:
        self.query_one(Notice).note("stopping the model server …")
        try:
            await self._server.restart()
        except GarageError as error:
            self.query_one(Notice).wrong(one_line(str(error), 300))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "recall":
            return self.screen.focused is self.query_one(Input)
        return True

    def action_scroll(self, pages: int) -> None:
        for column in self.query(Conversation):
            column.scroll_relative(y=pages * max(1, column.size.height - 2), animate=False)

    def action_recall(self) -> None:
        field = self.query_one(Input)
        if not field.value:
            field.value = self._asked
            field.cursor_position = len(self._asked)


def _speed(finish: Finish) -> str:
    """Return how long an answer was, and how quick."""
    words = [f"{finish.completion_tokens} tokens" if finish.completion_tokens is not None else ""]
    words.append(f"{finish.tokens_per_s:.1f} tokens/s" if finish.tokens_per_s else "")
    words.append(f"first token {finish.first_token_s:.2f} s" if finish.first_token_s is not None else "")
    words.append("cut at its longest" if finish.reason == "length" else "")
    return " · ".join(filter(None, words))
