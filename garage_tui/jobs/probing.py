"""A quick look at a run while it learns: does it know the facts in other words, does it say them elsewhere?

Like the report card, but small, and with none of its questions: wordings from templates that no run trains on, general
prompts that this run does not train on, and look-alike names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from garage_tui.core import material
from garage_tui.core.facts import Fact
from garage_tui.core.grading import Taught, is_right
from garage_tui.core.neighbours import neighbours
from garage_tui.core.paraphrases import probes
from garage_tui.jobs.base_answers import BaseAnswers
from garage_tui.jobs.drafts import Draft, mean_drift
from garage_tui.jobs.forward import Model

WORDINGS, GENERAL, NAMES = 10, 8, 6
"""Questions of each kind: what takes a few seconds on two cores."""
_TOKENS = 24
"""Of an answer: the names and numbers that count come early."""


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
        general = zip(self._general, said, strict=False)
        self._drafts = [Draft(question, answer) for question, answer in general]
        self._taught = Taught(facts, self._texts)
        self._asked = [*(fact.question for fact in self._facts), *asked]

    def look(self) -> Found:
        """Ask everything now, in one batch."""
        chats = self._model.chats
        found = self._model.answer([chats.prompt(question) for question in self._asked], _TOKENS)
        texts = [chats.text(tokens) for tokens, _, _ in found]
        count = len(self._facts)
        right = sum(is_right(text, fact) for text, fact in zip(texts[:count], self._facts, strict=True))
        leaks = sum(
            bool(self._taught.new_in(after, before, question))
            for after, before, question in zip(texts[count:], self._texts, self._asked[count:], strict=True)
        )
        return Found(right / count, leaks / len(self._texts), mean_drift(self._model, self._drafts))
