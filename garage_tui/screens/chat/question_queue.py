"""The questions that wait while an answer streams, and what the frame of the input field says about them."""

from __future__ import annotations

import asyncio

from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.chat.transcripts import CHATS
from garage_tui.core.chat.waiting_questions import WaitingQuestions
from garage_tui.screens.chat.host import ChatHost


class QuestionQueue:
    """Questions that are asked one after another; each change is saved, so that the next start has them too."""

    def __init__(self, host: ChatHost) -> None:
        self._host = host
        self._waiting = WaitingQuestions(host.workspace.datasets / CHATS)

    def __len__(self) -> int:
        return len(self._waiting)

    def load(self) -> None:
        """Take over the questions that waited when an app ended, in a worker."""
        self._host.run_worker(self._load(), group="queue")

    async def _load(self) -> None:
        try:
            await asyncio.to_thread(self._waiting.load)
        except OSError as error:
            self._say(error)
        self._host.show_waiting()

    def close(self) -> None:
        """Keep the questions for the next start. Takes milliseconds: no thread would be waited for at the end."""
        self._waiting.close()

    def add(self, question: str) -> None:
        """Let a question wait until the answers before it have ended."""
        self._waiting.add(question)
        self._save()

    def take_next(self) -> str:
        """Return the question whose turn it is; there must be one."""
        question = self._waiting.take_next()
        self._save()
        return question

    def take_back(self) -> str:
        """Return the question that was added last, which does not wait any more; there must be one."""
        question = self._waiting.take_back()
        self._save()
        return question

    def text(self, *, held: bool) -> str:
        """Return what waits, and the keys that act on it; empty if nothing does.

        Args:
            held: whether nothing is being answered, so that somebody has to press Enter.
        """
        questions = self._waiting.questions
        if not questions:
            return ""
        count = plural(len(questions), "question")
        waits = f"{count} wait{'s' if len(questions) == 1 else ''}"
        keys = "Enter asks it · ↑ takes it back" if held else "↑ takes it back"
        if len(questions) > 1:
            keys = "Enter asks them · ↑ takes the last back" if held else "↑ takes the last back"
        return f"{waits} · {keys} · {one_line(questions[0], 60)}"

    def _save(self) -> None:
        self._host.show_waiting()
        self._host.run_worker(self._write(), group="queue")

    async def _write(self) -> None:
        try:
            await asyncio.to_thread(self._waiting.save)
        except OSError as error:
            self._say(error)

    def _say(self, error: OSError) -> None:
        why = why_not_written(error, self._waiting.path)
        self._host.notice.wrong(
            f"questions that wait cannot be kept in datasets/{CHATS}: {why}; "
            "they are asked all the same, as long as the app runs"
        )
