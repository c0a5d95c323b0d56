"""What only a real GPU can show, in one table, in ten minutes: are our kernels right there, how fast is a run, do the
sensors and the heat guard work?

    python benchmarks/gpu_quarter.py                        on a box with a GPU
    python benchmarks/gpu_quarter.py --dry-run              does it all run? On a processor, in a minute or two
    python benchmarks/gpu_quarter.py --only agreement heat --out benchmarks/results/gpu-quarter.jsonl

It needs no network and no installed garage_tui, only this checkout and some packages: docs/explain/figures.md has their
list and a command ("Training on a GPU"). A part whose package is missing says so.

* `agreement`: attention, products, packing masks, gradients of each example, Gauss-Newton steps and directions on the
  GPU beside the processor's
* `model`: writes a Llama-3.1-8B with random weights in bf16 (16 GB, in /dev/shm where that is large enough)
* `default`, `story`: a run of our job with that preset on it: neither time nor memory depends on the weights (answers
  that never end make our guards dearer, and no run stops early because it has learned)
* `butterflies`: five epochs of the diffusion preset `card`
* `sensors`, `heat`: NVML at rest and under load; a run that pauses when the GPU is hot and goes on when it has cooled
* `trl`, `unsloth`: plain TRL, and Unsloth's notebook, on the same model and rows as `story`; only where `--only` or
  `--also` names them

Every part is a process of its own with its own time limit. It prints each row as soon as it is measured; a part that
fails says why, and the others go on. Exit code 1: a part failed, or a kernel does not agree.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gpu_parts.rows import ROOT, Options, Report, Row, read_row, reporter

PARTS: dict[str, tuple[str, float]] = {
    "agreement": ("agreement.measure", 60),
    "model": ("contenders.write_model", 90),
    "default": ("teaching.measure_default", 170),
    "story": ("teaching.measure_story", 90),
    "butterflies": ("drawing.measure", 110),
    "sensors": ("sensors.measure_sensors", 30),
    "heat": ("sensors.measure_heat_guard", 60),
    "trl": ("contenders.measure_trl", 120),
    "unsloth": ("contenders.measure_unsloth", 120),
}
"""The function of each part, and its time limit in seconds."""
EXTRA = ("trl", "unsloth")
"""Parts that run only where they are named."""
ON_THE_MODEL = ("default", "story", "trl", "unsloth")
GRACE = 15.0
"""Seconds that a part has to stop what it started, once its time is over."""
DRY_SECONDS = 240.0
"""Time limit of each part of a dry run: two busy cores are slow."""
PACKAGES = ("torch", "transformers", "peft", "accelerate", "trl", "diffusers", "unsloth", "nvidia-ml-py")


def work(part: str, options: Options) -> None:
    """Measure one part in this process."""
    sys.path.insert(0, str(ROOT))
    report: Report = reporter(part)
    module, function = PARTS[part][0].split(".")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # a part that started a run stops it
    measure: Callable[[Options, Report], None] = getattr(import_module(f"gpu_parts.{module}"), function)
    measure(options, report)


def run(part: str, options: Options, seconds: float, verbose: bool) -> Iterator[Row]:
    """Run a part in a process group of its own, and yield its rows; the last one says why it failed, if it did."""
    command = [sys.executable, str(Path(__file__).resolve()), "--part", part, "--options", json.dumps(asdict(options))]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, tempfile.TemporaryFile("w+") as errors:
        # Nothing of the owner's is read or written: settings, queue, cache and runs are this part's own.
        own = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "TMPDIR": place, "GARAGE_STATE": place}
        own |= {"XDG_CONFIG_HOME": place, "PYTHONUNBUFFERED": "1"}
        # Jobs leave $PYTHONPATH out (core/base/child_environment.py), where carried wheels may be.
        own["GARAGE_PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
        if options.device == "cpu":
            own["CUDA_VISIBLE_DEVICES"] = ""
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            errors="replace",
            env={**os.environ, **own},
            cwd=place,
            start_new_session=True,
        )
        late = threading.Event()

        def end() -> None:
            late.set()
            process.terminate()
            time.sleep(GRACE)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        output = []
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if row := read_row(line):
                    yield row
                else:
                    output.append(line)
            code = process.wait()
        finally:
            timer.cancel()
        errors.seek(0)
        trouble = errors.read()
    if late.is_set():
        yield Row(part, "stopped", f"after {seconds:.0f} s", "its time limit", failed=True)
    elif code:
        if verbose:
            print("".join(output)[-4000:], trouble[-8000:], file=sys.stderr)
        lines = [line for line in trouble.splitlines() if line.strip() and not line.startswith((" ", "Traceback"))]
        yield Row(part, "failed", lines[-1][:200] if lines else f"exit code {code}", "", failed=True)


def about(options: Options) -> list[str]:
    """Return the lines that say what it was measured on."""
    found = [f"python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"no {package}")
    lines = [", ".join(found)]
    if options.device == "cuda":
        import torch

        properties = torch.cuda.get_device_properties(0)
        lines.insert(0, f"{properties.name}, {properties.total_memory / 1e9:.0f} GB, CUDA {torch.version.cuda}")
    else:
        lines.insert(0, "on the processor: this shows that it runs; no figure says anything about a GPU")
    return lines


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--dry-run", action="store_true", help="tiny shapes on the processor, and a made-up sensor")
    arguments.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    arguments.add_argument("--also", nargs="+", choices=EXTRA, default=[], metavar="PART", help="trl, unsloth")
    arguments.add_argument("--seconds", type=float, default=590, help="for all parts together (default 590)")
    arguments.add_argument("--base", default="", metavar="DIR", help="a folder with a tokenizer for the 8B model")
    arguments.add_argument("--model", default="", metavar="DIR", help="a model folder instead of random weights")
    arguments.add_argument("--out", type=Path, metavar="FILE", help="adds the rows to it, one JSON object a line")
    arguments.add_argument("--verbose", action="store_true", help="print the output of a part that failed")
    arguments.add_argument("--part", help=argparse.SUPPRESS)
    arguments.add_argument("--options", help=argparse.SUPPRESS)
    args = arguments.parse_args()
    if args.part:
        work(args.part, Options(**json.loads(args.options)))
        return 0
    if not args.dry_run:
        import torch

        if not torch.cuda.is_available():
            print("gpu_quarter: torch finds no CUDA here; --dry-run shows on a processor that it runs", file=sys.stderr)
            return 2
    parts = args.only or [part for part in PARTS if part not in EXTRA or part in args.also]
    options = Options("cpu" if args.dry_run else "cuda", args.dry_run, args.model, args.base)
    if not args.model and any(part in ON_THE_MODEL for part in parts):
        sys.path.insert(0, str(ROOT))
        from gpu_parts.random_llama import folder_for_weights

        options = replace(options, model=str(folder_for_weights("tiny" if args.dry_run else "8b")))
        parts = list(dict.fromkeys(["model", *parts])) if "model" not in parts else parts
    elif args.model:
        parts = [part for part in parts if part != "model"]
    began = time.monotonic()
    rows: list[Row] = []
    head = about(options)
    print("\n".join(head), flush=True)
    print(f"{'part':12} {'what':42} {'measured':>26}  note", flush=True)
    try:
        for part in parts:
            left = args.seconds - (time.monotonic() - began)
            limit = DRY_SECONDS if args.dry_run else min(PARTS[part][1], left)
            found = run(part, options, limit, args.verbose) if limit > 5 else iter([_no_time(part, args.seconds)])
            for row in found:
                rows.append(row)
                mark = " !" if row.failed else ""
                print(f"{row.part:12} {row.what:42} {row.figure:>26}  {row.note}{mark}".rstrip(), flush=True)
    finally:
        if options.model and not args.model:
            shutil.rmtree(options.model, ignore_errors=True)
    print(f"in {time.monotonic() - began:.0f} s")
    if args.out:
        with args.out.open("a") as file:
            file.writelines(json.dumps({"on": head, **asdict(row)}) + "\n" for row in rows)
    return int(any(row.failed for row in rows))


def _no_time(part: str, seconds: float) -> Row:
    return Row(part, "left out", f"{seconds:.0f} s are over", "see --seconds", failed=True)


if __name__ == "__main__":
    sys.exit(main())
