"""The instruments of `diagnose.py`: what a tuned model knows beside what it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

import torch

from garage_tui.core.exam.grading import TaughtFacts, is_right
from garage_tui.core.exam.report import OTHER_TOKENS
from garage_tui.core.exam.rivals import RivalAnswers
from garage_tui.core.facts.line import Fact
from garage_tui.core.language.fold import fold
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.rewording import builtin_prompts
from garage_tui.core.rewording.paraphrases import held_back_questions, paraphrase_answers, paraphrase_questions
from garage_tui.core.rewording.similar_names import neighbour_questions
from garage_tui.jobs.exam import NEIGHBOURS, UNRELATED
from garage_tui.jobs.llm.answer_ranking import answer_log_probabilities, is_right_first, token_log_probabilities
from garage_tui.jobs.llm.base_answer_cache import BaseAnswerCache
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.teacher_forcing import ExpectedAnswer, expected_text, tuned_answers

BEAMS = 6
FIRST = 4
"""Tokens of the beginning of an answer."""
ANSWER = 32
"""Most tokens of an answer to a taught question."""
_WORDINGS = 14
"""Wordings of a row from which the linear reading learns."""
_FIRST_LAYER, _LAST_LAYER = 1 / 3, 1.0
"""Share of the layers whose hidden states are read."""
_RIDGE = 0.1

Share = tuple[int, int]
"""(hits, of how many)"""


@dataclass(frozen=True)
class Exam:
    """The rows of a set, and its exam questions by kind."""

    trained: list[Fact]
    ordinary: list[Fact]
    indirect: list[Fact]


class Instruments:
    """Measures one tuned model on one set.

    Args:
        model: the base with the adapter on it, in evaluation mode.
    """

    def __init__(self, model: Model, base: BaseModel, exam: Exam) -> None:
        self._model, self._base, self._exam = model, base, exam
        forms = paraphrase_answers(exam.trained)
        self._forms: dict[str, dict[str, None]] = {}
        """All that may be taught as an answer, by the folded fact."""
        for fact, answers in zip(exam.trained, forms, strict=True):
            self._forms.setdefault(fold(fact.content), {}).update(dict.fromkeys(answers))

    def measure(self) -> dict[str, Any]:
        """Return all figures of the tuned model."""
        exam = self._exam
        found: dict[str, Any] = {}
        with torch.inference_mode():
            right = {}
            for part in ("trained", "ordinary", "indirect"):
                facts: list[Fact] = getattr(exam, part)
                right[part] = self._greedy(facts)
                found[part] = share(right[part])
            for part in ("ordinary", "indirect"):
                facts = getattr(exam, part)
                found[f"{part}_ranked"] = share(self._ranked(facts, right[part]))
            beams = self._beams(exam.ordinary)
            found["ordinary_beams"] = share(beams)
            pairs = list(zip(right["ordinary"], beams, strict=True))
            found["beams_mend"] = sum(beam and not greedy for greedy, beam in pairs)
            found["beams_break"] = sum(greedy and not beam for greedy, beam in pairs)
            found["first_tokens"] = self._first_tokens(held_back_questions(exam.trained, 200))
            found["first_tokens_ordinary"] = self._first_tokens(exam.ordinary)
            found |= self._others()
        return found

    def at_strength(self, strength: float) -> dict[str, Any]:
        """Return the ordinary paraphrases, leak and drift with the adapter at another strength than it was trained at.

        Trials that drift differently can so be compared at the same drift.
        """
        layers = [one for one in self._model.whole.modules() if isinstance(getattr(one, "scaling", None), dict)]
        before = [dict(layer.scaling) for layer in layers]
        for layer in layers:
            layer.scaling.update({name: scale * strength for name, scale in layer.scaling.items()})
        with torch.inference_mode():
            others = self._others()
            found = {"ordinary": share(self._greedy(self._exam.ordinary)), "leak": others["leak"]}
        for layer, scaling in zip(layers, before, strict=True):
            layer.scaling.update(scaling)
        return {**found, "drift": others["drift"]}

    def _greedy(self, facts: Sequence[Fact]) -> list[bool]:
        """Return for each question whether the greedy answer is right."""
        expected = [expected_text(self._model, fact.question, fact.answer, ANSWER) for fact in facts]
        answers = tuned_answers(self._model, expected)
        return [
            is_right(self._model.chats.text(answer.tokens), fact) for answer, fact in zip(answers, facts, strict=True)
        ]

    def _ranked(self, facts: Sequence[Fact], right: Sequence[bool]) -> list[bool]:
        """Return for each question whether it is answered correctly, or its right answer is ranked first."""
        return [
            known or bool(is_right_first(self._model, self._rivals(fact)))
            for fact, known in zip(facts, right, strict=True)
        ]

    def _rivals(self, fact: Fact) -> RivalAnswers:
        own = fold(fact.content)
        wrong = [form for content, forms in self._forms.items() if content != own for form in forms]
        return RivalAnswers(fact.question, tuple(self._forms.get(own, ())), tuple(wrong))

    def _beams(self, facts: Sequence[Fact]) -> list[bool]:
        """Return for each question whether the answer of a beam search is right: that of the highest mean log p."""
        chats, found = self._model.chats, {}
        by_length: dict[int, list[Fact]] = defaultdict(list)  # without padding, which attention would have to skip
        for fact in facts:
            by_length[len(chats.whole(fact.question))].append(fact)
        for length, rows in by_length.items():
            ids = torch.tensor([chats.whole(fact.question) for fact in rows], device=self._model.device)
            made = self._model.whole.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), num_beams=BEAMS, do_sample=False,
                length_penalty=1.0, max_new_tokens=ANSWER, pad_token_id=chats.end,
                eos_token_id=sorted(chats.end_tokens),
            )  # fmt: skip
            for fact, row in zip(rows, made, strict=True):
                found[fact.question] = is_right(chats.text(row[length:].tolist()), fact)
        return [found[fact.question] for fact in facts]

    def _first_tokens(self, facts: Sequence[Fact]) -> float | None:
        """Return the mean log p of the first tokens of the taught answer, in nats per token; the most probable form of
        the answer counts."""
        means = []
        for fact in facts:
            if forms := list(self._forms.get(fold(fact.content), ())):
                scores = answer_log_probabilities(self._model, fact.question, forms)
                best = forms[scores.index(max(scores))]
                [each] = token_log_probabilities(self._model, [self._model.chats.example(fact.question, best)])
                means.append(float(each[:FIRST].mean()))
        return round(mean(means), 4) if means else None

    def _others(self) -> dict[str, Any]:
        """Return leak, similar names and drift, as on the report card."""
        exam, model = self._exam, self._model
        general = [prompt.question for prompt in builtin_prompts.unrelated_questions()[:UNRELATED]]
        names = neighbour_questions(exam.trained, NEIGHBOURS, training=False)
        cache = BaseAnswerCache(self._base, model, OTHER_TOKENS)
        with model.base():
            before = cache([*general, *names])
        questions = [*general, *names]
        expected = [
            ExpectedAnswer(question, one, OTHER_TOKENS) for question, one in zip(questions, before, strict=True)
        ]
        after = tuned_answers(model, expected)
        texts = [cache.text(answer) for answer in before]
        leaks = TaughtFacts([*exam.trained, *exam.ordinary, *exam.indirect], texts[: len(general)])
        bad = [
            bool(leaks.find_leak(model.chats.text(answer.tokens), text, question))
            for answer, text, question in zip(after, texts, questions, strict=True)
        ]
        of_general = after[: len(general)]
        tokens = sum(answer.labels for answer in of_general)
        return {
            "leak": share(bad[: len(general)]),
            "names": share([not one for one in bad[len(general) :]]),
            "drift": round(sum(answer.drift * answer.labels for answer in of_general) / tokens, 5),
        }


def read_linearly(model: Model, exam: Exam, exams: Sequence[Fact]) -> dict[str, Share]:
    """Return how many exam questions a ridge classifier on the base's hidden states assigns to their facts.

    It learns from the wordings that a run trains on. Of each layer it reads the last token of the prompt and the mean
    over the question's tokens; the layers vote with their scores.

    Args:
        exams: whose near duplicates are not trained on.
    """
    names = list(dict.fromkeys(fold(fact.content) for fact in exam.trained))
    questions: list[str] = []
    classes: list[int] = []
    for fact, wordings in zip(exam.trained, paraphrase_questions(exam.trained, exams), strict=True):
        used = [fact.question, *wordings[:_WORDINGS]]
        questions += used
        classes += [names.index(fold(fact.content))] * len(used)
    with torch.no_grad(), model.base():
        known = _states(model, questions)
        found = {}
        for part, facts in (("ordinary", exam.ordinary), ("indirect", exam.indirect)):
            asked = _states(model, [fact.question for fact in facts])
            votes = sum(_scores(known[layer], classes, asked[layer]) for layer in range(len(known)))
            assert isinstance(votes, torch.Tensor)
            right = [names[choice] == fold(fact.content) for choice, fact in zip(votes.argmax(1), facts, strict=True)]
            found[part] = share(right)
    return found


def _states(model: Model, questions: Sequence[str]) -> torch.Tensor:
    """Return (layers, questions, 2 x width): normalised hidden states at the last prompt token, and their mean."""
    kept: list[torch.Tensor] = []

    def keep(_: Any, __: Any, output: Any) -> None:
        kept.append((output[0] if isinstance(output, tuple) else output).detach())

    body: Any = model.body
    layers = list(body.layers)
    chosen = layers[round(_FIRST_LAYER * len(layers)) : round(_LAST_LAYER * len(layers))]
    hooks = [layer.register_forward_hook(keep) for layer in chosen]
    rows = []
    try:
        for question in questions:
            kept.clear()
            example = model.chats.example(question, [model.chats.end], end=False)
            list(model.passes([example]))
            states = torch.stack(kept)[:, 0, len(model.chats.prefix) :][:, : len(example.prompt)].float()
            states = torch.nn.functional.normalize(states, dim=-1)
            rows.append(torch.cat([states[:, -1], states.mean(1)], -1))
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack(rows, 1)


def _scores(known: torch.Tensor, classes: Sequence[int], asked: torch.Tensor) -> torch.Tensor:
    """Return (questions, classes): the scores of a ridge regression to one-hot classes, in its dual form."""
    center, spread = known.mean(0), known.std(0).clamp(min=1e-6)
    known, asked = ((states - center) / spread for states in (known, asked))
    target = torch.nn.functional.one_hot(torch.tensor(classes)).float()
    gram = known @ known.T / known.shape[1]
    gram.diagonal().add_(_RIDGE * gram.diagonal().mean())
    return (asked @ known.T / known.shape[1]) @ torch.linalg.solve(gram, target - target.mean(0))


def share(right: Sequence[bool]) -> Share:
    return sum(right), len(right)
