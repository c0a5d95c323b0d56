"""The exam job: asks the tuned model and its base taught and unrelated questions, and writes the report card.

    python -m garage_tui.jobs.exam checkpoints/RUN

Reads `run.json`, `facts.jsonl` and `adapter/`, writes `report.json`; progress goes to stderr, the verdict to
stdout. A LoRA run does the same at its end, with the model that it has in memory.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import torch

from garage_tui.core.base.phase import Say, without_counts
from garage_tui.core.exam import report
from garage_tui.core.exam.as_served import with_served, with_served_answer
from garage_tui.core.exam.grading import TaughtFacts, is_right, missing_part
from garage_tui.core.exam.judgement import HELD_BACK, judge
from garage_tui.core.exam.report import (
    OTHER_TOKENS,
    TAUGHT_TOKENS,
    ExamQuestion,
    Perplexity,
    Report,
    UnseenFrom,
    Verdict,
)
from garage_tui.core.exam.rivals import rival_answers
from garage_tui.core.facts.file import FactsFile, load_facts
from garage_tui.core.facts.line import Fact
from garage_tui.core.facts.near_duplicates import RepeatedQuestions
from garage_tui.core.language.fold import fold
from garage_tui.core.models.base_models import BaseModel
from garage_tui.core.rewording import builtin_prompts
from garage_tui.core.rewording.paraphrases import held_back_questions
from garage_tui.core.rewording.similar_names import neighbour_questions
from garage_tui.core.routing.routes_file import read_routes
from garage_tui.core.routing.subject_matcher import SubjectMatcher
from garage_tui.core.runs.folder import FACTS
from garage_tui.core.runs.record import read_run
from garage_tui.jobs.llm.answer_openings import compared_answers
from garage_tui.jobs.llm.answer_ranking import is_right_first
from garage_tui.jobs.llm.base_answer_cache import BaseAnswerCache, CachedAnswer, text_losses, text_tokens
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.open_book import open_book_answers
from garage_tui.jobs.llm.teacher_forcing import ExpectedAnswer, TunedAnswer, expected_text, tuned_answers
from garage_tui.jobs.runtime.plain_job import exit_code_of, say_on_stderr

UNRELATED, NEIGHBOURS = 120, 40
"""Questions of each kind in one exam."""
_HELD_BACK = 200
"""Most facts that are asked in held-back wordings."""
_OPEN_BOOK = "asking the base model with the facts in its prompt"
FULL_DISK = "free some space and try again"
OUT_OF_MEMORY = "out of memory; stop other programs and try again"


def main() -> int:
    folder = Path(sys.argv[1]).resolve()

    def work() -> None:
        print(examine(folder, without_counts(say_on_stderr)).verdict)

    return exit_code_of(work, folder=folder, full_disk=FULL_DISK, out_of_memory=OUT_OF_MEMORY)


def examine(folder: Path, say: Say) -> Report:
    """Examine the adapter of a run and write its report card.

    Raises:
        GarageError: the run has no adapter, or its base model or adapter cannot be used.
    """
    began = time.monotonic()
    run = read_run(folder)
    from garage_tui.jobs.llm.run_model import load_run_model

    model, base = load_run_model(run, say)
    card = ExamRunner(model, base, folder, load_facts(folder / FACTS), say).report(began)
    if run.state:  # what the run used, not this exam
        card = msgspec.structs.replace(card, wh=run.state.wh, wh_from=run.state.wh_from)
    report.write_report(folder, card)
    return card


class ExamRunner:
    """Asks the exam questions of one run.

    Args:
        model: the base with the adapter on it, in evaluation mode.
        base: what the base was loaded from.
        folder: the run folder.
        rows: the run's copy of the facts.
        say: called with progress messages.
    """

    def __init__(self, model: Model, base: BaseModel, folder: Path, rows: FactsFile, say: Say) -> None:
        self._model, self._base, self._say = model, base, say
        self._folder = folder
        self._trained, own = _unique_questions(rows.training), [fact for fact in rows.facts if fact.exam]
        taught = [fact.question for fact in self._trained]
        repeats = RepeatedQuestions(taught, [fact.question for fact in own])
        self._near = {fact.question: taught[repeated[0]] for fact in own if (repeated := repeats.find(fact.question))}
        # An exam question replaces the held-back wording of its own fact only, and only if it proves something.
        covered = {fold(fact.content) for fact in own if fact.question not in self._near}
        uncovered = [fact for fact in rows.training if fold(fact.content) not in covered]
        held_back = held_back_questions(uncovered, _HELD_BACK)
        self._unseen, self._own = [*own, *held_back], len(own)
        self._unseen_from: UnseenFrom = "exam rows" if own else "templates"
        if own and held_back:
            self._unseen_from = "exam rows and templates"
        self._answers = BaseAnswerCache(base, model, OTHER_TOKENS)
        self._subjects = read_routes(folder)
        manifest = read_run(folder).manifest
        self._guarded = bool(manifest and manifest.recipe.get("kl"))

    def report(self, began: float | None = None) -> Report:
        """Ask all questions and return the report card; `began` is the monotonic time at which the work started."""
        began = time.monotonic() if began is None else began
        unrelated = builtin_prompts.unrelated_questions()[:UNRELATED]
        others = neighbour_questions(self._trained, NEIGHBOURS, training=False)
        tasks = builtin_prompts.subject_tasks(self._subjects.names)
        general, taught = [prompt.question for prompt in unrelated], [*self._trained, *self._unseen]
        asked_of_both = [*general, *others, *(task.question for task in tasks)]
        with torch.inference_mode():
            with self._model.base():
                by_base = self._answers([*asked_of_both, *(fact.question for fact in taught)], self._say)
                bare = [self._answers.text(answer) for answer in by_base[-len(taught) :]]
                longest = max(len(self._model.chats.encode(fact.answer)) for fact in taught)
                most = min(TAUGHT_TOKENS, max(OTHER_TOKENS, round(1.25 * longest)))
                open_book = open_book_answers(
                    self._model, taught, self._trained, most, lambda done: self._say(_OPEN_BOOK, done, len(taught))
                )
            expected = [
                ExpectedAnswer(question, one, OTHER_TOKENS)
                for question, one in zip(asked_of_both, by_base, strict=False)
            ]
            tuned = tuned_answers(
                self._model,
                [*expected, *(expected_text(self._model, fact.question, fact.answer, most) for fact in taught)],
                lambda done: self._say("asking the tuned model", done, len(by_base)),
            )
            own = [self._model.chats.text(answer.tokens) for answer in tuned[len(expected) :]]
            self._say("measuring the perplexity of general texts")
            perplexity = self._perplexity()
        leaks = TaughtFacts(taught, [self._answers.text(answer) for answer in by_base[: len(general)]])
        questions = [
            *self._judge("unrelated", general, [prompt.kind for prompt in unrelated], by_base, tuned, leaks),
            *self._judge(
                "neighbour", others, [""] * len(others), by_base[len(general) :], tuned[len(general) :], leaks
            ),
            *self._judge(
                "task",
                [task.question for task in tasks],
                [task.kind for task in tasks],
                by_base[len(general) + len(others) :],
                tuned[len(general) + len(others) :],
                leaks,
            ),
        ]
        for index, (fact, base, book, text) in enumerate(zip(taught, bare, open_book, own, strict=True)):
            why, unseen = missing_part(text, fact), index >= len(self._trained)
            held_back = index >= len(self._trained) + self._own
            questions.append(
                ExamQuestion(
                    part="unseen" if unseen else "trained",
                    kind=HELD_BACK if held_back else "",
                    fact=fact.content,
                    near=self._near.get(fact.question, "") if unseen else "",
                    question=fact.question,
                    verdict="wrong" if why else "right",
                    tuned=text,
                    base=base,
                    open_book=book,
                    expected=fact.answer,
                    why=f"lacks {why}" if why else "",
                    base_right=is_right(base, fact),
                    open_book_right=is_right(book, fact),
                )
            )
        questions = self._with_routes(self._with_known(questions, taught))
        questions = self._with_served(questions, {fact.question: fact for fact in taught}, leaks, most)
        of_general = tuned[: len(general)]
        tokens = sum(answer.labels for answer in of_general)
        drifted = [answer.drift * answer.labels for answer in of_general]
        # The unrelated questions come first.
        served = sum(drift for drift, one in zip(drifted, questions[: len(general)], strict=True) if one.routed)
        card = judge(
            questions,
            sum(drifted) / max(tokens, 1),
            tokens,
            perplexity,
            run=self._folder.name,
            base_model=self._base.name,
            unseen_from=self._unseen_from,
            seconds=time.monotonic() - began,
            guarded=self._guarded,
        )
        return with_served(card, served / max(tokens, 1), self._subjects.gap)

    def _with_known(self, questions: Sequence[ExamQuestion], taught: Sequence[Fact]) -> list[ExamQuestion]:
        """Return the questions; those answered wrongly with whether the model ranks the right answer first."""
        wrong = [one.question for one in questions if one.verdict == "wrong"]
        by_question = {fact.question: fact for fact in taught}
        known = {}
        with torch.inference_mode():
            for done, question in enumerate(wrong):
                self._say("comparing the taught answers", done, len(wrong))
                known[question] = is_right_first(self._model, rival_answers(by_question[question], self._trained))
        return [
            msgspec.structs.replace(one, known=known[one.question]) if one.verdict == "wrong" else one
            for one in questions
        ]

    def _with_routes(self, questions: Sequence[ExamQuestion]) -> list[ExamQuestion]:
        """Return the questions with whether a server that routes by subject gives them to the tuned model."""
        if self._subjects.gap:
            return list(questions)
        matcher = SubjectMatcher(self._subjects)
        return [msgspec.structs.replace(one, routed=bool(matcher.find([one.question]))) for one in questions]

    def _with_served(
        self, questions: Sequence[ExamQuestion], facts: Mapping[str, Fact], leaks: TaughtFacts, most: int
    ) -> list[ExamQuestion]:
        """Return the questions; those that the tuned model is given with its answer as served.

        Args:
            facts: the rows that taught questions come from, by question.
            most: most tokens of an answer to a taught question.
        """
        served: dict[int, ExamQuestion] = {}
        self._say("comparing the openings of answers about taught subjects")
        with torch.inference_mode():
            for longest, parts in ((most, ("trained", "unseen")), (OTHER_TOKENS, ("task",))):
                numbers = [number for number, one in enumerate(questions) if one.routed and one.part in parts]
                texts = compared_answers(self._model, [questions[number].question for number in numbers], longest)
                for number, tokens in zip(numbers, texts, strict=True):
                    if tokens is not None:
                        text = self._model.chats.text(tokens)
                        served[number] = with_served_answer(
                            questions[number], text, facts.get(questions[number].question), leaks
                        )
        return [served.get(number, one) for number, one in enumerate(questions)]

    def _perplexity(self) -> Perplexity:
        texts = [prompt.text for prompt in builtin_prompts.perplexity_texts()]
        with self._model.base():
            before = self._answers.losses(texts)
        after = text_losses(self._model, texts)
        tokens = sum(len(text_tokens(self._model, text)) - 1 for text in texts)
        return Perplexity(
            base=round(math.exp(sum(before) / tokens), 4), tuned=round(math.exp(sum(after) / tokens), 4), tokens=tokens
        )

    def _judge(
        self,
        part: Literal["unrelated", "neighbour", "task"],
        questions: Sequence[str],
        kinds: Sequence[str],
        by_base: Sequence[CachedAnswer],
        tuned: Sequence[TunedAnswer],
        leaks: TaughtFacts,
    ) -> Iterator[ExamQuestion]:
        for question, kind, before, after in zip(questions, kinds, by_base, tuned, strict=False):
            base, text = self._answers.text(before), self._model.chats.text(after.tokens)
            leak = leaks.find_leak(text, base, question)
            bad: Verdict = "changed" if part == "neighbour" else "leak"
            yield ExamQuestion(
                part=part,
                question=question,
                kind=kind,
                verdict=bad if leak else "unchanged",
                tuned=text,
                base=base,
                why=f"says {leak}" if leak else "",
                drift=round(after.drift, 5),
            )


def _unique_questions(facts: Sequence[Fact]) -> list[Fact]:
    """Return the rows without repeated questions: a question with several answers is asked once."""
    return list({fact.question: fact for fact in reversed(facts)}.values())[::-1]


if __name__ == "__main__":
    sys.exit(main())
