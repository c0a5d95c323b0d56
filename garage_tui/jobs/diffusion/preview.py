"""The job that previews the training pictures of a diffusion run before it starts.

    python -m garage_tui.jobs.diffusion.preview --images=procedural|smithsonian|FOLDER --size=PX --fit=crop|fit --seed=N
                                      --schedule=squaredcos_cap_v2|linear --out=FOLDER

Writes two sheets, `data.png` and `noise.png`, and prints one JSON document (`core/diffusion/preview.py`: `Preview`, or
`Failure` on an error). Progress goes to stderr. SIGTERM ends it like Ctrl-C.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from garage_tui.core.base.errors import BadInputError, GarageError
from garage_tui.core.base.json_text import struct_json
from garage_tui.core.base.phase import with_counts
from garage_tui.core.base.write_errors import why_not_written
from garage_tui.core.diffusion import noise_schedule
from garage_tui.core.diffusion.preview import SHEETS, Failure, LeftOutImage, Preview
from garage_tui.core.images import contact_sheet
from garage_tui.jobs.diffusion import image_data
from garage_tui.jobs.runtime.error_text import describe_without_log

SHOWN = 16
TIMESTEPS = (0, 50, 100, 200, 300, 500, 700, 999)
FULL_DISK = "free some space and try again"
OUT_OF_MEMORY = "out of memory while reading the pictures; use fewer, or a smaller size"


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    args = _arguments()
    try:
        _print(make_preview(args.images, args.size, args.fit, args.seed, args.schedule, args.out))
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        message = describe_without_log(error, folder=args.out, full_disk=FULL_DISK, out_of_memory=OUT_OF_MEMORY)
        _print(Failure(message, isinstance(error, BadInputError)))
        return 1
    return 0


def make_preview(images: str, size: int, fit: Any, seed: int, schedule: noise_schedule.Schedule, out: Path) -> Preview:
    """Load the pictures, write the two sheets and return their description.

    Raises:
        GarageError: the pictures cannot be read, or the sheets cannot be written.
    """
    found = image_data.load(images, size, fit=fit, seed=seed, say=with_counts(_say))
    chosen = np.random.default_rng(seed).permutation(len(found.train))[:SHOWN]
    about: dict[str, Any] = {"source": found.label, "seed": seed}
    data, noised = (out / name for name in SHEETS)
    try:
        contact_sheet.write(data, found.train[np.sort(chosen)], kind="data", **about)
        strip = noise_schedule.noised(found.train[chosen[0]], TIMESTEPS, schedule, seed)
        notes = tuple(f"t = {step}" for step in TIMESTEPS)
        contact_sheet.write(noised, strip, len(TIMESTEPS), kind="noise", notes=notes, **about)
    except OSError as error:
        raise GarageError(f"{out} cannot be written: {why_not_written(error, out)}") from error
    return Preview(
        source=found.source,
        label=found.label,
        size=size,
        fit=fit,
        seed=seed,
        train=len(found.train),
        held_out=len(found.held_out),
        left_out=tuple(LeftOutImage(one.name, one.why, one.reason) for one in found.left_out),
        sha256=found.sha256,
        schedule=schedule,
        timesteps=TIMESTEPS,
        data=str(data),
        noise=str(noised),
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="garage_tui.jobs.diffusion.preview")
    parser.add_argument("--images", required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--fit", choices=("crop", "fit"), default="crop")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--schedule", choices=("squaredcos_cap_v2", "linear"), default="squaredcos_cap_v2")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _print(answer: Preview | Failure) -> None:
    sys.stdout.buffer.write(struct_json(answer) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
