"""`garage sample`: new pictures, drawn by the model of a diffusion run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garage_tui.core.diffusion.sample import SampleRequest


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "sample",
        help="new pictures by the model of a diffusion run",
        description="Draw new pictures with the model of a diffusion run, as one contact sheet. The same seed draws "
        "the same pictures. While a run goes on, its newest checkpoint draws. Ctrl-C cancels.",
    )
    parser.add_argument("ref", metavar="RUN")
    parser.add_argument("-n", type=int, default=16, metavar="N", dest="count", help="pictures on the sheet (16)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the noise that they begin with (0)")
    parser.add_argument("--steps", type=int, metavar="N", help="steps from noise to a picture (default: as in the run)")
    parser.add_argument("--out", required=True, metavar="FILE.png", help="write the sheet there")
    parser.add_argument(
        "--film", action="store_true", help="every step as a frame of an animated PNG: x_t beside the model's guess"
    )
    parser.add_argument("--json", action="store_true", help="JSON lines: how far it is, then the file")
    parser.set_defaults(run=run_sample)


def run_sample(args: argparse.Namespace) -> int:
    import asyncio
    import json
    import shlex
    import sys

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.settings import Workspace
    from garage_tui.core.diffusion import sample
    from garage_tui.core.diffusion.sample import SampleRequest
    from garage_tui.core.runs.catalog import find_run

    run = find_run(Workspace.find(args.workspace), args.ref)
    if run.manifest and not run.draws:
        raise BadInputError(f"{run.id} was taught facts, and draws nothing: `garage ask --run {run.id} QUESTION`")
    wanted, out = SampleRequest(args.seed, args.count, args.steps, args.film), Path(args.out).expanduser().absolute()
    _check(wanted, out)
    if refusal := sample.why_not(run.path):
        raise BadInputError(refusal)
    asyncio.run(_draw(run.path, wanted, out, args.json))
    if args.json:
        print(json.dumps({"path": str(out), "run": run.id, "seed": wanted.seed, "count": wanted.count}))
        return 0
    print(out)
    if sys.stdout.isatty() and not args.film:
        print(f"see it:  garage show {shlex.quote(args.out)}")
    return 0


def _check(wanted: SampleRequest, out: Path) -> None:
    """Refuse what cannot be drawn or written, before a model is loaded for it."""
    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.diffusion.sample import MOST_SAMPLES, MOST_SEED, MOST_STEPS

    for option, value, least, most in (
        ("-n", wanted.count, 1, MOST_SAMPLES),
        ("--seed", wanted.seed, 0, MOST_SEED),
        ("--steps", wanted.steps, 1, MOST_STEPS),
    ):
        if value is not None and not least <= value <= most:
            raise BadInputError(f"{option} {value}: give {least} to {most}")
    name = one_line(str(out))
    if out.suffix.lower() != ".png":
        raise BadInputError(f"--out {name}: give a name that ends in .png")
    if out.is_dir() or not out.parent.is_dir():
        raise BadInputError(f"--out {name}: {'is a folder' if out.is_dir() else 'its folder is not there'}")


async def _draw(run: Path, wanted: SampleRequest, out: Path, as_json: bool) -> None:
    """Draw, and say how far it is: as JSON lines, or in one line of a terminal that is gone at the end."""
    import contextlib
    import json
    import sys

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from garage_tui.core.diffusion import sample
    from garage_tui.core.terminal.safe_stdout import unwrapped

    columns = TextColumn("drawing"), BarColumn(bar_width=24), TextColumn("{task.fields[words]}", markup=False)
    console = Console(file=unwrapped(sys.stderr))  # all words in it are our own
    shown = console.is_terminal and not as_json
    with Progress(*columns, console=console, auto_refresh=False, transient=True, disable=not shown) as bar:
        task = bar.add_task("", total=None, words="the model … · Ctrl-C cancels")
        bar.refresh()
        async with contextlib.aclosing(sample.draw(run, wanted, out)) as drawing:
            async for told in drawing:
                if as_json and told.of:
                    print(json.dumps({"done": told.done, "of": told.of}), flush=True)
                elif told.of:
                    bar.update(task, completed=told.done, total=told.of, words=f"step {told.done} of {told.of}")
                    bar.refresh()
