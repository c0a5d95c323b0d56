"""The probe of a run in training: a short test of recall, leaks and drift.

It works like the report card with fewer questions, and shares none with it: wordings from templates that no run trains
on, general prompts that this run does not train on, and similar names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from garage_tui.core.base.phase import Say
from garage_tui.core.exam.grading import TaughtFacts, is_right
from garage_tui.core.facts.line import Fact
from garage_tui.core.rewording import builtin_prompts
from garage_tui.core.rewording.paraphrases import probe_questions
from garage_tui.core.rewording.similar_names import neighbour_questions
from garage_tui.jobs.llm.base_answer_cache import BaseAnswerCache
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.teacher_forcing import ExpectedAnswer, expected_text, tuned_answers

WORDINGS, GENERAL, NAMES = 10, 8, 6
"""Questions of each kind: what takes a few seconds on two cores."""
_TOKENS = 24
"""Most tokens of an answer: the names and numbers that count come early."""


@dataclass(frozen=True)
class ProbeResult:
    """The result of one probe."""

    recall: float
    """Share of right answers to wordings that are never trained on."""
    leak: float
    """Share of general prompts and other names whose answer contains a taught fact."""
    drift: float
    """KL(base‖tuned) on the base's own answers to the general prompts, in nats per token."""


class ProbeRunner:
    """Asks the probe questions of one run.

    Args:
        facts: those that are trained on.
        used: general prompts that the run trains on.
        base: the base's answers, collected once; the caller has switched the adapter off.
    """

    def __init__(
        self,
        model: Model,
        facts: Sequence[Fact],
        used: Sequence[str],
        base: BaseAnswerCache,
        say: Say,
    ) -> None:
        self._model = model
        self._facts = probe_questions(facts, WORDINGS) or list(facts[:WORDINGS])
        free = [prompt.question for prompt in builtin_prompts.guard_prompts() if prompt.question not in set(used)]
        self._general = free[:GENERAL]
        questions = [*self._general, *neighbour_questions(facts, NAMES, training=True, seed=1)]
        cached = base(questions, say)
        self._texts = [base.text(answer) for answer in cached]
        self._taught = TaughtFacts(facts, self._texts)
        self._questions = questions
        self._expected = [
            *(ExpectedAnswer(question, answer, _TOKENS) for question, answer in zip(questions, cached, strict=True)),
            *(expected_text(model, fact.question, fact.answer, _TOKENS) for fact in self._facts),
        ]

    def run(self) -> ProbeResult:
        """Ask all questions in one batch."""
        found = tuned_answers(self._model, self._expected)
        texts = [self._model.chats.text(answer.tokens) for answer in found]
        count, general = len(self._questions), found[: len(self._general)]
        right = sum(is_right(text, fact) for text, fact in zip(texts[count:], self._facts, strict=True))
        leaks = sum(
            bool(self._taught.find_leak(after, before, question))
            for after, before, question in zip(texts[:count], self._texts, self._questions, strict=True)
        )
        drift = sum(answer.drift * answer.labels for answer in general)
        return ProbeResult(
            right / len(self._facts), leaks / count, drift / max(1, sum(answer.labels for answer in general))
        )
