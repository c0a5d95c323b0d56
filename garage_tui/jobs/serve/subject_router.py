"""Decides which model answers a request for the lasting name: the run in service, or its base model.

The run answers a conversation in which a subject of its facts is named (`core/routing/subjects.py`), from that message
on; the base model answers all others. Requests by a run's own id never come here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.routing.routes_file import read_routes, routes_stamp
from garage_tui.core.routing.subject_matcher import SubjectMatcher, conversation_texts
from garage_tui.core.runs.record import Run
from garage_tui.jobs.serve.base_tokenizer import base_tokenizer
from garage_tui.jobs.serve.lasting_name import Offer
from garage_tui.jobs.serve.openai_api.request_fields import CHAT
from garage_tui.jobs.serve.openai_api.request_schema import ChatRequest

_MAX_TOKEN = 2**31
"""No token has such an id, and the tokenizer takes none above."""


class SubjectRouter:
    """A `routes.Router`; writes a line to the server's log for each decision.

    Args:
        base: folder of the base model, whose tokenizer gives the text of prompts that are tokens.
        name: the lasting name, for the log.
        enabled: False lets the run in service answer everything.
        openings: True has several openings compared where a taught subject is named.
    """

    def __init__(self, base: Path, name: str, *, enabled: bool = True, openings: bool = False) -> None:
        self._base, self._name, self._enabled, self._openings = base, name, enabled, openings
        self._lock = threading.Lock()
        self._known: tuple[Any, SubjectMatcher | None] = (None, None)
        """What the matcher was made of, and the matcher; None where the run answers everything."""

    def route(self, offer: Offer, question: ChatRequest) -> Offer:
        """Return the offer itself, or its base model where the request names no taught subject. Blocks."""
        if not (self._enabled and offer.run):
            return offer
        matcher = self._matcher(offer.run)
        if matcher is None:
            return offer
        try:
            found = matcher.find(self._texts(question))
        except GarageError as error:  # a prompt of tokens, and no tokenizer
            self._say(f"{offer.model} answers, because the prompt cannot be read: {one_line(str(error), 300)}")
            return offer
        if found:
            self._say(f"{offer.model} answers, {one_line(found, 80)} is named")
            return replace(offer, compare_openings=self._openings)
        self._say("the base model answers, no taught subject is named")
        return Offer(offer.base, offer.base)

    def _matcher(self, run: Run) -> SubjectMatcher | None:
        key = (run.path, routes_stamp(run.path))
        with self._lock:
            if self._known[0] != key:
                self._known = (key, self._read(run))
            return self._known[1]

    def _read(self, run: Run) -> SubjectMatcher | None:
        subjects = read_routes(run.path)
        if subjects.gap:
            self._say(f"{run.id} answers everything: {one_line(subjects.gap, 300)}")
            return None
        return SubjectMatcher(subjects)

    def _texts(self, question: ChatRequest) -> Iterator[str]:
        if question.route == CHAT:
            yield from conversation_texts(question.fields["messages"])
            return
        for prompt in question.prompts:
            if isinstance(prompt, str):
                yield prompt
            else:
                yield base_tokenizer(self._base).decode([token for token in prompt if token < _MAX_TOKEN])

    def _say(self, text: str) -> None:
        print(f"{self._name}: {text}", flush=True)
