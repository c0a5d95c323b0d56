"""`garage images`: shows what a diffusion run would learn from, before it starts."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from garage_tui.core.base.output_file import OutputFile
    from garage_tui.core.diffusion.preview import LeftOutImage, Preview

_EXAMPLES = 3
"""Skipped pictures that are named for each reason; `--json` names all."""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "images",
        help="show the pictures that a diffusion run would learn from",
        description="Read the pictures of a source as a diffusion run would. Print how many there are and which are "
        "left out, and write two contact sheets: pictures as the model will see them, and one as it turns to noise.",
    )
    parser.add_argument(
        "source",
        nargs="?",
        default="procedural",
        metavar="SOURCE",
        help="procedural (drawn by rule; the default), smithsonian (from the Hub), or a folder of pictures",
    )
    parser.add_argument("--size", type=int, default=32, metavar="PX", help="side of a picture, in pixels (32)")
    parser.add_argument(
        "--fit",
        choices=("crop", "fit"),
        default="crop",
        help="crop: use the middle of each picture (the default); fit: use all of it, between bars of its own colours",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="seed of pictures, choice and noise (0)",
    )
    parser.add_argument("--out", metavar="FOLDER", help="write the contact sheets there (default: your cache folder)")
    parser.add_argument("--force", action="store_true", help="replace the sheets in FOLDER if they exist")
    parser.add_argument("--show", action="store_true", help="show both sheets in the terminal, too")
    parser.add_argument("--json", action="store_true", help="print one JSON document, with all pictures left out")
    parser.set_defaults(run=run_images)


def run_images(args: argparse.Namespace) -> int:
    import tempfile
    from pathlib import Path

    import msgspec

    if args.out is None:
        return _show(_preview(args, None), args)
    outputs = _outputs(args.out, args.force)
    with tempfile.TemporaryDirectory(prefix="garage-images-") as folder:
        found = _preview(args, Path(folder))
        for output in outputs:
            output.write((Path(folder) / output.path.name).read_bytes(), force=args.force)
    data, noise = (str(output.path) for output in outputs)
    return _show(msgspec.structs.replace(found, data=data, noise=noise), args)


def _outputs(out: str, force: bool) -> list[OutputFile]:
    """Return the two sheets in the folder that the user names; it is made when they are written."""
    from garage_tui.core.base.errors import BadInputError, GarageError
    from garage_tui.core.base.home_path import expand_home
    from garage_tui.core.base.output_file import output_file
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.diffusion.preview import SHEETS

    folder = expand_home(out).absolute()
    try:
        is_folder = folder.stat() and folder.is_dir()
    except FileNotFoundError:
        is_folder = not folder.is_symlink()  # a link to nothing
    except OSError as error:
        raise GarageError(f"{one_line(str(folder), 1000)} cannot be written: {error.strerror or error}") from error
    if not out.strip() or not is_folder:
        raise BadInputError(f"--out {one_line(out)}: give the name of a folder")
    outputs = [output_file(folder / name, parents=True) for name in SHEETS]
    for output in outputs:
        output.require(force)
    return outputs


def _preview(args: argparse.Namespace, out: Path | None) -> Preview:
    """Read the pictures and write the two sheets, in a process of its own."""
    import contextlib
    import subprocess

    from garage_tui.core.base.child_environment import environment
    from garage_tui.core.diffusion import preview

    job = subprocess.Popen(
        preview.command(args.source, args.size, args.fit, args.seed, out=out),
        stdout=subprocess.PIPE,  # stderr is inherited: it shows the progress
        env=environment(),
    )
    try:
        output, _ = job.communicate()
    except KeyboardInterrupt:  # the job has received it too
        with contextlib.suppress(subprocess.TimeoutExpired):
            job.wait(5)
        raise
    finally:
        job.kill()
    return preview.answer(output, job.returncode)


def _show(found: Preview, args: argparse.Namespace) -> int:
    from pathlib import Path

    if args.json:
        import json

        import msgspec

        print(json.dumps(msgspec.to_builtins(found), indent=2))
        return 0
    _print(found)
    if args.show:
        from garage_tui.cli.show import print_picture

        for path in (found.data, found.noise):
            print(flush=True)
            print_picture(Path(path), args.workspace)
    return 0


def _print(found: Preview) -> None:
    from garage_tui.core.base.format import plural
    from garage_tui.core.images.left_out_count import count_text

    size = f"{found.size} × {found.size} px"
    print(f"{plural(found.train, 'picture')} to learn from, {found.held_out:,} held out · {found.label} · {size}")
    if found.left_out:
        print(f"{len(found.left_out):,} left out:")
    reasons: dict[str, list[LeftOutImage]] = {}
    for out in found.left_out:
        reasons.setdefault(out.why, []).append(out)
    for why, outs in sorted(reasons.items(), key=lambda reason: -len(reason[1])):
        print(f"  {count_text(why, len(outs))}")
        for out in outs[:_EXAMPLES]:
            print(f"    {out.name} {out.reason}")
        if len(outs) > _EXAMPLES:
            print(f"    and {len(outs) - _EXAMPLES:,} more")
    print(f"some of them, as the model sees them  {found.data}")
    print(f"one of them, turning to noise         {found.noise}")
