"""The writer that is a model: any OpenAI-compatible server that the owner names, or the one that is served here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from garage_tui.core.chat.chat_error import ChatError, ServerRefusalError
from garage_tui.core.chat.client import AnswerChunk, ServerAddress, stream
from garage_tui.core.chat.sampling_params import SamplingParams
from garage_tui.core.documents.passage import Passage
from garage_tui.core.proposals.proposal import WrittenFact
from garage_tui.core.proposals.writer_prompt import MAX_REPLY, read_reply, response_format, write_messages

MAX_TRIES = 3
"""Requests for one passage: the first, and two more where the reply is no JSON or the server is busy."""
MAX_WAIT = 30.0
"""Seconds that are waited at most before the next request to a server that is busy."""
_SECONDS = 600.0
"""Longest time of one reply; a small box writes a page of JSON in some minutes."""
_TOKENS_A_WORD, _LEAST_TOKENS, _MOST_TOKENS = 12, 512, 6000
_BUSY = (429, 500, 502, 503, 504)
_UNKNOWN_FIELD = (400, 404, 415, 422, 501)


class NoJsonError(ChatError):
    """The model's replies hold no JSON of the kind that was asked for."""


@dataclass
class ModelWriter:
    """Asks one model for the facts of one passage after the other."""

    address: ServerAddress
    model: str
    uses_schema: bool = True
    """Whether the server is asked to hold the model to the JSON schema; it becomes False where the server cannot."""

    async def write(self, passage: Passage, title: str = "") -> list[WrittenFact]:
        """Return the facts that the model writes for a passage; they are not checked.

        Raises:
            NoJsonError: none of its replies can be read.
            ChatError: the server does not answer.
        """
        for attempt in range(MAX_TRIES):
            try:
                reply = await asyncio.wait_for(self._ask(passage, title, attempt), _SECONDS)
            except TimeoutError as error:
                raise ChatError(f"{self.model} did not end its reply within {_SECONDS / 60:.0f} minutes") from error
            except ServerRefusalError as error:
                if self.uses_schema and error.status in _UNKNOWN_FIELD:
                    self.uses_schema = False  # the reply is read as leniently then
                    continue
                if error.status not in _BUSY or attempt == MAX_TRIES - 1:
                    raise
                await asyncio.sleep(min(MAX_WAIT, error.retry_after or 2.0 * (attempt + 1)))
                continue
            facts = read_reply(reply)
            if facts is not None:
                return facts
        raise NoJsonError(f"{self.model} did not reply with JSON for this passage, {MAX_TRIES} times")

    async def _ask(self, passage: Passage, title: str, attempt: int) -> str:
        size = _TOKENS_A_WORD * len(passage.text.split())
        # The likeliest reply first; another one where that was no JSON.
        sampling = SamplingParams(
            temperature=0.3 * attempt, max_tokens=min(_MOST_TOKENS, max(_LEAST_TOKENS, size)), seed=attempt or None
        )
        more = {"response_format": response_format()} if self.uses_schema else {}
        reply = ""
        async for piece in stream(self.address, self.model, write_messages(passage, title), sampling, more):
            if isinstance(piece, AnswerChunk):
                reply += piece.text
                if len(reply) > MAX_REPLY:
                    break
        return reply
