"""The conversation that is open: it is saved after each answer, earlier ones are opened or deleted, its settings."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.content import Content

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line, plain
from garage_tui.core.chat import transcripts
from garage_tui.core.chat.input_history import InputHistory
from garage_tui.core.chat.open_chat import OpenChat
from garage_tui.core.chat.transcripts import CHATS
from garage_tui.screens.chat.answer_text import turn_view
from garage_tui.screens.chat.column_choice import SIDES
from garage_tui.screens.chat.host import ChatHost
from garage_tui.widgets.confirm_and_pick import Confirm, PickOrDelete


class Conversations:
    """Owns the open conversation and its file, and the questions that the up key recalls."""

    def __init__(self, host: ChatHost) -> None:
        self._host = host
        self.open = OpenChat()
        self.history = InputHistory()
        self._file_lock = asyncio.Lock()
        """Held while a file is saved or deleted."""

    @property
    def _folder(self) -> Path:
        return self._host.workspace.datasets / CHATS

    # Saving

    def save(self, chat: OpenChat) -> None:
        """Save a conversation if it has changed, in a worker."""
        self._host.run_worker(self._save(chat), group="keep")

    async def _save(self, chat: OpenChat) -> None:
        async with self._file_lock:
            try:
                await asyncio.to_thread(chat.save, self._folder)
            except GarageError as error:
                self._host.notice.wrong(one_line(str(error), 300))

    def save_at_exit(self) -> None:
        """Save the open conversation now: it takes milliseconds, and no thread would be waited for."""
        try:
            self.open.save(self._folder)
        except GarageError:
            return  # the screen is gone; the same error was shown after the answer before

    # New and earlier conversations

    def branch(self, turns: int = 0) -> None:
        """Continue in a new file with the first `turns` turns; the conversation so far stays in its own."""
        self._host.leave_conversation()
        self.open = self.open.branch(turns)
        self._host.columns.truncate(turns)

    def start_new(self) -> None:
        """Begin a new conversation."""
        old = self.open.path
        self.branch()
        if old:
            self._host.notice.note(f"New conversation. The one before is saved in {CHATS}/{plain(old.name)}")

    def open_earlier(self) -> None:
        """Let the user choose an earlier conversation to continue, or delete some."""
        self._host.run_worker(self._open_earlier(), group="form", exclusive=True)

    async def _open_earlier(self) -> None:
        path = await self._choose_earlier()
        if path is None:
            return
        try:
            chat = await asyncio.to_thread(OpenChat.load, path)
        except GarageError as error:
            self._host.notice.wrong(str(error))
            return
        self._show(chat)
        run = chat.transcript.run
        missing = f"; its run {run} is missing, ^t chooses another" if run and not self._host.tuned_model else ""
        self._host.notice.note(f"Continuing {CHATS}/{plain(path.name)}{missing}")

    async def _choose_earlier(self) -> Path | None:
        """Return the file of the chosen conversation; None if the user leaves the list."""
        deleted = False
        current: int | None = None
        while True:
            found = await asyncio.to_thread(transcripts.list_transcripts, self._folder)
            if not found:
                if not deleted:
                    note = f"No earlier chats yet: each is saved in datasets/{CHATS} after its first answer"
                    self._host.notice.note(note)
                return None
            if current is None:
                current = next((index for index, one in enumerate(found) if one.path == self.open.path), 0)
            dialog = PickOrDelete("Which chat?", [one.label for one in found], min(current, len(found) - 1))
            choice = await self._host.ask(dialog)
            if choice is None:
                return None
            if not dialog.to_delete:
                return found[choice].path
            current = choice
            deleted = await self._delete(found[choice]) or deleted

    async def _delete(self, summary: transcripts.TranscriptSummary) -> bool:
        """Ask, then delete a conversation; the open one is cleared too. True if it was deleted."""
        path = summary.path
        text = f"{summary.label}\n\n{CHATS}/{plain(path.name)} will be deleted.\nThis cannot be undone."
        if not await self._host.ask(Confirm("Delete this chat?", text, "Delete", "Keep it")):
            return False
        async with self._file_lock:
            chat = self.open
            if path == chat.path:
                self.branch()  # what it stops is saved by its worker, after this
            try:
                await asyncio.to_thread(path.unlink, missing_ok=True)
            except OSError as error:
                self._host.notice.wrong(plain(f"{path.name} cannot be deleted: {error.strerror}"))
                return False
            if path == chat.path:
                chat.is_deleted = True
        self._host.notice.done(f"{CHATS}/{plain(path.name)} was deleted")
        return True

    def _show(self, chat: OpenChat) -> None:
        self._host.leave_conversation()
        self.open = chat
        columns = self._host.columns
        columns.truncate()
        for side in SIDES:
            columns[side].add_turns([turn_view(turn, side) for turn in chat.transcript.turns])
        self.history.add(turn.question for turn in chat.transcript.turns)
        self.show_settings()
        self._host.show_opened(chat.transcript)

    # Sampling parameters and system prompt

    def ask_settings(self) -> None:
        """Open the dialog of sampling parameters and system prompt; they apply from the next question on."""
        self._host.run_worker(self._ask_settings(), group="form", exclusive=True)

    async def _ask_settings(self) -> None:
        from garage_tui.screens.chat.settings_dialog import ChatSettingsDialog  # noqa: PLC0415 (not needed for the first paint)

        transcript = self.open.transcript
        settings = await self._host.ask(ChatSettingsDialog(transcript.sampling, transcript.system))
        if settings is not None:
            self.open.transcript.sampling, self.open.transcript.system = settings
            self.show_settings()

    def show_settings(self) -> None:
        """Show on the frame of the input field which settings differ from the defaults."""
        transcript = self.open.transcript
        parts = transcript.sampling.differences
        parts += [f"system: {one_line(transcript.system, 30)}"] if transcript.system else []
        self._host.question_input.border_subtitle = Content.styled(" · ".join(parts), "$muted")
