"""An engine's answer to `/v1/completions` in the form of a chat's, with the opening that was chosen for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

COMPLETIONS = "/v1/completions"
_ONLY_CHAT = frozenset(
    {
        "max_completion_tokens",
        "messages",
        "logprobs",
        "top_logprobs",
        "response_format",
        "tools",
        "tool_choice",
    }
)


@dataclass(frozen=True)
class OpeningText:
    """The opening of an answer, which the engine got behind the prompt."""

    text: str = ""
    tokens: int = 0
    """How many tokens of the engine's prompt it is."""

    def count(self, usage: dict[str, Any]) -> None:
        """Count the opening among the tokens of the answer, instead of those of the prompt."""
        usage["prompt_tokens"] -= self.tokens
        usage["completion_tokens"] += self.tokens


NO_OPENING = OpeningText()


def as_completion(request: Mapping[str, Any], prompt: Sequence[int]) -> dict[str, Any]:
    """Return a chat request as a request to `COMPLETIONS` with its prompt as token ids."""
    return {**{name: value for name, value in request.items() if name not in _ONLY_CHAT}, "prompt": list(prompt)}


def make_chat_chunk(chunk: dict[str, Any], begun: set[int], opening: OpeningText) -> None:
    """Change one event of a stream in place.

    Args:
        begun: indices of the answers that have had an event before; this one's are added.
    """
    chunk["object"] = "chat.completion.chunk"
    for choice in chunk["choices"]:
        text = choice.pop("text", "")
        choice["delta"] = {"content": text} if text else {}
        if choice["index"] not in begun:
            begun.add(choice["index"])
            choice["delta"] = {"role": "assistant", "content": opening.text + text}
    if chunk.get("usage"):
        opening.count(chunk["usage"])


def make_chat(answer: dict[str, Any], opening: OpeningText) -> None:
    """Change a whole answer in place."""
    answer["object"] = "chat.completion"
    for choice in answer["choices"]:
        choice["message"] = {"role": "assistant", "content": opening.text + choice.pop("text", "")}
    if answer.get("usage"):
        opening.count(answer["usage"])
