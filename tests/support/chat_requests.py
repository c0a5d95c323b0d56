"""Requests to a model server with OpenAI's own client."""

from __future__ import annotations

from typing import Any

QUESTION = [{"role": "user", "content": "What is TinyLLM?"}]


def ask(client: Any, model: str, **settings: Any) -> Any:
    """Ask a question, greedily and with a short answer unless `settings` say otherwise."""
    settings = {"temperature": 0, "max_tokens": 16, "messages": QUESTION, **settings}
    return client.chat.completions.create(model=model, **settings)


def text_of(answer: Any) -> Any:
    return answer.choices[0].message.content
