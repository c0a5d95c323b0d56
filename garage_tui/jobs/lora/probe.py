"""A quick look at a run while it learns: does it know the facts in other words, does it say them elsewhere?

Like the report card, but small, and with none of its questions: wordings from templates that no run trains on, general
prompts that this run does not train on, and look-alike names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from garage_tui.core.exam.grading import TaughtFacts, is_right
from garage_tui.core.facts.file import Fact
from garage_tui.core.rewording import builtin_prompts as material
from garage_tui.core.rewording.neighbourhood import neighbours
from garage_tui.core.rewording.paraphrases import probes
from garage_tui.jobs.llm.base_answer_cache import BaseAnswerCache
from garage_tui.jobs.llm.forward import Model
from garage_tui.jobs.llm.teacher_forcing import ForcedAnswer, answers, written

WORDINGS, GENERAL, NAMES = 10, 8, 6
"""Questions of each kind: what takes a few seconds on two cores."""
_TOKENS = 24
"""Of an answer: the names and numbers that count come early."""


@dataclass(frozen=True)
class ProbeResult:
    """What one look found."""

    recall: float
    """Share of right answers to wordings that were never trained."""
    leak: float
    """Share of general prompts and other names whose answer says what was taught."""
    drift: float
    """KL(base‖tuned) on the base's own answers to the general prompts, in nats per token."""


class ProbeRunner:
    """The questions of the looks at one run.

    Args:
        facts: what is trained.
        used: general prompts that the run trains on.
        base: asked once, with the adapter switched off by the caller.
    """

    def __init__(
        self,
        model: Model,
        facts: Sequence[Fact],
        used: Sequence[str],
        base: BaseAnswerCache,
        say: Callable[[str], None],
    ) -> None:
        self._model = model
        self._facts = probes(facts, WORDINGS) or list(facts[:WORDINGS])
        free = [prompt.question for prompt in material.guards() if prompt.question not in set(used)]
        self._general = free[:GENERAL]
        asked = [*self._general, *neighbours(facts, NAMES, training=True, seed=1)]
        said = base(asked, say)
        self._texts = [base.text(answer) for answer in said]
        self._taught = TaughtFacts(facts, self._texts)
        self._asked = asked
        self._drafts = [
            *(ForcedAnswer(question, answer, _TOKENS) for question, answer in zip(asked, said, strict=True)),
            *(written(model, fact.question, fact.answer, _TOKENS) for fact in self._facts),
        ]

    def look(self) -> ProbeResult:
        """Ask everything now, together."""
        found = answers(self._model, self._drafts)
        texts = [self._model.chats.text(answer.tokens) for answer in found]
        count, general = len(self._asked), found[: len(self._general)]
        right = sum(is_right(text, fact) for text, fact in zip(texts[count:], self._facts, strict=True))
        leaks = sum(
            bool(self._taught.find_leak(after, before, question))
            for after, before, question in zip(texts[:count], self._texts, self._asked, strict=True)
        )
        drift = sum(answer.drift * answer.labels for answer in general)
        return ProbeResult(
            right / len(self._facts), leaks / count, drift / max(1, sum(answer.labels for answer in general))
        )
