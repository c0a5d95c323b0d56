"""`garage export`: exports the model of a run, merged, as an adapter, or as a GGUF."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garage_tui.core.base.output_file import OutputFile
    from garage_tui.core.export.export_process import ExportEvent, ExportRequest
    from garage_tui.core.runs.record import Run

_FORMS, _OUTTYPES = ("merged", "adapter", "gguf"), ("f16", "bf16", "f32", "q8_0")  # here, for a --help without msgspec


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "export",
        help="export a run's model for other programs: merged, adapter or GGUF",
        description="Export the model of a run: merged into 16-bit safetensors (transformers, vLLM, and a base here), "
        "the PEFT adapter alone, or a GGUF for llama.cpp and Ollama. An earlier export of the same run is replaced; "
        "another file only with --force, and another folder never. Ctrl-C cancels and leaves no partial files.",
    )
    parser.add_argument("ref", metavar="RUN")
    parser.add_argument("--as", choices=_FORMS, default="merged", dest="form", help="default: merged")
    parser.add_argument(
        "--to",
        metavar="PATH",
        help="folder, or file of a GGUF; - is standard output (default: the run's export/)",
    )
    parser.add_argument("--force", action="store_true", help="follow a link at PATH, and replace a file that is there")
    parser.add_argument("--outtype", choices=_OUTTYPES, default="f16", help="number type of a GGUF (default: f16)")
    parser.add_argument(
        "--converter",
        default="",
        metavar="PATH",
        help="write a GGUF with llama.cpp's convert_hf_to_gguf.py, by its path or folder (default: only for "
        "architectures that are not written here; then in $LLAMA_CPP, else on the PATH)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_export)


def run_export(args: argparse.Namespace) -> int:
    import asyncio
    import json
    import sys

    from garage_tui.cli.export.progress import run_export_job
    from garage_tui.cli.runs.usable_run import find_usable_run
    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.format import human_bytes
    from garage_tui.core.export.export_process import ExportRequest, refusal
    from garage_tui.core.settings.settings import Workspace

    run = find_usable_run(Workspace.find(args.workspace), args.ref, lambda one: not refusal(one))
    if reason := refusal(run):
        raise BadInputError(reason)
    if args.to is not None and not args.to.strip():
        raise BadInputError("--to is empty: name a folder or a file, or leave it out")
    if args.form != "gguf" and (args.converter or args.outtype != "f16"):
        raise BadInputError("--converter and --outtype are only for --as gguf")
    request = ExportRequest(args.form, args.to or "", args.outtype, args.converter, args.force)
    stream = _stream(args)
    try:
        done = _export_to(stream, run, request) if stream else asyncio.run(run_export_job(run, request))
    except KeyboardInterrupt:
        print("\ncancelled; no files are left", file=sys.stderr)
        raise
    for note in done.notes:
        print(note, file=sys.stderr)
    if stream and stream.is_stdout:
        return 0
    if args.json:
        about = {"run": run.id, "as": request.form, "path": done.path, "bytes": done.bytes}
        print(json.dumps({**about, "replaced": done.replaced, "notes": done.notes}, indent=2))
        return 0
    print(done.path)
    if sys.stdout.isatty():
        earlier = "; it replaced what was there" if done.replaced else ""
        print(f"{human_bytes(done.bytes)}{earlier}" + ("" if stream else f"\n{_use(request, done)}"))
    return 0


def _stream(args: argparse.Namespace) -> OutputFile | None:
    """Return the device or the pipe that a GGUF is written to; None if the target is a file or a folder."""
    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.output_file import output_argument

    if args.to is None:  # the export is put where exports go
        return None
    try:
        output = output_argument(args.to)
    except BadInputError:  # nothing, or a folder
        return None
    if not output.is_stream and output.descriptor is None:
        return None
    if args.form != "gguf":
        raise BadInputError(f"--to {args.to} is not a folder: only a GGUF can be written to a device or a pipe")
    if output.is_terminal:
        raise BadInputError(f"--to {args.to} is a terminal: name a file, or a pipe")
    if output.is_stdout and args.json:
        raise BadInputError(f"--to {args.to}: the GGUF and --json cannot both go to standard output")
    return output


def _export_to(stream: OutputFile, run: Run, request: ExportRequest) -> ExportEvent:
    """Make a GGUF in the run's folder, write it to a device or a pipe, and remove it."""
    import asyncio
    import shutil
    import tempfile
    from pathlib import Path

    import msgspec

    from garage_tui.cli.export.progress import run_export_job

    with tempfile.TemporaryDirectory(prefix=".stream-", dir=run.path) as folder:
        made = Path(folder) / "model.gguf"
        done = asyncio.run(run_export_job(run, msgspec.structs.replace(request, to=str(made))))
        with made.open("rb") as file:
            stream.write(lambda out: shutil.copyfileobj(file, out, 1 << 20))
    return msgspec.structs.replace(done, path=str(stream.path))


def _use(request: ExportRequest, done: ExportEvent) -> str:
    """Return the command that tries an export."""
    import shlex

    path = shlex.quote(done.path)
    if request.form == "gguf":
        return f"try it:  llama-cli -m {path}"
    if request.form == "adapter":
        return "its README.md says how PEFT and vLLM load it"
    return f"try it:  garage ask QUESTION --base {path}"
