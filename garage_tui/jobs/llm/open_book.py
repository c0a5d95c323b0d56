"""The base model's answers with the facts in its prompt: what it knows without any training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from garage_tui.core.facts import retrieval
from garage_tui.core.facts.line import Fact
from garage_tui.core.language.entities import content_words
from garage_tui.jobs.llm.chat_template import common_prefix
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.greedy_decode import decode

_BOOK_TOKENS, _BOOK_FACTS = 1000, 12


def open_book_answers(
    model: Model, questions: Sequence[Fact], taught: Sequence[Fact], most: int, on_progress: Callable[[int], None]
) -> list[str]:
    """Return the greedy answers with the facts in the prompt: all of them, or the nearest if there are many.

    Args:
        model: without its adapter.
        questions: rows whose questions are asked.
        taught: rows whose facts are in the prompt.
        most: most tokens of an answer.
        on_progress: called with the number of finished answers; it may raise to cancel.
    """
    statements = list(dict.fromkeys(fact.content for fact in taught))
    chats = model.chats
    if sum(len(chats.encode(statement)) for statement in statements) <= _BOOK_TOKENS:
        books = [statements] * len(questions)
    else:
        books = [_nearest(fact, statements) for fact in questions]
    prompts = [
        chats.whole(retrieval.prompt_with_facts(fact.question, book))
        for fact, book in zip(questions, books, strict=True)
    ]
    shared = common_prefix(prompts)
    found = decode(
        model, [prompt[shared:] for prompt in prompts], most, prefix=prompts[0][:shared], on_progress=on_progress
    )
    return [chats.text(one.tokens) for one in found]


def _nearest(fact: Fact, statements: Sequence[str]) -> list[str]:
    """Return the statements that share the most words with a question."""
    question_words = content_words(fact.question)
    return sorted(statements, key=lambda statement: -len(question_words & content_words(statement)))[:_BOOK_FACTS]
