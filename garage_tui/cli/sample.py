"""`garage sample`: draws new pictures with the model of a diffusion run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garage_tui.core.base.output_file import OutputFile
    from garage_tui.core.diffusion.sample import SampleRequest


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "sample",
        help="draw new pictures with the model of a diffusion run",
        description="Draw new pictures with the model of a diffusion run, as one contact sheet. The same seed draws "
        "the same pictures again. During the training, the newest checkpoint draws. Ctrl-C cancels.",
    )
    parser.add_argument("ref", metavar="RUN")
    parser.add_argument("-n", type=int, default=16, metavar="N", dest="count", help="number of pictures (16)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the noise to begin with (0)")
    parser.add_argument("--steps", type=int, metavar="N", help="sampling steps (default: the run's own setting)")
    parser.add_argument(
        "--out", required=True, metavar="FILE.png", help="file to write the sheet to; - is standard output"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE.png if it exists")
    parser.add_argument(
        "--film",
        action="store_true",
        help="write an animated PNG of all steps: x_t beside the model's estimate",
    )
    parser.add_argument("--json", action="store_true", help="print JSON lines: the progress, then the file")
    parser.set_defaults(run=run_sample)


def run_sample(args: argparse.Namespace) -> int:
    import asyncio
    import json
    import shlex
    import sys
    import tempfile

    from garage_tui.cli.runs.usable_run import find_usable_run
    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.output_file import output_argument
    from garage_tui.core.diffusion import sample
    from garage_tui.core.diffusion.sample import SampleRequest
    from garage_tui.core.settings.settings import Workspace

    run = find_usable_run(
        Workspace.find(args.workspace), args.ref, lambda one: one.draws and not sample.why_not(one.path)
    )
    if run.manifest and not run.draws:
        raise BadInputError(f"{run.id} has learned facts, so it cannot draw: `garage ask --run {run.id} QUESTION`")
    request, out = SampleRequest(args.seed, args.count, args.steps, args.film), output_argument(args.out)
    _check(request, out, args)
    if refusal := sample.why_not(run.path):
        raise BadInputError(refusal)
    with tempfile.TemporaryDirectory(prefix="garage-sample-") as folder:
        drawn = Path(folder) / "sample.png"
        asyncio.run(_draw(run.path, request, drawn, args.json))
        out.write(drawn.read_bytes(), force=args.force)
    if out.is_stdout:
        return 0
    if args.json:
        print(json.dumps({"path": str(out.path), "run": run.id, "seed": request.seed, "count": request.count}))
        return 0
    print(out.path)
    if sys.stdout.isatty() and not args.film and not out.is_stream:
        print(f"show it:  garage show {shlex.quote(args.out)}")
    return 0


def _check(request: SampleRequest, out: OutputFile, args: argparse.Namespace) -> None:
    """Check the request and the output, before a model is loaded for them."""
    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.diffusion.sample import MAX_SAMPLES, MAX_SEED, MAX_STEPS

    for option, value, least, most in (
        ("-n", request.count, 1, MAX_SAMPLES),
        ("--seed", request.seed, 0, MAX_SEED),
        ("--steps", request.steps, 1, MAX_STEPS),
    ):
        if value is not None and not least <= value <= most:
            raise BadInputError(f"{option} {value}: give a number from {least} to {most}")
    name = one_line(str(out.path))
    if out.is_terminal:
        raise BadInputError(f"--out {name} is a terminal, which shows no PNG: name a file, or a pipe")
    if out.is_stdout and args.json:
        raise BadInputError(f"--out {name}: the picture and --json cannot both go to standard output")
    if not out.is_stream and out.descriptor is None and out.path.suffix.lower() != ".png":
        raise BadInputError(f"--out {name}: give a name that ends in .png")
    out.require(args.force)


async def _draw(run: Path, request: SampleRequest, out: Path, as_json: bool) -> None:
    """Draw, and show the progress: as JSON lines, or in one line of the terminal that is erased at the end."""
    import contextlib
    import json
    import sys

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from garage_tui.core.diffusion import sample
    from garage_tui.core.terminal.safe_stdout import unwrapped

    columns = TextColumn("drawing"), BarColumn(bar_width=24), TextColumn("{task.fields[progress]}", markup=False)
    console = Console(file=unwrapped(sys.stderr))  # all text in it is our own
    shown = console.is_terminal and not as_json
    with Progress(*columns, console=console, auto_refresh=False, transient=True, disable=not shown) as bar:
        task = bar.add_task("", total=None, progress="loading the model … · Ctrl-C cancels")
        bar.refresh()
        async with contextlib.aclosing(sample.draw(run, request, out)) as drawing:
            async for event in drawing:
                if as_json and event.of:
                    print(json.dumps({"done": event.done, "of": event.of}), flush=True)
                elif event.of:
                    progress = f"step {event.done} of {event.of}"
                    bar.update(task, completed=event.done, total=event.of, progress=progress)
                    bar.refresh()
