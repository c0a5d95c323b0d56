"""A quick look at a run while it learns: does it know the facts in other words, does it say them elsewhere?

Like the report card, but small, and with none of its questions: wordings from templates that no run trains on, general
prompts that this run does not train on, and look-alike names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from garage_tui.core import material
from garage_tui.core.facts import Fact
from garage_tui.core.grading import Taught, is_right
from garage_tui.core.neighbours import neighbours
from garage_tui.core.paraphrases import probes
from garage_tui.jobs.base_answers import Answer, BaseAnswers
from garage_tui.jobs.drafts import Draft, answers
from garage_tui.jobs.forward import Model

WORDINGS, GENERAL, NAMES = 12, 10, 6
"""Questions of each kind: what takes a few seconds on two cores."""


@dataclass(frozen=True)
class Found:
    """What one look found."""

    recall: float
    """Share of right answers to wordings that were never trained."""
    leak: float
    """Share of general prompts and other names whose answer says what was taught."""
    drift: float
    """KL(base‖tuned) on the base's own answers to the general prompts, in nats per token."""


class Probe:
    """The questions of the looks at one run.

    Args:
        facts: what is trained.
        used: general prompts that the run trains on.
        base: asked once, with the adapter switched off by the caller.
    """

    def __init__(
        self, model: Model, facts: Sequence[Fact], used: Sequence[str], base: BaseAnswers, say: Callable[[str], None]
    ) -> None:
        self._model = model
        self._facts = probes(facts, WORDINGS) or list(facts[:WORDINGS])
        free = [prompt.question for prompt in material.guards() if prompt.question not in set(used)]
        self._general = free[:GENERAL]
        asked = [*self._general, *neighbours(facts, NAMES, training=True, seed=1)]
        said = base(asked, say)
        self._texts = [base.text(answer) for answer in said]
        self._drafts = [Draft(question, answer) for question, answer in zip(asked, said, strict=True)]
        self._taught = Taught(facts, self._texts)
        self._most = max(len(model.chats.encode(fact.answer)) for fact in self._facts) + 4
        self._expected = [
            Draft(fact.question, Answer(tuple(model.chats.encode(fact.answer)), True, torch.empty(0)))
            for fact in self._facts
        ]

    def look(self) -> Found:
        """Ask everything now."""
        with torch.no_grad():
            said = answers(self._model, self._drafts, len(max(self._drafts, key=_size).answer.tokens))
            told = answers(self._model, self._expected, self._most)
        text = self._model.chats.text
        right = sum(is_right(text(answer.tokens), fact) for answer, fact in zip(told, self._facts, strict=True))
        leaks = sum(
            bool(self._taught.new_in(text(after.tokens), before, draft.question))
            for after, before, draft in zip(said, self._texts, self._drafts, strict=True)
        )
        about = said[: len(self._general)]
        tokens = sum(answer.labels for answer in about)
        drift = sum(answer.drift * answer.labels for answer in about) / max(1, tokens)
        return Found(right / len(self._facts), leaks / len(self._drafts), drift)


def _size(draft: Draft) -> int:
    return len(draft.answer.tokens)
