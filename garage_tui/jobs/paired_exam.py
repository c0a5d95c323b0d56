"""The job that asks the taught questions of a run of that run and of the run in service, and writes `paired.json`.

    python -m garage_tui.jobs.paired_exam checkpoints/RUN [checkpoints/RUN_IN_SERVICE]

Without a second run the base model is in service. Progress goes to stderr.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.phase import Say, without_counts
from garage_tui.core.exam.grading import is_right
from garage_tui.core.exam.paired_answers import PairedAnswer, PairedAnswers, write_paired
from garage_tui.core.exam.server_exam import read_exam
from garage_tui.core.facts.line import Fact
from garage_tui.core.runs.record import Run, read_run
from garage_tui.jobs.llm import fetch
from garage_tui.jobs.llm.forward_pass import Model
from garage_tui.jobs.llm.greedy_decode import decode
from garage_tui.jobs.runtime.error_text import describe_without_log

TOKENS = 96
"""Most tokens of an answer, as in the exam of a run."""
FULL_DISK = "free some space; the next night tries again"
OUT_OF_MEMORY = "out of memory; stop other programs, and the next night tries again"


def main() -> int:
    folder, *others = (Path(argument).resolve() for argument in sys.argv[1:])
    try:
        ask_both(folder, others[0] if others else None, without_counts(_say))
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        message = describe_without_log(error, folder=folder, full_disk=FULL_DISK, out_of_memory=OUT_OF_MEMORY)
        print(message, file=sys.stderr, flush=True)
        return 2 if isinstance(error, BadInputError) else 1
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


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
    before = _ask(read_run(served) if served else None, facts, say, like=read_run(folder))
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


def _ask(run: Run | None, facts: Sequence[Fact], say: Say, like: Run | None = None) -> list[tuple[str, str]]:
    """Return what a run answers the first and the second time; None is the base model of the run `like`."""
    name = run.id if run else "the base model"
    with _model_of(run, like, say) as model, torch.inference_mode():
        prompts = [model.chats.prompt(fact.question) for fact in facts]

        def report(done: int) -> None:
            say(f"asking {name}", done, len(prompts))

        first = decode(model, prompts, TOKENS, on_progress=report)
        second = decode(model, prompts[::-1], TOKENS, on_progress=report)[::-1]
        return [
            (model.chats.text(tuple(one.tokens)), model.chats.text(tuple(other.tokens)))
            for one, other in zip(first, second, strict=True)
        ]


@contextlib.contextmanager
def _model_of(run: Run | None, like: Run | None, say: Say) -> Iterator[Model]:
    """Load a run's base model with its adapter; without a run the bare base of `like`.

    Raises:
        GarageError: the run has no adapter, or base or adapter cannot be used.
    """
    from garage_tui.jobs.llm.adapters import Adapters
    from garage_tui.jobs.llm.load import chat_template_of, load_base

    of = run or like
    if of is None or of.manifest is None:
        raise BadInputError(f"{of.id if of else 'the run'} cannot be read: nothing can be asked of it")
    base = fetch.ensure(of.manifest.base.get("path") or of.manifest.base["name"], say)
    say(f"loading {run.id if run else 'the base model'}")
    four_bit = bool(of.manifest.recipe.get("load_in_4bit"))
    tokenizer, bare = load_base(base, f"{base.path} cannot be loaded as a model", four_bit=four_bit)
    chats = chat_template_of(tokenizer, bare)
    adapters = Adapters(bare.eval(), base)
    if run is not None:
        if run.adapter is None:
            raise BadInputError(f"{run.id} has no adapter to examine ({run.status})")
        name = adapters.name_of(run.adapter)
        adapters.model.set_adapter(name)
    yield Model(adapters.model, chats)


if __name__ == "__main__":
    sys.exit(main())
