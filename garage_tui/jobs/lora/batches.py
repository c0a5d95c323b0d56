"""The training batches of a guarded run: facts in many wordings, and guard prompts whose answers must not change."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from garage_tui.core.base.phase import Say
from garage_tui.core.facts.line import Fact
from garage_tui.core.language.fold import fold
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.rewording import builtin_prompts
from garage_tui.core.rewording.paraphrases import (
    add_small_talk,
    paraphrase_answers,
    paraphrase_questions,
    perturb,
    sample_wordings,
)
from garage_tui.core.rewording.similar_names import find_subject, neighbour_questions
from garage_tui.core.training.recipe import LoraRecipe
from garage_tui.jobs.llm.base_answer_cache import BaseAnswerCache, CachedAnswer
from garage_tui.jobs.llm.chat_template import TokenizedExample
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.packing import PackedBatch
from garage_tui.jobs.lora.discriminant import Prompts
from garage_tui.jobs.lora.natural_answers import most_natural_answers

GUARD_TOKENS = 24
"""Most tokens of a guard's answer; many are truncated further, because the first tokens matter most."""
_CUTS = (10, 16, GUARD_TOKENS)
NEIGHBOUR_TOKENS = 14
"""Most tokens of an answer about another name, where a leak shows at once."""
_UNCHANGED, _REWORDED = 0.1, 0.75
"""How often a row keeps the user's own wording; and of the other times, how often it is reworded."""
_WRAPPED_NEAR = 0.25
"""Share of the questions about other names that are wrapped in more text."""
_TOLD_APART = 12
"""Wordings of a row that tell the facts apart."""
_NEAR = 0.65
"""Share of the guards of a batch that are about other names."""


@dataclass(frozen=True)
class GuardPrompt:
    """A prompt with the base's own answer and its hidden states."""

    question: str
    near: bool
    """True for a question about another name."""
    example: TokenizedExample
    hidden: torch.Tensor
    """(labels, width) fp16: the base's last hidden states."""


@dataclass(frozen=True)
class TrainingBatch:
    """One packed batch of fact rows and guards."""

    packed: PackedBatch
    hidden: torch.Tensor
    """(guards' labels, width): the base's hidden states."""
    rows: int
    """Number of fact rows, which are its first examples; the others are guards."""
    tokens: int

    @property
    def facts(self) -> torch.Tensor:
        """(labels,) bool: True for the labels of fact rows, False for those of guards."""
        return self.packed.owner < self.rows

    @property
    def guards(self) -> int:
        return len(self.packed.starts) - self.rows


class TrainingBatches(torch.utils.data.Dataset[TrainingBatch]):
    """All batches of a run; each depends on the seed and its number alone, so a resumed run sees the same.

    Args:
        exams: neither their questions nor near duplicates of them are trained on.
    """

    def __init__(
        self,
        model: Model,
        facts: Sequence[Fact],
        exams: Sequence[Fact],
        guards: Sequence[GuardPrompt],
        recipe: LoraRecipe,
    ) -> None:
        self._model, self._facts, self._guards, self._recipe = model, list(facts), list(guards), recipe
        self._wordings, self._answers = paraphrase_questions(self._facts, exams), paraphrase_answers(self._facts)
        self._about = [find_subject(fact.question) for fact in facts]
        self._each_epoch = -(-len(self._facts) // recipe.batch_size)

    def choose_answers(self) -> None:
        """Teach the answers that the recipe asks for; the caller has switched the adapter off."""
        if self._recipe.answers == "all":
            return
        chosen = most_natural_answers(self._model, self._facts, self._wordings, self._answers)
        for fact, own, best in zip(self._facts, self._answers, chosen, strict=True):
            print(f"answer: {fact.question} {best}", flush=True)
            start = self._model.chats.encode(best)[:2]
            same = [one for one in own if self._model.chats.encode(one)[:2] == start and one != best]
            own[:] = [best, *(same if self._recipe.answers == "opening" else ())]

    def __len__(self) -> int:
        return self._recipe.steps(len(self._facts)) * self._recipe.accumulation

    def __getitem__(self, number: int) -> TrainingBatch:
        dice = random.Random(f"{self._recipe.seed} {number}")
        chats = self._model.chats
        rows = [self._row(index, dice) for index in self._row_indices(number)]
        guards = self._choose_guards(number, len(rows))
        examples = [*rows, *(guard.example for guard in guards)]
        batch = self._model.pack(examples)
        hidden = torch.cat([guard.hidden for guard in guards]) if guards else torch.empty(0)
        tokens = int(batch.own.sum()) + len(batch.ids) * len(chats.prefix)
        return TrainingBatch(batch, hidden, len(rows), tokens)

    def direction_rows(self) -> list[TokenizedExample]:
        """Return each fact in its own wording and two others, from which the LoRA directions are chosen."""
        questions = [
            (question, answers[0])
            for fact, others, answers in zip(self._facts, self._wordings, self._answers, strict=True)
            for question in (fact.question, *sample_wordings(others, 2))
        ]
        return [self._example(question, answer) for question, answer in questions]

    def fact_prompts(self, guards: Sequence[TokenizedExample]) -> Prompts:
        """Return the questions of all facts in some wordings, for the directions that tell the facts apart."""
        numbers: dict[str, int] = {}
        examples, owners = [], []
        for fact, others in zip(self._facts, self._wordings, strict=True):
            for question in (fact.question, *sample_wordings(others, _TOLD_APART)):
                examples.append(self._example(question, fact.answer))
                owners.append(numbers.setdefault(fold(fact.content), len(numbers)))
        return Prompts(examples, owners, guards)

    def _row_indices(self, number: int) -> list[int]:
        """Return the rows of a batch: each row once an epoch, in another order every epoch."""
        epoch, position = divmod(number, self._each_epoch)
        order = random.Random(f"{self._recipe.seed} epoch {epoch}").sample(range(len(self._facts)), len(self._facts))
        # 16 rows with a batch size of 12 give two batches of 8.
        first, last = (len(order) * index // self._each_epoch for index in (position, position + 1))
        return order[first:last]

    def _row(self, index: int, dice: random.Random) -> TokenizedExample:
        fact, others = self._facts[index], self._wordings[index]
        if dice.random() < _UNCHANGED:
            return self._example(fact.question, self._answers[index][0])
        question = dice.choice(others) if others and dice.random() < _REWORDED else fact.question
        return self._example(perturb(question, dice, self._about[index]), dice.choice(self._answers[index]))

    def _example(self, question: str, answer: str) -> TokenizedExample:
        row = self._model.chats.example(question, answer)
        return TokenizedExample(row.prompt, row.answer[: max(1, self._recipe.max_length - len(row.prompt))])

    def _choose_guards(self, number: int, rows: int) -> list[GuardPrompt]:
        """Return the guards of a batch, in proportion to its rows; most are about other names.

        If all rows fit into one batch, it has the full number of guards: with four guards a single fact leaked.
        """
        count = self._recipe.guard_batch
        if len(self._facts) >= self._recipe.batch_size:
            count = -(-count * rows // self._recipe.batch_size)
        dice = random.Random(f"{self._recipe.seed} guards {number}")
        general, near = ([guard for guard in self._guards if guard.near == side] for side in (False, True))
        kept = dice.sample(near, min(round(_NEAR * count), len(near)))
        return [*dice.sample(general, min(count - len(kept), len(general))), *kept]


def make_guards(
    facts: Sequence[Fact], recipe: LoraRecipe, model: Model, base: BaseModel, say: Say
) -> list[GuardPrompt]:
    """Return general prompts and neighbours with the base's own answers, collected with the adapter switched off."""
    dice = random.Random(f"{recipe.seed} guards")
    prompts = [prompt.question for prompt in builtin_prompts.guard_prompts()]
    general = dice.sample(prompts, min(recipe.guards, len(prompts)))
    near = [
        add_small_talk(question, dice, find_subject(question)) if dice.random() < _WRAPPED_NEAR else question
        for question in neighbour_questions(facts, recipe.neighbours, training=True, seed=recipe.seed)
    ]
    found = []
    with model.base(), torch.no_grad():
        for questions, most, cuts in ((general, GUARD_TOKENS, _CUTS), (near, NEIGHBOUR_TOKENS, (NEIGHBOUR_TOKENS,))):
            answers = BaseAnswerCache(base, model, most)
            for question, answer in zip(questions, answers(questions, say), strict=True):
                if answer.tokens:
                    found.append(_guard(answers, question, questions is near, answer, dice.choice(cuts)))
    return found


def _guard(answers: BaseAnswerCache, question: str, near: bool, answer: CachedAnswer, cut: int) -> GuardPrompt:
    complete = cut >= len(answer.hidden)
    kept = answer if complete else CachedAnswer(answer.tokens[:cut], False, answer.hidden[:cut])
    return GuardPrompt(question, near, answers.example(question, kept), kept.hidden)
