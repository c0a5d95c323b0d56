"""`garage ask`: prints the answers of the base model and of a tuned model; needs no server."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from garage_tui.core.runs.record import Run
    from garage_tui.core.settings.settings import Settings, Workspace


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "ask",
        help="ask the base model and a tuned model; needs no server",
        description="Ask the base model and the tuned model the same questions and print both answers. "
        "Decoding is greedy, so the same question gets the same answer. With `--run garage` the model in service "
        "answers, as it does for the server: untaught facts that a question is about go into the prompt, and the base "
        "model answers a question that names no taught subject.",
    )
    parser.add_argument("questions", nargs="+", metavar="QUESTION")
    parser.add_argument(
        "--run", metavar="RUN", dest="run_ref", help="the run to ask (default: the newest with an adapter)"
    )
    parser.add_argument("--base", metavar="NAME", help="ask only this model: a name, a folder (an export) or a Hub id")
    parser.add_argument(
        "--book",
        action="store_true",
        help="also ask the base model with what the facts file and the documents that were read say about the question",
    )
    parser.add_argument("--max-tokens", type=int, default=256, metavar="N", help="end an answer after N tokens (256)")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_ask)


def run_ask(args: argparse.Namespace) -> int:
    import json

    from garage_tui.cli.ask_in_service import is_base_in_service
    from garage_tui.cli.ask_open_book import open_pages
    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.settings.settings import Workspace, load_settings

    if not all(question.strip() for question in args.questions):
        raise BadInputError("a question is empty; put it in quotes")
    if args.max_tokens < 1:
        raise BadInputError(f"--max-tokens {args.max_tokens}: give 1 or more")
    if args.base and args.run_ref:
        raise BadInputError("--base asks one model alone, --run a run and its base model: give only one of them")
    workspace = Workspace.find(args.workspace)
    settings = load_settings(workspace)
    base_serves = is_base_in_service(workspace, settings, args.run_ref)
    run = None if args.base or base_serves else tuned(workspace, args.run_ref)
    base = run.manifest.base["name"] if run and run.manifest else args.base or settings.base_model
    limits = {"max_tokens": args.max_tokens, "stop_repetition": settings.chat.stop_repetition}
    pages = open_pages(workspace, settings, args.questions) if args.book else []
    booked = [one.prompt for one in pages]
    if base_serves or (run and args.run_ref == settings.serve.name != run.id):
        answers = _answers_in_service(workspace, settings, base, run, args.questions, limits, booked)
    else:
        answers = _answers(base, run, args.questions, limits, booked)
    answers, open_book = answers[: len(args.questions)], [pair[0] for pair in answers[len(args.questions) :]]
    name = settings.serve.name if base_serves else run.id if run else ""
    if args.json:
        rows = [
            {
                "question": question,
                "base": pair[0].text,
                "tuned": pair[1].text if name else None,
                "repeats": [who for who, answer in zip(("base", "tuned"), pair, strict=False) if answer.repeats],
                "routed_to_base": bool(name) and pair[1].routed,
                "book": list(pair[1].book) if name else [],
                **({"open_book": pages[index].as_dict(open_book[index].text)} if pages else {}),
            }
            for index, (question, pair) in enumerate(zip(args.questions, answers, strict=True))
        ]
        print(json.dumps({"base": base, "run": run.id if run else None, "answers": rows}, indent=2))
        return 0
    for index, (question, pair) in enumerate(zip(args.questions, answers, strict=True)):
        named = list(zip([base, *([name] if name else [])], pair, strict=True))
        if pages:
            named.append((f"{base} with the open book", open_book[index]._replace(sources=pages[index].sources)))
        _print_answers(question, named)
    if not name and not args.base:
        print(
            "There is no tuned model yet, so only the base model answered: `garage train lora --facts FILE` trains one."
        )
    return 0


def tuned(workspace: Workspace, ref: str | None) -> Run | None:
    """Return the run that `ref` names, by default the newest with an adapter; None if there is none.

    Raises:
        BadInputError: the run has no adapter, or draws pictures.
    """
    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.runs.catalog import find_run, list_runs
    from garage_tui.core.runs.diffusion_files import no_chat_reason
    from garage_tui.core.runs.folder import ENDED

    if ref is None or ref == "last":
        trained = [run for run in list_runs(workspace) if run.adapter and run.manifest and run.status in ENDED]
        return max(trained, key=lambda run: run.state.created if run.state else 0.0, default=None)
    run = find_run(workspace, ref)
    if run.draws:
        raise BadInputError(no_chat_reason(run.id))
    if run.manifest is None or run.adapter is None:
        raise BadInputError(f"{run.id} has no adapter to ask ({run.status}{': ' + run.reason if run.reason else ''})")
    return run


class PrintedAnswer(NamedTuple):
    text: str
    repeats: bool
    """The model was stopped because it repeated itself."""
    routed: bool = False
    """It is the base model's, because the question names no taught subject."""
    book: tuple[str, ...] = ()
    """The untaught facts that were put into its prompt."""
    sources: str = ""
    """What the open book had about its question; empty where the book was not opened."""


def _answers(
    base: str, run: Run | None, questions: list[str], limits: dict[str, Any], base_only: list[str]
) -> list[list[PrintedAnswer]]:
    """Return the answers to each question: the base model's, then the run's.

    Args:
        base_only: more questions, which only the base model is asked; their answers are the last ones.
        limits: keys of `jobs.serve.ask.AskRequest` that say how each answer is made.

    Raises:
        GarageError: the job failed.
    """
    import json
    import subprocess
    import sys

    from garage_tui.core.base.child_environment import environment
    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.base.json_text import struct_json
    from garage_tui.core.base.sanitize import one_line

    runs = [{"id": run.id, "adapter": str(run.adapter)}] if run else []
    alone = list(range(len(questions), len(questions) + len(base_only)))
    request = {"base": base, "runs": runs, "questions": [*questions, *base_only], "base_only": alone, **limits}
    job = subprocess.run(
        [sys.executable, "-P", "-m", "garage_tui.jobs.serve.ask"],
        input=struct_json(request),
        stdout=subprocess.PIPE,  # stderr is passed through: the job reports its phases there
        env=environment(shares_cores=True),
    )
    lines = [json.loads(line) for line in job.stdout.splitlines()]
    if job.returncode != 0 or len(lines) != len(questions) * (1 + len(runs)) + len(base_only):
        error = lines[-1].get("error") if lines else None
        raise GarageError(one_line(error) if error else f"the model's process ended with exit code {job.returncode}")
    answers: list[list[PrintedAnswer]] = [[] for _ in [*questions, *base_only]]
    for line in lines:  # in the order of the questions, the base model first
        answers[line["question"]].append(PrintedAnswer(line["answer"], line["repeats"]))
    return answers


def _answers_in_service(
    workspace: Workspace,
    settings: Settings,
    base: str,
    run: Run | None,
    questions: list[str],
    limits: dict[str, Any],
    base_only: list[str],
) -> list[list[PrintedAnswer]]:
    """Return the answers to each question: the base model's, then those under the lasting name.

    Args:
        run: the run in service; None while it is the base model.
        limits, base_only: as in `_answers`.

    Raises:
        GarageError: the job failed, or the facts file cannot be read.
    """
    from garage_tui.cli.ask_in_service import find_booked, find_routes
    from garage_tui.core.facts.retrieval import prompt_with_facts

    booked = find_booked(workspace, settings, run, questions)
    prompts = [prompt_with_facts(question, facts) for question, facts in zip(questions, booked, strict=True)]
    all_prompts = list(dict.fromkeys([*questions, *prompts]))
    routes, found = find_routes(run, settings, questions), []
    compared = {prompt for prompt, route in zip(prompts, routes, strict=True) if route.compares_openings}
    how = {**limits, "compare_openings": [index for index, prompt in enumerate(all_prompts) if prompt in compared]}
    all_answers = _answers(base, run, all_prompts, how, base_only)
    answers = dict(zip(all_prompts, all_answers, strict=False))
    for question, prompt, facts, route in zip(questions, prompts, booked, routes, strict=True):
        served = answers[prompt][0 if route.to_base or run is None else 1]
        found.append([answers[question][0], served._replace(routed=route.to_base, book=tuple(facts))])
    return [*found, *all_answers[len(all_prompts) :]]


def _print_answers(question: str, answers: list[tuple[str, PrintedAnswer]]) -> None:
    import shutil
    import textwrap

    from garage_tui.core.base.format import plural
    from garage_tui.core.base.sanitize import one_line, plain

    width = min(shutil.get_terminal_size().columns, 100)
    print(one_line(question, 1000))
    for name, answer in answers:
        print(f"  {one_line(name)}")
        for line in plain(answer.text).strip().splitlines() or ["(no answer)"]:
            print(textwrap.fill(line, width, initial_indent="    ", subsequent_indent="    "))
        if answer.repeats:
            print("    (stopped: the model repeats itself)")
        if answer.routed:
            print("    (the base model's answer, because the question names no taught subject)")
        if answer.book:
            print(f"    ({plural(len(answer.book), 'fact')} from the book: {one_line(' · '.join(answer.book), 200)})")
        if answer.sources:
            print(f"    ({one_line(answer.sources, 200)})")
    print()
