"""`garage hand-over`: gives a run's model to Ollama, llama.cpp, LM Studio, vLLM or a folder."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path

    from garage_tui.core.export.export_process import ExportEvent, ExportRequest
    from garage_tui.core.runs.record import Run

_PROGRAMS = ("ollama", "llama.cpp", "lmstudio", "vllm")


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "hand-over",
        help="give a run's model to Ollama, llama.cpp, LM Studio, vLLM or a folder",
        description="Merge the model of a run in 16 bits, write it as GGUF in several sizes, ask each size the "
        "questions of the run's report card, and say which is the smallest that keeps the facts. For vLLM the merged "
        "model is written as safetensors. An earlier hand-over of the same run is replaced; another folder never.",
    )
    parser.add_argument("ref", metavar="RUN")
    parser.add_argument(
        "--to",
        required=True,
        metavar="PROGRAM",
        help=f"{', '.join(_PROGRAMS)}, or a folder such as ./out (the programs' files go to the run's export/)",
    )
    parser.add_argument(
        "--quantise", default="", metavar="SIZES", help="q8_0,q6_K,q5_K_M,q4_K_M or some of them (default: all)"
    )
    parser.add_argument("--no-exam", action="store_true", help="do not ask the sizes the questions of the report card")
    parser.add_argument("--adapter", action="store_true", help="add the adapter alone as a GGUF, for --lora")
    parser.add_argument("--name", default="", metavar="NAME", help="with --to ollama: the model's name (default: RUN)")
    parser.add_argument(
        "--force", action="store_true", help="follow a link at the folder, and replace Ollama's model of this name"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_hand_over)


def run_hand_over(args: argparse.Namespace) -> int:
    import asyncio
    import json
    import sys

    import msgspec

    from garage_tui.cli.export.progress import run_export_job
    from garage_tui.cli.runs.usable_run import find_usable_run
    from garage_tui.core.export import ollama
    from garage_tui.core.export.export_process import refusal
    from garage_tui.core.settings.settings import Workspace

    run = find_usable_run(Workspace.find(args.workspace), args.ref, lambda one: not refusal(one))
    if reason := refusal(run):
        raise BadInputError(reason)
    request = _request(args, run)
    name = ollama.model_name(args.name or run.id)
    program = ollama.find() if args.to == "ollama" else None
    if program:  # before minutes of work
        ollama.check_free(program, name, force=args.force)
    try:
        done = asyncio.run(run_export_job(run, request))
    except KeyboardInterrupt:
        print("\ncancelled; no files are left", file=sys.stderr)
        raise
    for note in done.notes:
        print(note, file=sys.stderr)
    summary = done.summary
    if summary and summary.warning:
        print(f"warning: {summary.warning}", file=sys.stderr)
    if program:
        from pathlib import Path

        print(f"ollama create {name}", file=sys.stderr, flush=True)
        ollama.create(program, name, Path(done.path))
    start = _start_command(args.to, done, name, bool(program))
    if args.json:
        about = {"run": run.id, "to": args.to, "path": done.path, "bytes": done.bytes, "replaced": done.replaced}
        made = msgspec.to_builtins(summary) if summary else {}
        print(json.dumps({**about, "notes": done.notes, **made, "start": start}, indent=2))
        return 0
    if summary:
        print(summary.sentence)
    print(done.path)
    print(start)
    return 0


def _request(args: argparse.Namespace, run: Run) -> ExportRequest:
    """Return what the export job is asked to make.

    Raises:
        BadInputError: the options do not go together, or the target is no folder.
    """
    import shlex
    from pathlib import Path

    from garage_tui.core.export import lm_studio
    from garage_tui.core.export.export_process import ExportRequest
    from garage_tui.core.export.hand_over import parse_sizes

    if args.name and args.to != "ollama":
        raise BadInputError("--name is only for --to ollama")
    if not args.to.strip():
        raise BadInputError(f"--to is empty: give {', '.join(_PROGRAMS)}, or a folder")
    if args.to == "vllm":
        if args.quantise or args.adapter or args.no_exam:
            raise BadInputError("--to vllm hands over the merged model: leave out --quantise, --adapter and --no-exam")
        return ExportRequest("merged", force=args.force)
    to = ""
    if args.to == "lmstudio":
        to = str(lm_studio.model_folder(run.id))
    elif args.to not in _PROGRAMS:
        if "/" not in args.to and not Path(args.to).is_dir():
            folder = shlex.quote(f"./{args.to[:100]}")
            raise BadInputError(f"--to {args.to[:100]}: give {', '.join(_PROGRAMS)}, or a folder such as {folder}")
        to = args.to
    return ExportRequest(
        "hand-over",
        to,
        force=args.force,
        sizes=parse_sizes(args.quantise),
        exam=not args.no_exam,
        with_adapter=args.adapter,
    )


def _start_command(to: str, done: ExportEvent, name: str, created: bool) -> str:
    """Return in a sentence how the model is started where it was handed over."""
    import shlex
    from pathlib import Path

    folder: Path = Path(done.path)
    if to == "vllm":
        return f"start it:  vllm serve {shlex.quote(done.path)} --served-model-name garage"
    gguf = shlex.quote(str(folder / done.summary.recommended)) if done.summary else ""
    if to == "ollama" and created:
        return f"start it:  ollama run {name}"
    if to == "ollama":
        command = f"cd {shlex.quote(done.path)} && ollama create {name} -f Modelfile"
        return f"Ollama is not installed here. Where it is:  {command}"
    if to == "lmstudio":
        return "LM Studio lists it under My Models"
    return f"start it:  llama-server -m {gguf} --alias garage"
