"""The chat template of a base model: questions and answers as token ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from garage_tui.jobs.llm.chat_encoder import ChatEncoder


@dataclass(frozen=True)
class TokenizedExample:
    """A tokenized chat after the common prefix: the rest of its prompt, and the answer's tokens."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]

    @property
    def tokens(self) -> int:
        return len(self.prompt) + len(self.answer)


class ChatTemplate:
    """Encodes single questions and answers with one tokenizer's chat template."""

    def __init__(self, tokenizer: Any, end_tokens: frozenset[int]) -> None:
        self._tokenizer, self._encoder = tokenizer, ChatEncoder(tokenizer)
        self.end_tokens = end_tokens
        first = self.whole("aaaa")
        self.prefix = first[: common_prefix([first, self.whole("zzzz")])]
        """The tokens with which every chat begins."""
        ended = self._encoder.encode([*_user_message("aaaa"), {"role": "assistant", "content": "zzzz"}])
        closing = [token for token in ended[len(first) :] if token in end_tokens]
        self.end = closing[0] if closing else min(end_tokens)
        """The token that ends an answer in a training row."""

    def prompt(self, question: str) -> tuple[int, ...]:
        """Return a prompt's tokens after the prefix."""
        return tuple(self.whole(question)[len(self.prefix) :])

    def whole(self, question: str) -> list[int]:
        """Return all of a prompt's tokens."""
        return self._encoder.encode(_user_message(question), ask=True)

    def example(self, question: str, answer: str | Sequence[int], *, end: bool = True) -> TokenizedExample:
        """Return a question with its answer, as text or as tokens, followed by the end token if `end` is set."""
        tokens = self.encode(answer) if isinstance(answer, str) else list(answer)
        return TokenizedExample(self.prompt(question), (*tokens, *([self.end] if end else ())))

    def text(self, tokens: Sequence[int]) -> str:
        """Return tokens as text, without the half of a character at their end."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True)).rstrip("\ufffd")

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a bare text, none of them special."""
        return self._encoder.encode_text(text)

    def spells_special(self, text: str) -> bool:
        """Return whether a text spells out a special token, which is encoded as ordinary text."""
        return self._encoder.spells_special(text)


def _user_message(question: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}]


def common_prefix(rows: Sequence[Sequence[int]]) -> int:
    """Return the length of the common prefix of all rows, leaving each at least one token of its own."""
    shortest = min(map(len, rows)) - 1
    return next((at for at in range(shortest) if len({row[at] for row in rows}) > 1), max(0, shortest))
