"""`garage stop`, `pause`, `resume`, `delete` and `queue`: control of existing runs."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from garage_tui.core.runs.record import Run

_BEYOND_GRACE = 60.0
"""Seconds that a run has to end, beyond those after which its supervisor ends it."""
_STEP_SECONDS = 600.0
"""Seconds that a run has for the step after which it pauses or goes on: much longer than any step takes."""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    stop = commands.add_parser("stop", help="save and stop a run, or take a waiting run out of the queue")
    stop.set_defaults(run=run_stop)

    pause = commands.add_parser(
        "pause",
        help="pause a run; with --release it also frees its memory",
        description="Pause a run after its current step. It stays in memory, and `garage resume` continues it at once. "
        "With --release it saves a checkpoint and exits, which frees its memory and its GPU.",
    )
    pause.add_argument(
        "--release", action="store_true", help="save a checkpoint and exit, to free the memory and the GPU"
    )
    pause.set_defaults(run=run_pause)

    resume = commands.add_parser(
        "resume",
        help="resume a paused, stopped, failed or interrupted run",
        description="Resume a run in memory, or through the queue from its newest complete checkpoint.",
    )
    resume.add_argument("--at", metavar="PLACE", help="go on at this place of your settings, or `here` on this box")
    resume.set_defaults(run=run_resume)

    delete = commands.add_parser("delete", help="delete a run that is not running, with its adapter and checkpoints")
    delete.add_argument("-y", "--yes", action="store_true", help="do not ask")
    delete.set_defaults(run=run_delete)

    for parser in (stop, pause, delete):
        parser.add_argument("ref", metavar="RUN")
    resume.add_argument("ref", metavar="RUN", nargs="?")
    resume.add_argument("--all", action="store_true", help="every interrupted run of this workspace")
    for parser in (stop, pause, resume, delete):
        parser.add_argument("--json", action="store_true", help="one JSON document")

    queue = commands.add_parser(
        "queue",
        help="list the waiting runs of this machine, or move one",
        description="List the waiting runs of all workspaces in their order, or move one. `garage stop RUN` takes a "
        "run out of the queue.",
    )
    queue.add_argument("ref", metavar="RUN", nargs="?", help="a waiting run of this workspace")
    where = queue.add_mutually_exclusive_group()
    where.add_argument("--first", action="store_true", help="move it to the front")
    where.add_argument("--last", action="store_true", help="move it to the end")
    where.add_argument("--earlier", action="store_true", help="move it up by one")
    where.add_argument("--later", action="store_true", help="move it down by one")
    queue.add_argument("--json", action="store_true", help="one JSON document")
    queue.set_defaults(run=run_queue)


def _find(args: argparse.Namespace) -> Run:
    from garage_tui.core.runs.catalog import find_run
    from garage_tui.core.settings.settings import Workspace

    return find_run(Workspace.find(args.workspace), args.ref)


def _wait(run: Run, until: Callable[[Run], bool], seconds: float) -> Run:
    """Wait until a run is so, and return it as it is then.

    Raises:
        GarageError: it takes longer than `seconds`.
    """
    import shlex
    import time

    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.base.format import duration
    from garage_tui.core.base.sanitize import shown_line
    from garage_tui.core.runs.lock_holders import name_holders
    from garage_tui.core.runs.record import read_run

    end = time.monotonic() + seconds
    while not until(run):
        if time.monotonic() > end and run.manifest is not None and run.manifest.place:
            raise GarageError(
                f"{shown_line(run.id)} is still {run.status} after {duration(seconds)}: "
                f"{shown_line(run.reason or 'nothing came of it yet')}; {shown_line(run.manifest.place)} does it as "
                "soon as it can, also without this command"
            )
        if time.monotonic() > end:
            raise GarageError(
                f"{shown_line(run.id)} is still {run.status} after {duration(seconds)}, so its processes do not "
                f"answer; its lock is held by {name_holders(run.path)}: `pkill -9 -f {shlex.quote(str(run.path))}` "
                f"ends the run's own, and `garage resume {shown_line(run.id)}` goes on from its last checkpoint"
            )
        time.sleep(0.2)
        run = read_run(run.path)
    return run


def _print(run: Run, as_json: bool) -> int:
    import json

    from garage_tui.cli.runs.follow import exit_code, print_results
    from garage_tui.cli.runs.runs import as_dict
    from garage_tui.core.runs.service import read_record

    if as_json:
        print(json.dumps(as_dict(run, read_record(run.path.parent).run), indent=2))
    else:
        print(f"{run.status}{': ' if run.reason else ''}{run.reason}")
        if run.adapter and not run.alive:
            print(f"adapter: {run.adapter}")
        elif run.draws and not run.alive:
            print_results(run)
    return exit_code(run)


def run_stop(args: argparse.Namespace) -> int:
    from garage_tui.core.launch import run_control

    run = _find(args)
    doing = "leaving the queue" if run.status == "queued" else "saving and stopping"
    run_control.stop(run)
    if not args.json:
        print(f"{run.id}: {doing} …", flush=True)
    grace = run.manifest.stop_grace_seconds if run.manifest else 60.0
    return _print(_wait(run, lambda run: not run.alive, grace + _BEYOND_GRACE), args.json)


def run_pause(args: argparse.Namespace) -> int:
    from garage_tui.core.launch import run_control

    run = _find(args)
    run_control.pause(run, args.release)
    if not args.json:
        print(
            f"{run.id}: {'saving a checkpoint and exiting' if args.release else 'pausing after this step'} …",
            flush=True,
        )
    return _print(
        _wait(run, lambda run: not run.alive or (run.status == "paused" and not args.release), _STEP_SECONDS),
        args.json,
    )


def run_resume(args: argparse.Namespace) -> int:
    import json

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.launch import run_control
    from garage_tui.core.runs.record import read_run
    from garage_tui.core.settings.settings import Workspace, load_settings

    if args.all and args.at:
        raise BadInputError("--all resumes every run where it was: name one run for --at")
    if args.all == bool(args.ref):
        raise BadInputError("give a run, or --all for every interrupted run")
    if args.all:
        workspace = Workspace.find(args.workspace)
        ids = run_control.resume_all(workspace)
        if args.json:
            print(json.dumps({"resumed": ids}))
        else:
            print("\n".join(f"{run_id}: resumed" for run_id in ids) or "no run was interrupted")
        return 0
    run = _find(args)
    note = _service_note(args, run)
    if args.at:
        run = run_control.move_to(run, load_settings(Workspace.find(args.workspace)), args.at)
    run_control.resume(run)
    if note:
        print(note, file=sys.stderr)
    run = _wait(run, lambda run: run.status != "paused", _STEP_SECONDS)
    if args.json:
        return _print(read_run(run.path), True)
    state = "waiting in the queue" if run.status == "queued" else "resumed"
    print(f"{run.id}: {state}; follow it with `garage logs {run.id} -f`")
    return 0


def _service_note(args: argparse.Namespace, run: Run) -> str:
    """Return what it means for people if a run that is in service trains again; empty if nothing."""
    from garage_tui.core.runs.service import read_service
    from garage_tui.core.settings.settings import Workspace

    if run.alive or read_service(Workspace.find(args.workspace)).run != run.id:
        return ""
    return (
        f"note: {run.id} is in service, and cannot answer until it has finished or is stopped; `garage back` or "
        "`garage promote RUN` puts something else in service"
    )


def run_delete(args: argparse.Namespace) -> int:
    import json

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.format import human_bytes
    from garage_tui.core.base.sanitize import shown_line
    from garage_tui.core.runs.catalog import disk_bytes
    from garage_tui.core.runs.deletion import delete
    from garage_tui.core.runs.exit_wait import wait_for_exit
    from garage_tui.core.runs.service import refuse_if_in_service

    run = wait_for_exit(_find(args))
    if run.alive:
        raise BadInputError(f"{run.id} is {run.status}: stop it first with `garage stop {run.id}`")
    refuse_if_in_service(run.path.parent, run.id)
    size = disk_bytes(run.path)
    if not args.yes:
        if not sys.stdin.isatty():
            raise BadInputError(f"{run.id} would be deleted, which cannot be undone: confirm it with --yes")
        adapter = "its adapter, " if run.adapter else ""
        question = f"delete {shown_line(run.id)} with {adapter}{human_bytes(size)}? [y/N] "
        if input(question).strip().lower() not in ("y", "yes"):
            print("not deleted")
            return 0
    delete(run)
    print(
        json.dumps({"deleted": run.id, "bytes": size}) if args.json else f"{run.id}: deleted, {human_bytes(size)} freed"
    )
    return 0


def run_queue(args: argparse.Namespace) -> int:
    import json

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.scheduling import queue

    if args.ref:
        moves = {"first": -(10**6), "last": 10**6, "earlier": -1, "later": 1}
        chosen = [moves[name] for name in moves if getattr(args, name)]
        if not chosen:
            raise BadInputError("say where to move it: --first, --last, --earlier or --later")
        queue.move(_movable(_find(args)).path, chosen[0])
    elif args.first or args.last or args.earlier or args.later:
        raise BadInputError("name the run: `garage queue RUN --first`")
    waiting = queue.order()
    elsewhere = _waiting_at_places(args)
    if args.json:
        print(json.dumps([str(path) for path in (*waiting, *(run.path for run in elsewhere))], indent=2))
    elif not waiting and not elsewhere:
        print("The queue is empty.")
    for position, path in enumerate([] if args.json else waiting, start=1):
        print(f"{position:>3}  {one_line(path.name)}  in {one_line(str(path.parents[1]), 1000)}")
    for run in [] if args.json else elsewhere:
        print(f"  –  {one_line(run.id)}  {one_line(run.reason, 600)}")
    return 0


def _waiting_at_places(args: argparse.Namespace) -> list[Run]:
    """Return the runs of this workspace that wait in the queue of a place."""
    from garage_tui.core.runs.catalog import list_runs
    from garage_tui.core.settings.settings import Workspace

    runs = list_runs(Workspace.find(args.workspace))
    return [run for run in runs if run.status == "queued" and run.manifest is not None and run.manifest.place]


def _movable(run: Run) -> Run:
    """Return a run, unless the queue that it waits in is another place's.

    Raises:
        BadInputError: the engine there decides the order.
    """
    from garage_tui.core.base.errors import BadInputError

    if run.manifest is not None and run.manifest.place:
        raise BadInputError(f"{run.id} waits at {run.manifest.place}: the queue there decides the order, not this box")
    return run
