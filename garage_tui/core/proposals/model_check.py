"""The check that needs a model: with the quote in its prompt it answers correctly, without it does not.

A model that fails with the quote cannot be taught by it, or the question does not fit; one that answers correctly
without the quote knows the fact already.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from garage_tui.core.base.sanitize import one_line
from garage_tui.core.chat.client import AnswerChunk, ServerAddress, stream
from garage_tui.core.chat.sampling_params import SamplingParams
from garage_tui.core.exam.grading import is_right, missing_part
from garage_tui.core.facts.line import Fact
from garage_tui.core.facts.retrieval import prompt_with_facts
from garage_tui.core.proposals.proposal import Proposal, ProposalCheck

MODEL_CHECK = "model"
MAX_TOKENS = 128
Ask = Callable[[str], Awaitable[str]]
"""From a prompt to the model's answer."""


async def check_with_model(proposal: Proposal, ask: Ask) -> Proposal:
    """Return a proposal with the check of a model, in place of an earlier one.

    Args:
        ask: asks the model; it raises `ChatError` where the server does not answer.
    """
    question = proposal.questions[0] if proposal.questions else proposal.exam_question
    must = [part if isinstance(part, str) else list(part) for part in proposal.must]
    row = Fact(question, proposal.answer, {"must": must} if must else {})
    reply = await ask(prompt_with_facts(question, [proposal.quote]))
    if missing := missing_part(reply, row):
        shown = one_line(reply, 80) or "nothing"
        wrong = f"with the quote in its prompt the model answers “{shown}”: it lacks {one_line(missing, 60)}"
    else:
        alone = await ask(question)
        wrong = f"the model knows it already: “{one_line(alone, 80)}”" if is_right(alone, row) else ""
    right = "the model answers it correctly with the quote, and not without it"
    check = ProposalCheck(MODEL_CHECK, not wrong, wrong or right)
    others = tuple(one for one in proposal.checks if one.name != MODEL_CHECK)
    return msgspec.structs.replace(proposal, checks=(*others, check))


def asking(address: ServerAddress, model: str) -> Ask:
    """Return a function that asks a model of a server, with greedy decoding."""

    async def ask(prompt: str) -> str:
        reply = ""
        sampling = SamplingParams(max_tokens=MAX_TOKENS)
        async for piece in stream(address, model, [{"role": "user", "content": prompt}], sampling):
            if isinstance(piece, AnswerChunk):
                reply += piece.text
        return reply

    return ask
