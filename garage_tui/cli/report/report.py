"""`garage report`: the report card of a run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.errors import BadInputError

if TYPE_CHECKING:
    from garage_tui.core.exam.report import ExamQuestion, Report
    from garage_tui.core.runs.record import Run
    from garage_tui.core.settings.settings import EnergySettings

_PARTS = ("all", "trained", "unseen", "unrelated", "neighbour", "task")
_WRONG = 5
_POLL_SECONDS = 0.2


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "report",
        help="print the report card of a run: what it learned, and what it broke",
        description="Print the report card of a run. If a LoRA run has none yet, or with --again, the base and the "
        "tuned model are examined first, which takes about a minute with a small model. The report card of a diffusion "
        "run is made at its end.",
    )
    parser.add_argument("ref", metavar="RUN")
    parser.add_argument("--again", action="store_true", help="examine the run again, although it has a report card")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="one JSON document")
    shown.add_argument(
        "--questions",
        nargs="?",
        const="all",
        choices=_PARTS,
        metavar="PART",
        help=f"every question with all answers, the worst first; PART is one of {', '.join(_PARTS)}",
    )
    shown.add_argument("--markdown", action="store_true", help="the report card as a Markdown document")
    parser.add_argument(
        "--at",
        metavar="URL",
        help="ask the same questions of an OpenAI-compatible server that has this model, with three system prompts, "
        "and show its card beside the run's own",
    )
    parser.add_argument("--model", metavar="NAME", help="with --at: the model's name there (default: the only one)")
    parser.add_argument(
        "--key-file", metavar="FILE", help="with --at: a file with the server's key (default: $GARAGE_KEY)"
    )
    parser.add_argument("--out", metavar="FILE", help="write the Markdown document to FILE instead")
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    parser.set_defaults(run=run_report)


def run_report(args: argparse.Namespace) -> int:
    import json

    from garage_tui.cli.runs.usable_run import find_usable_run
    from garage_tui.core.base.output_file import output_argument
    from garage_tui.core.base.safe_open import read_regular
    from garage_tui.core.exam.report import REPORT
    from garage_tui.core.exam.report_text import read_clean
    from garage_tui.core.launch.exam_process import refusal
    from garage_tui.core.settings.settings import Workspace, load_settings

    if args.at and (args.again or args.questions or args.markdown or args.out is not None):
        raise BadInputError("--at prints a table or --json: leave out --again, --questions, --markdown and --out")
    if (args.model or args.key_file) and not args.at:
        raise BadInputError("--model and --key-file are only for --at")
    if args.out is not None and (args.json or args.questions):
        raise BadInputError("--out writes Markdown: leave out --json and --questions")
    if args.out is not None:  # an exam takes a minute: what cannot be written is said before it
        output_argument(args.out).require(args.force)
    workspace = Workspace.find(args.workspace)

    def has_questions(one: Run) -> bool:
        return not one.draws if args.at or args.questions or args.again else True

    run = find_usable_run(
        workspace, args.ref, lambda one: has_questions(one) and ((one.path / REPORT).exists() or not refusal(one))
    )
    if args.at and run.draws:
        raise BadInputError(f"{run.id} is a diffusion run: it has no questions to ask of a server")
    if run.draws:
        from garage_tui.cli.report.diffusion import run_card

        return run_card(args, run, load_settings(workspace).energy)
    if (args.again or not (run.path / REPORT).exists()) and (code := _examine(run)):
        return code
    if args.at:
        from garage_tui.cli.report.at import report_at

        return report_at(args, run)
    card = read_clean(run.path)
    if args.markdown or args.out is not None:
        from garage_tui.cli.report.markdown import print_or_write
        from garage_tui.core.exam.report_markdown import markdown

        print_or_write(markdown(card, _remedies(run, card)), args.out, force=args.force)
    elif args.json:
        print(json.dumps(json.loads(read_regular(run.path / REPORT)), indent=1))  # ASCII: safe in any terminal
    elif args.questions:
        _print_questions(card, args.questions)
    else:
        _print_card(run, card, load_settings(workspace).energy)
    return 0


def _remedies(run: Run, card: Report) -> list[str]:
    from garage_tui.core.exam.remedies import remedies

    if run.manifest is None:
        return []
    return remedies(card, run.manifest.recipe).commands(run.id, str(run.manifest.dataset.get("path", "the facts file")))


def _examine(run: Run) -> int:
    """Examine the run and print the messages of the exam; return its exit code."""
    import sys
    import time

    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.launch.exam_process import failure_reason, read_exam, report_stamp, start, stop

    before = report_stamp(run.path)
    process = start(run)
    if process is None:
        print(f"{run.id} is being examined already: waiting for its report card", file=sys.stderr)
    elif before is None:
        print(f"{run.id} has no report card yet: examining it now, which takes about a minute", file=sys.stderr)
    printed = 0
    try:
        while True:
            exam = read_exam(run.path)
            for sentence in exam.messages[printed:] if exam else ():
                print(sentence, file=sys.stderr, flush=True)
                printed += 1
            if exam is None or not exam.running:
                break
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        if process:
            stop(process)
        raise
    code = process.wait() if process else None
    if report_stamp(run.path) != before:
        return 0
    if code in (1, 2):
        return code  # its last message says why
    raise GarageError(failure_reason(exam, code))


def _print_card(run: Run, card: Report, prices: EnergySettings) -> None:
    from garage_tui.core.base.format import model_label
    from garage_tui.core.exam.report_table import table
    from garage_tui.core.exam.report_text import examined_text, grade_of, result_text, served_text, wrong_questions
    from garage_tui.core.hardware.energy import describe_energy
    from garage_tui.core.runs.grades import SIGNS

    width = _width()
    _fill(f"{SIGNS[grade_of(card)]} {card.verdict}", width, "", "  ")
    print(f"  {result_text(card)}\n")
    print("\n".join(line for _, line in table(card, width)))
    print()
    if served := served_text(card):
        _fill(served, width, "", "")
    _fill(f"{run.id} · {model_label(card.base_model)} · {examined_text(card)}", width, "", "")
    if card.wh is not None:
        print(f"The run used {describe_energy(card.wh, card.wh_from, prices)}.")
    if not run.over:
        print(f"{run.id} is training again: this card is from before; a new one is made when it finishes.")
    if card.notes:
        print()
        for note in card.notes:
            _fill(note, width, "· ", "  ")
    if found := _remedies(run, card):
        print("\nWhat to do:")
        for remedy in found:
            _fill(remedy, width, "  ", "    ")
    if wrong := wrong_questions(card):
        print(f"\nWhat went wrong ({len(wrong) if len(wrong) <= _WRONG else f'the worst {_WRONG} of {len(wrong)}'}):")
        _print_wrong(wrong[:_WRONG], width)
    print(f"\nEvery question with all answers: garage report {run.id} --questions")


def _print_wrong(wrong: Sequence[tuple[int, ExamQuestion]], width: int) -> None:
    from garage_tui.core.exam.report_text import part_text, verdict_text

    for number, question in wrong:
        print()
        _fill(f"{number}. {question.question}", width, "  ", "     ")
        _fill(question.tuned or "(empty answer)", width, "    ", "    ")
        _fill(f"{verdict_text(question)} · {part_text(question)}", width, "    ", "    ")


def _print_questions(card: Report, part: str) -> None:
    from garage_tui.core.exam.report_text import answers, part_text, verdict_text

    width = _width()
    shown = [question for question in card.questions if part in ("all", question.part)]
    for number, question in enumerate(shown, 1):
        drift = "" if question.drift is None else f" · drift {question.drift:.2g}"
        print(f"{number} of {len(shown)} · {part_text(question)}{drift}")
        _fill(question.question, width, "  ", "  ")
        _fill(verdict_text(question), width, "  ", "    ")
        for name, answer in answers(question):
            _fill(answer, width, f"    {name:<11}", " " * 15)
        print()
    if not shown:
        print("there is no such question")


def _fill(text: str, width: int, first: str, then: str) -> None:
    import textwrap

    print(textwrap.fill(text, width, initial_indent=first, subsequent_indent=then, break_on_hyphens=False))


def _width() -> int:
    import shutil

    return max(40, min(shutil.get_terminal_size((100, 24)).columns, 100))
