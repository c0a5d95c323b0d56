"""Chat: one question, two or three answers side by side: the base model, the base with the facts, the tuned model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import model_label
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.chat.transcripts import Side, Transcript
from garage_tui.core.models import base_models as models
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.screens.chat.columns import ChatColumns
from garage_tui.screens.chat.conversations import SIDES
from garage_tui.screens.common.app_state import app_state
from garage_tui.screens.common.run_text import fraction
from garage_tui.widgets.prompts import Confirm, Pick

_BASE_HINT = "Ask something below: all models get the same question, and answer side by side."
_BOOK_HINT = "The base model once more, with the facts found for your question in its prompt. Nothing is learned."
_TUNED_HINT = "This model learnt {rows} rows. Ask it what it was taught, and something it was not."
_ITS_TUNED = "The server's {model} answers here: `tuned` in [chat] of your settings says so."
_NO_TUNED = (
    "No tuned model yet.\n\nF2 shows your facts, t teaches them; when that run has finished, its model answers here."
)
_TAUGHT_NOW = (
    "No tuned model yet: {run} is at it ({how}). Its model answers here when it has finished; F3 shows how far it is."
)


def _no_tuned(runs: tuple[RunSnapshot, ...]) -> str:
    """Return what stands where a tuned model will answer: which run makes it, or how to have one."""
    if run := next((seen for seen in runs if seen.alive and not seen.draws), None):
        words = fraction(run.state) if run.state and run.state.step else run.status
        return _TAUGHT_NOW.format(run=run.id, how=words)
    return _NO_TUNED


def _not_here(base: str) -> str:
    """Return the sentence about a base model that is still to be fetched; empty where it is here. Reads folders."""
    try:
        model = models.find(base)
    except GarageError:
        return ""  # the first question says what is wrong
    if model.here:
        return ""
    known = models.KNOWN.get(model.name)
    return f"{one_line(model.name, 60)} is not here yet: your first question fetches it, once" + (
        f" ({known.download})." if known else "."
    )


class ChatPane(ChatColumns):
    """Conversations that share one line to type in.

    Args:
        facts_file: returns the facts file that is the open book, which is the one on the Facts screen.
        run_id: the run whose model is the tuned one at first; by default the newest.
    """

    HELP_PAGE = "guide/chat.md"
    HELP = (
        "Type a question and press Enter: the base model answers on the left, the model you tuned on the right. "
        "Ask what you taught, and also what you did not: a good run changes only what it was meant to. Ctrl+O has the "
        "base model answer once more with an open book: the facts of your file that the question is about, in its "
        "prompt.\n\n"
        "Tab goes to the answers, where the arrow keys choose one: e asks its question anew, c copies it, a makes a "
        "fact of it, x an exam question. While typing, Alt and the letter does the same to the newest.\n\n"
        "Answers come from a small server on this box that starts with your first question and leaves when it is "
        "not used. Each model sees its own conversation; Ctrl+L starts a new one. All are kept in datasets/chats."
    )
    FIRST_FOCUS = "#chat-input"
    HELP_GROUPS = (
        ("Ask", "stop step scroll columns pick settings"),
        ("Conversations", "clear reload"),
        ("An answer", "answers turn aside leave"),
        ("The server", "restart"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", key_display="Esc", tooltip="Stop the answers"),
        Binding("escape", "leave", "Back to the line to type in", show=False, key_display="Esc"),
        Binding("e", "turn('edit')", "Edit"),
        Binding("a", "turn('fact')", "Fact"),
        Binding("x", "turn('exam')", "Exam"),
        Binding("c,y", "turn('copy')", "Copy", key_display="c"),
        # The line to type in would take these for itself, and has no use for them.
        Binding(
            "tab,shift+tab",
            "answers",
            "Answers",
            key_display="Tab",
            priority=True,
            tooltip="Go to the answers: choose one, copy it, make a fact of it; and back",
        ),
        Binding("ctrl+o", "columns", "Book", tooltip="Another choice of columns: with the open book, or without"),
        Binding("ctrl+g", "settings", "Settings", tooltip="Temperature, length, seed, and the system prompt"),
        Binding("ctrl+y", "reload", "Chats", tooltip="Go on with an earlier chat, or delete one"),
        Binding("ctrl+l", "clear", "New", show=False, tooltip="Clear the conversation and begin a new one; it is kept"),
        Binding("ctrl+t,r", "pick", "Model", show=False, key_display="^t", tooltip="Choose which tuned model answers"),
        Binding("ctrl+r", "restart", show=False, tooltip="Start the model server again"),
        Binding(
            "alt+a",
            "turn('fact')",
            show=False,
            priority=True,
            tooltip="Make a fact of the question, with the answer you want",
        ),
        Binding(
            "alt+x",
            "turn('exam')",
            show=False,
            priority=True,
            tooltip="Make an exam question of it: never taught, asked later",
        ),
        Binding("alt+e", "turn('edit')", show=False, priority=True, tooltip="Edit a question, and go on from there"),
        Binding("alt+c", "turn('copy')", show=False, priority=True, tooltip="Copy an answer to the clipboard"),
        Binding("pageup", "scroll(-1)", show=False, priority=True, tooltip="Scroll all conversations up"),
        Binding("pagedown", "scroll(1)", show=False, priority=True, tooltip="Scroll all conversations down"),
        Binding("up", "step(-1)", show=False, priority=True, tooltip="The question before, or the turn above"),
        Binding("down", "step(1)", show=False, priority=True, tooltip="The question after, or the turn below"),
        Binding("left,h", "aside(-1)", "Choose the answer on the left", show=False),
        Binding("right,l", "aside(1)", "Choose the answer on the right", show=False),
        Binding("k", "step(-1)", "The turn above", show=False),
        Binding("j", "step(1)", "The turn below", show=False),
        Binding("enter,i", "answers", "Back to the line to type in", show=False),
    ]

    def __init__(
        self, workspace: Workspace, settings: Settings, facts_file: Callable[[], Path], run_id: str | None = None
    ) -> None:
        super().__init__(workspace, settings)
        self._facts_file, self._wanted = facts_file, run_id
        self._tuned: RunSnapshot | None = None
        self._picked = False
        self._gone = ""  # the run of a chat that came back, which is not here any more

    def on_mount(self) -> None:
        self.column("base").hint(_BASE_HINT)
        self.column("book").hint(_BOOK_HINT)
        self.column("tuned").hint(_NO_TUNED)
        self.lay_out()
        self.show_titles()
        self.watch(self.app, "runs", self._show_runs)
        self._tell_if_not_here()

    @work(group="base")
    async def _tell_if_not_here(self) -> None:
        if not self.settings.chat.server and (words := await asyncio.to_thread(_not_here, self.server.base)):
            self.column("base").hint(f"{_BASE_HINT}\n\n{words}")

    def reveal(self) -> None:
        super().reveal()
        self.show_titles()

    # The server

    @work(group="restart", exclusive=True)
    async def action_restart(self) -> None:
        """Start the server anew; where an answer is coming, after a question."""
        text = "What has come of it is kept; the rest is lost, for other programs that ask this server too."
        question = Confirm("An answer is still coming. Restart the server?", text, "Restart", "Let it answer")
        if self.talking and not await self.app.push_screen_wait(question):
            return
        self.notice.note("stopping the model server …")
        try:
            await self.server.restart()
        except GarageError as error:
            self.notice.wrong(one_line(str(error), 300))

    # Who answers

    @property
    def run_id(self) -> str:
        return self._tuned.id if self._tuned else ""

    @property
    def facts_file(self) -> Path:
        return self._facts_file()

    @property
    def sides(self) -> list[Side]:
        asked: dict[Side, bool] = {"base": True, "book": self.view > 0, "tuned": bool(self.run_id or self.server.tuned)}
        return [side for side in SIDES if asked[side]]

    def _choices(self, runs: tuple[RunSnapshot, ...]) -> list[RunSnapshot]:
        return [seen for seen in runs if seen.adapter and seen.status in ("finished", "stopped")]

    def _show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        choices = self._choices(runs)
        if self._wanted and any(seen.id == self._wanted for seen in choices):
            self.talk_to(self._wanted)
            self._wanted = None
        if self._tuned and any(seen.id == self._tuned.id for seen in choices):
            return
        newest, said = choices[0] if choices else None, self.open.transcript
        # What was asked before the runs were seen stays: another base could not go on with it.
        loses = bool(said.turns) and self._base_of(newest) != self.server.base
        if not (self._picked or self.talking or loses or said.has("tuned")):
            self._take(newest)
        if not self._tuned and not self.server.tuned:
            self.column("tuned").hint(_no_tuned(runs))

    def talk_to(self, run_id: str) -> None:
        """Put this run's model on the right."""
        runs: tuple[RunSnapshot, ...] = app_state(self).runs
        for seen in self._choices(runs):
            if seen.id == run_id:
                self._picked = True
                self._take(seen)

    def _take(self, seen: RunSnapshot | None) -> None:
        if seen is not None and seen.id == self.run_id:
            return
        base = self._base_of(seen)
        # Another model does not go on with what this one said; the conversation so far is kept in its file.
        if self.talking or base != self.server.base or self.open.transcript.has("tuned"):
            self.begin()
        self._use(seen, base)

    def _base_of(self, seen: RunSnapshot | None) -> str:
        name = str(seen.manifest.base.get("name", "")) if seen and seen.manifest else ""
        return name or self.settings.base_model

    def _use(self, seen: RunSnapshot | None, base: str, gone: str = "") -> None:
        self._tuned, self._gone, self.server.base = seen, gone, base
        rows = seen.manifest.dataset.get("rows", "?") if seen and seen.manifest else "?"
        hint = _TUNED_HINT.format(rows=rows) if seen else _no_tuned(app_state(self).runs)
        self.column("tuned").hint(_ITS_TUNED.format(model=one_line(self.server.tuned)) if self.server.tuned else hint)
        self.show_titles()

    def adopt(self, transcript: Transcript) -> None:
        runs: tuple[RunSnapshot, ...] = app_state(self).runs
        seen = next((seen for seen in self._choices(runs) if seen.id == transcript.run), None)
        self._picked = True
        self._use(seen, transcript.base or self.settings.base_model, "" if seen else transcript.run)
        if transcript.has("book") and not self.view:
            self.view = 1
        self.lay_out()

    @work(group="form", exclusive=True)
    async def action_pick(self) -> None:
        """Choose the run whose model answers on the right."""
        choices = self._choices(app_state(self).runs)
        if not choices:
            self.notice.wrong("no tuned model yet: F2 shows your facts, t teaches them")
            return
        ids = [seen.id for seen in choices]
        current = ids.index(self.run_id) if self.run_id in ids else 0
        choice = await self.app.push_screen_wait(Pick("Which tuned model?", ids, current))
        if choice is not None:
            self.talk_to(ids[choice])

    def show_titles(self) -> None:
        gone = f"{self._gone}, gone" if self._gone else "none yet"
        self.column("base").border_title = Content(f"Base · {one_line(model_label(self.server.base), 60)}")
        self.column("book").border_title = Content(f"Open book · {plain(self.facts_file.name)}")
        self.column("tuned").border_title = Content(f"Tuned · {one_line(self.server.tuned, 60) or self.run_id or gone}")
