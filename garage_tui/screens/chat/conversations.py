"""The conversation that is open in the chat: how it is kept, how an earlier one comes back, and its settings."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from pathlib import Path

from textual import work
from textual.content import Content
from textual.widgets import Input

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.base.settings import Settings, Workspace
from garage_tui.core.chat import transcripts
from garage_tui.core.chat.input_history import InputHistory
from garage_tui.core.chat.transcripts import CHATS, Side, Transcript
from garage_tui.core.facts import file as facts
from garage_tui.widgets.conversation import Conversation, TurnView
from garage_tui.widgets.pane import Pane
from garage_tui.widgets.prompts import Confirm, PickOrDelete

SIDES: tuple[Side, ...] = ("base", "book", "tuned")


@dataclass
class OpenChat:
    """A conversation, and what is on disk of it."""

    transcript: Transcript = field(default_factory=Transcript)
    path: Path | None = None
    """Its file; None before the first answer."""
    stamp: facts.FileStamp | None = None
    """Of the file, when it was read or written here."""
    kept: bytes = b""
    """What was written."""
    guard: threading.Lock = field(default_factory=threading.Lock)
    """Held while it is written: at the end of the app both a thread and the event loop may want to."""

    def write(self, folder: Path) -> None:
        """Write what is not written yet; in a thread. Never over what another app has written into the same file.

        Raises:
            GarageError: it cannot be written.
        """
        with self.guard:
            data = transcripts.encode(self.transcript)
            if not self.transcript.turns or data == self.kept:
                return
            if self.path and facts.file_stamp(self.path) != self.stamp:
                self.path = None
            self.path = transcripts.save(folder, data, self.path, self.transcript.turns[0].question)
            self.stamp, self.kept = facts.file_stamp(self.path), data


class ChatFiles(Pane):
    """The part of the chat that keeps conversations. They are written after each answer, and once more at the end."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        super().__init__(id="chat")
        self.workspace, self.settings = workspace, settings
        self.open = OpenChat()
        self.recall = InputHistory()
        self._writing = asyncio.Lock()

    @property
    def _folder(self) -> Path:
        return self.workspace.datasets / CHATS

    def column(self, side: Side) -> Conversation:
        """Return the conversation of one side."""
        return self.query_one(f"#{side}", Conversation)

    @property
    def run_id(self) -> str:
        """Id of the run whose model is the tuned one; empty where there is none."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the answers that are still coming; what has come of them stays in the conversation."""
        raise NotImplementedError

    def settle(self) -> None:
        """Take what has come of the answers so far into the conversation."""
        raise NotImplementedError

    def adopt(self, transcript: Transcript) -> None:
        """Ask the models of a conversation that came back."""
        raise NotImplementedError

    # Keeping

    @work(group="keep")
    async def keep(self, chat: OpenChat) -> None:
        """Write a conversation, if there is something new in it."""
        async with self._writing:
            try:
                await asyncio.to_thread(chat.write, self._folder)
            except GarageError as error:
                self.notice.wrong(one_line(str(error), 300))

    def on_unmount(self) -> None:
        self.settle()
        try:
            self.open.write(self._folder)  # milliseconds, and nobody is left to wait for a thread
        except GarageError:
            return  # there is no screen any more to say it on, and it was said before

    # Beginning, and coming back

    def begin(self, turns: int = 0) -> None:
        """Go on in a new file, with the first `turns` of the conversation; what was said until now stays in the old."""
        self.stop()
        was = self.open.transcript
        self.open = OpenChat(
            Transcript(
                base=was.base, run=was.run, system=was.system, sampling=was.sampling, turns=list(was.turns[:turns])
            )
        )
        for side in SIDES:
            self.column(side).cut(turns)

    def action_clear(self) -> None:
        """Begin a new conversation."""
        kept = self.open.path
        self.begin()
        if kept:
            self.notice.note(f"A new conversation. The one before is kept: {CHATS}/{plain(kept.name)}")

    @work(group="form", exclusive=True)
    async def action_reload(self) -> None:
        """Choose an earlier conversation, and go on with it; or delete some."""
        notice, deleted = self.notice, 0
        current: int | None = None
        while True:
            found = await asyncio.to_thread(transcripts.listed, self._folder)
            if not found:
                if not deleted:
                    notice.note(f"No earlier chat yet: each is kept in datasets/{CHATS} from its first answer on")
                return
            if current is None:
                current = next((place for place, one in enumerate(found) if one.path == self.open.path), 0)
            pick = PickOrDelete("Which chat?", [one.words for one in found], min(current, len(found) - 1))
            choice = await self.app.push_screen_wait(pick)
            if choice is None:
                return
            if not pick.to_delete:
                break
            current = choice
            deleted += await self._delete(found[choice])
        path = found[choice].path
        stamp = facts.file_stamp(path)
        try:
            transcript = await asyncio.to_thread(transcripts.load, path)
        except GarageError as error:
            notice.wrong(str(error))
            return
        self._show(OpenChat(transcript, path, stamp, transcripts.encode(transcript)))
        gone = f"; the run {transcript.run} is gone, ^t chooses another" if transcript.run and not self.run_id else ""
        notice.note(f"{CHATS}/{plain(path.name)} goes on here{gone}")

    async def _delete(self, one: transcripts.TranscriptSummary) -> bool:
        """Ask, then delete a conversation; the one that is open is cleared with it. True where it is gone."""
        text = f"{one.words}\n\n{CHATS}/{plain(one.path.name)} is deleted. This cannot be undone."
        if not await self.app.push_screen_wait(Confirm("Delete this chat?", text, "Delete", "Keep it")):
            return False
        async with self._writing:
            if one.path == self.open.path:
                self.begin()
            try:
                await asyncio.to_thread(one.path.unlink, missing_ok=True)
            except OSError as error:
                self.notice.wrong(plain(f"{one.path.name} cannot be deleted: {error.strerror}"))
                return False
        self.notice.done(f"{CHATS}/{plain(one.path.name)} is deleted")
        return True

    def _show(self, chat: OpenChat) -> None:
        self.stop()
        self.open = chat
        self.adopt(chat.transcript)
        for side in SIDES:
            column = self.column(side)
            column.cut()
            column.add([_view(turn, side) for turn in chat.transcript.turns])
        self.recall.add(turn.question for turn in chat.transcript.turns)
        self.show_settings()

    # What every question goes with

    @work(group="form", exclusive=True)
    async def action_settings(self) -> None:
        """Ask for the sampling and the system prompt; they hold from the next question on."""
        from garage_tui.screens.chat.settings_dialog import ChatSettingsDialog  # noqa: PLC0415 (not needed for the first paint)

        now = self.open.transcript
        wanted = await self.app.push_screen_wait(ChatSettingsDialog(now.sampling, now.system))
        if wanted is not None:
            self.open.transcript.sampling, self.open.transcript.system = wanted
            self.show_settings()

    def show_settings(self) -> None:
        """Say on the frame of the line to type in what is not as usual."""
        now = self.open.transcript
        words = now.sampling.words + ([f"system: {one_line(now.system, 30)}"] if now.system else [])
        self.query_one(Input).border_subtitle = Content.styled(" · ".join(words), "$muted")


def _view(turn: transcripts.Turn, side: Side) -> TurnView:
    """Return a turn of a transcript as one side shows it."""
    answer = turn.answers.get(side)
    view = TurnView(turn.question, asked=answer is not None, open=False)
    if answer is None:
        return view
    view.answer, view.foot, view.wrong, view.note = answer.text, answer.foot, answer.wrong, answer.note
    if side == "book":
        view.known = found_words([one.row for one in turn.found])
    return view


def found_words(rows: list[int], file: str = "") -> str:
    """Return in words which rows of the facts file were put into the prompt."""
    if not rows:
        return f"found: no fact{f' in {file}' if file else ''}; asked without"
    several = len(rows) > 1
    return f"found: {len(rows)} fact{'s' * several} (row{'s' * several} {', '.join(map(str, sorted(rows)))})"
