"""Adds the facts that clients tell the lasting name in a chat: a message that begins with `remember:`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.school.fact_input import read_fact
from garage_tui.core.school.remember import remember
from garage_tui.jobs.serve.openai_api.request_fields import CHAT
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest

_BEGINS = re.compile(r"\s*remember\s*:", re.IGNORECASE)


class ChatMemory:
    """Adds what a chat message tells to a facts file (`routes.Memory`).

    Args:
        find_file: returns the path of the facts file that facts are added to.
        base: name of the base model, whose special tokens no fact may spell out.
        enabled: False takes such a message as any other.
    """

    def __init__(self, find_file: Callable[[], Path], base: str, *, enabled: bool) -> None:
        self._find_file, self._base, self._enabled = find_file, base, enabled

    def take(self, question: ChatRequest) -> str:
        """Add the fact that the newest message tells, and return what became of it in a sentence or two; empty where it
        tells none. Blocks: it writes files.

        Earlier messages of the conversation were new once, and are not told again.
        """
        if not self._enabled or question.route != CHAT:
            return ""
        message = question.fields["messages"][-1]
        begin = _BEGINS.match(message["content"]) if message["role"] == "user" else None
        if begin is None:
            return ""
        try:
            fact = read_fact(message["content"][begin.end() :], base_model=self._base)
            remembered = remember(self._find_file(), fact, "api")
        except GarageError as error:
            return f"Nothing was added: {error}."
        return " ".join(f"{part}." for part in (remembered.sentence, remembered.warning) if part)
