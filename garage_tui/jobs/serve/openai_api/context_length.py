"""A prompt that is too long for the context of the model."""

from __future__ import annotations

from garage_tui.jobs.serve.openai_api.request_fields import BadFieldError

CONTEXT_TEXT = "This model's maximum context length is"
"""How the error about a prompt that is too long begins: clients know it, and shorten the conversation."""
_CONTEXT_TEXTS = ("maximum context length", "maximum model length", "available context size")
"""How vLLM and llama.cpp say it."""


class ContextLengthError(BadFieldError):
    """A prompt that does not fit.

    Args:
        context: how many tokens the model's context holds.
        tokens: how many the prompt has; 0 where that is not known.
    """

    def __init__(self, context: int, tokens: int, param: str = "messages") -> None:
        has = f"the prompt has {tokens}" if tokens else "the prompt has more"
        super().__init__(
            param,
            f"{CONTEXT_TEXT} {context} tokens, but {has}: shorten it, or start a new conversation",
        )


def says_too_long(message: str) -> bool:
    """Return whether an error message of an engine says that the prompt does not fit."""
    return any(text in message for text in _CONTEXT_TEXTS)
