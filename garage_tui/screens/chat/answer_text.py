"""What the chat says about an answer: what was found for it, its statistics, and a saved turn as a view."""

from __future__ import annotations

from collections.abc import Sequence

from garage_tui.core.base.format import plural
from garage_tui.core.chat.client import AnswerEnd
from garage_tui.core.chat.transcripts import Side, Turn
from garage_tui.core.documents.retrieval import RetrievedPassage
from garage_tui.core.facts.retrieval import RetrievedFacts
from garage_tui.widgets.turn_view import TurnView

_MIN_SECONDS = 0.02
"""Time from the first to the last token below which they came at once, and tokens in a second say nothing."""


def retrieved_text(found: Sequence[RetrievedFacts], passages: Sequence[RetrievedPassage] = (), file: str = "") -> str:
    """Return which rows of the facts file and which passages of documents were put into the prompt.

    Args:
        file: name of the facts file; empty leaves it out.
    """
    rows = sorted(fact.row for fact in found)
    parts = [f"{plural(len(rows), 'fact')} (row{'s' * (len(rows) > 1)} {', '.join(map(str, rows))})"] * bool(rows)
    parts += dict.fromkeys(passage.citation for passage in passages)
    if parts:
        return f"found {' · '.join(parts)}"
    return f"found no facts{f' in {file}' if file else ''}: asked without any"


def answer_statistics(end: AnswerEnd) -> str:
    """Return length, speed and latency of an answer, as far as the server reports them; half of 80 columns has space.

    `26 tokens · 8.2/s · first 1.7 s`: tokens in a second, and how long the first one took. Before them stands how many
    facts the server put into the prompt, because the model in service has not learned them.
    """
    book = f"{plural(len(end.book), 'fact')} from the book" if end.book else ""
    parts = [book, f"{end.completion_tokens} tokens" if end.completion_tokens is not None else ""]
    parts.append(f"{end.tokens_per_s:.1f}/s" if _seconds(end) >= _MIN_SECONDS and end.tokens_per_s else "")
    parts.append(f"first {end.first_token_s:.1f} s" if end.first_token_s is not None else "")
    parts.append("stopped at the length limit" if end.finish_reason == "length" else "")
    return " · ".join(filter(None, parts))


def _seconds(end: AnswerEnd) -> float:
    """Return how long the tokens after the first one took; 0 where that is unknown."""
    return (end.completion_tokens - 1) / end.tokens_per_s if end.completion_tokens and end.tokens_per_s else 0.0


def turn_view(turn: Turn, side: Side) -> TurnView:
    """Return a turn of a transcript as the column of one side shows it."""
    answer = turn.answers.get(side)
    view = TurnView(turn.question, skipped=answer is None, streaming=False)
    if answer is None:
        return view
    view.answer, view.footer, view.failed, view.warning = answer.text, answer.foot, answer.wrong, answer.note
    if side == "book":
        view.context = retrieved_text(turn.found, turn.passages)
    return view
