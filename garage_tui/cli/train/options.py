"""Options that all kinds of run share, and what happens after the start: print the run's id, and follow it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from garage_tui.core.limits.run_limits import RunLimits
    from garage_tui.core.places.place import Place
    from garage_tui.core.runs.record import Run
    from garage_tui.core.settings.settings import Settings


def add_common(parser: argparse.ArgumentParser, default_name: str, several_gpus: str) -> None:
    """Add the options that all kinds of run share.

    Args:
        default_name: describes the name of a run without --name.
        several_gpus: what a run of this kind does with several GPUs.
    """
    parser.add_argument(
        "--gpus", metavar="N,…", help=f"indices of the GPUs to use; {several_gpus} (default: the first free one)"
    )
    parser.add_argument("--at", metavar="PLACE", help="work at this place of your settings (default: this box)")
    parser.add_argument("--max-temp", type=float, metavar="C", help="pause above this temperature (default: [heat])")
    parser.add_argument("--power-cap", type=float, metavar="W", help="power cap of the run's GPUs; needs root")
    parser.add_argument(
        "--only", action="append", metavar="HH:MM-HH:MM", help="work only between these times (default: [hours])"
    )
    parser.add_argument("--sunny", action=argparse.BooleanOptionalAction, help="wait for a solar surplus ([sun])")
    parser.add_argument("--name", metavar="NAME", help=f"readable end of the run id (default: {default_name})")
    parser.add_argument("--detach", action="store_true", help="start the run and exit at once")
    parser.add_argument("--json", action="store_true", help="print JSON lines: the run, its events, its end")


def limits_from(args: argparse.Namespace, settings: Settings, like: Run | None = None) -> RunLimits:
    """Return the limits of a new run: of the settings, then of the run `like`, then of these options."""
    import msgspec

    from garage_tui.core.limits.run_limits import COOLS_BY, RunLimits
    from garage_tui.core.settings.types import COOLEST

    changes = msgspec.structs.asdict(like.manifest.limits) if like and like.manifest else {}
    if args.max_temp is not None:
        # A limit from the command line brings its own temperature to resume at.
        changes |= {"max_temp_c": args.max_temp, "resume_temp_c": max(COOLEST, args.max_temp - COOLS_BY)}
    options = {"power_cap_w": args.power_cap, "only": tuple(args.only) if args.only else None, "sunny": args.sunny}
    changes |= {key: value for key, value in options.items() if value is not None}
    return RunLimits.from_settings(settings, **changes)


def chosen_place(args: argparse.Namespace, settings: Settings, gpus: tuple[int, ...]) -> Place | None:
    """Return the place of `--at`; None for this box.

    Raises:
        BadInputError: there is no such place, or it cannot have what was chosen.
    """
    if not args.at:
        return None
    from garage_tui.core.places.place import check_options, find_place

    place = find_place(settings, args.at)
    check_options(place, gpus)
    return place


def announce_start(args: argparse.Namespace, place: Place | None, gpus: tuple[int, ...]) -> None:
    """Print where a run will work, and what it will wait for; nothing with `--json`."""
    if args.json:
        return
    from garage_tui.core.base.format import plural
    from garage_tui.core.hardware.busy import busy_text
    from garage_tui.core.hardware.gpus import usable

    if place:
        print(f"it works at {place.name} ({place.where}), whose queue decides when; the time above is this box's")
        return
    from garage_tui.core.launch.start import runs_before

    if busy := busy_text(usable()):
        print(busy, flush=True)
    if before := runs_before(gpus):
        print(f"it will wait in the queue: {plural(before, 'run')} before it", flush=True)


def announce_and_follow(args: argparse.Namespace, folder: Path, steps: int) -> int:
    """Print the id of a run that was started, and follow the run unless --detach is given; return the exit code."""
    import json

    if args.json:
        print(json.dumps({"run": folder.name, "path": str(folder), "steps": steps}), flush=True)
    else:
        print(f"run {folder.name}")
    if args.detach:
        if not args.json:
            print(f"the run continues by itself; follow it with `garage logs {folder.name} -f` or in the app")
        return 0
    from garage_tui.cli.runs.follow import follow_as_json, follow_as_text

    return follow_as_json(folder) if args.json else follow_as_text(folder)
