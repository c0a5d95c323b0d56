"""Puts the facts that the run in service has not learned into the prompts of chats with the lasting name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import plural
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.runs.record import Run
from garage_tui.core.school.served_book import ServedBook
from garage_tui.jobs.serve.openai_api.request_fields import CHAT
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest


class PromptBook:
    """A `routes.Book`; its log has how many facts a prompt got, never which.

    Args:
        find_file: returns the path of the facts file.
        name: the lasting name, for the log.
        enabled: False puts nothing in.
    """

    def __init__(self, find_file: Callable[[], Path], name: str, *, enabled: bool = True) -> None:
        self._book = ServedBook(find_file)
        self._name, self._enabled = name, enabled
        self._logged = ""

    def open(self, run: Run | None, question: ChatRequest) -> tuple[ChatRequest, tuple[str, ...]]:
        """Return a request with the facts that its conversation is about, and these facts. Blocks: it reads files.

        A prompt of `/v1/completions` gets none: it is the text that the model goes on with, and no question.

        Args:
            run: the run in service; None while it is the base model.
        """
        if not self._enabled or question.route != CHAT:
            return question, ()
        try:
            found = self._book.put_into(question.fields["messages"], run)
            problem = self._book.problem
        except GarageError as error:  # an answer without facts is better than none
            found, problem = None, f"the open book stays closed: {error}"
        if problem and problem != self._logged:
            self._log(one_line(problem, 300))
        self._logged = problem
        if found is None or not found.statements:
            return question, ()
        self._log(f"{plural(len(found.statements), 'untaught fact')} in the prompt")
        return replace(question, fields={**question.fields, "messages": found.messages}), found.statements

    def _log(self, text: str) -> None:
        print(f"{self._name}: {text}", flush=True)
