"""The job that asks the taught questions of a run of that run and of the run in service, and writes `paired.json`.

    python -m garage_tui.jobs.paired_exam checkpoints/RUN [checkpoints/RUN_IN_SERVICE]

Without a second run the base model is in service. Progress goes to stderr.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from garage_tui.core.base.phase import Say, without_counts
from garage_tui.core.exam.grading import is_right
from garage_tui.core.exam.paired_answers import PairedAnswer, PairedAnswers, write_paired
from garage_tui.core.exam.report import TAUGHT_TOKENS
from garage_tui.core.exam.server_exam import read_exam
from garage_tui.core.facts.line import Fact
from garage_tui.core.runs.record import Run, read_run
from garage_tui.jobs.llm.greedy_decode import decode
from garage_tui.jobs.llm.run_model import load_run_model
from garage_tui.jobs.runtime.plain_job import exit_code_of, say_on_stderr

FULL_DISK = "free some space; the next night tries again"
OUT_OF_MEMORY = "out of memory; stop other programs, and the next night tries again"


def main() -> int:
    folder, *others = (Path(argument).resolve() for argument in sys.argv[1:])

    def work() -> None:
        ask_both(folder, others[0] if others else None, without_counts(say_on_stderr))

    return exit_code_of(work, folder=folder, full_disk=FULL_DISK, out_of_memory=OUT_OF_MEMORY)


def ask_both(folder: Path, served: Path | None, say: Say) -> PairedAnswers:
    """Ask the questions of a run's report card of it and of the run in service; write and return the answers.

    Raises:
        FileNotFoundError: the run has no report card.
        GarageError: a base model or an adapter cannot be used.
    """
    exam = read_exam(folder)
    questions = [one for one in exam.questions if one.part in ("trained", "unseen")]
    facts = [exam.facts[one.question] for one in questions]
    candidate = _ask(read_run(folder), facts, say)
    before = _ask(read_run(served or folder), facts, say, tuned=served is not None)
    answers = [
        PairedAnswer(
            part=one.part,
            question=one.question,
            fact=one.fact or fact.content,
            candidate=(is_right(ours[0], fact), is_right(ours[1], fact)),
            served=(is_right(theirs[0], fact), is_right(theirs[1], fact)),
            candidate_text=ours[0],
            served_text=theirs[0],
        )
        for one, fact, ours, theirs in zip(questions, facts, candidate, before, strict=True)
    ]
    paired = PairedAnswers(run=folder.name, served=served.name if served else None, made=time.time(), answers=answers)
    write_paired(folder, paired)
    return paired


def _ask(run: Run, facts: Sequence[Fact], say: Say, *, tuned: bool = True) -> list[tuple[str, str]]:
    """Return what the tuned model of a run, or its base model, answers the first and the second time."""
    name = run.id if tuned else "the base model"
    model, _ = load_run_model(run, say, tuned=tuned)
    with torch.inference_mode():
        prompts = [model.chats.prompt(fact.question) for fact in facts]

        def report(done: int) -> None:
            say(f"asking {name} twice", done, 2 * len(prompts))

        first = decode(model, prompts, TAUGHT_TOKENS, on_progress=report)
        again = prompts[::-1]
        second = decode(model, again, TAUGHT_TOKENS, on_progress=lambda done: report(len(prompts) + done))[::-1]
        return [
            (model.chats.text(tuple(one.tokens)), model.chats.text(tuple(other.tokens)))
            for one, other in zip(first, second, strict=True)
        ]


if __name__ == "__main__":
    sys.exit(main())
