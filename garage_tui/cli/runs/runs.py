"""`garage runs` and `garage logs`: the list of runs, and their logs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from garage_tui.core.base.errors import BadInputError, reason_of

if TYPE_CHECKING:
    from garage_tui.core.runs.label import Label
    from garage_tui.core.runs.record import Run
    from garage_tui.core.settings.settings import EnergySettings


def add(commands: argparse._SubParsersAction[Any]) -> None:
    runs = commands.add_parser("runs", help="list the runs, the newest first")
    runs.add_argument("--json", action="store_true", help="one JSON document")
    runs.set_defaults(run=run_runs)

    logs = commands.add_parser("logs", help="print the log of a run")
    logs.add_argument("ref", metavar="RUN", nargs="?", help="by default the newest one")
    how = logs.add_mutually_exclusive_group()
    how.add_argument(
        "-f", "--follow", action="store_true", help="follow the log until the run ends (after Ctrl-C the run continues)"
    )
    how.add_argument(
        "-F",
        "--follow-all",
        action="store_true",
        help="follow the active run, then the next one, until Ctrl-C; without RUN",
    )
    logs.add_argument(
        "-n", "--lines", type=int, metavar="N", help="start N lines before the end (default: at the first line)"
    )
    logs.set_defaults(run=run_logs)


def run_runs(args: argparse.Namespace) -> int:
    from garage_tui.core.runs.catalog import list_runs
    from garage_tui.core.runs.service import read_service
    from garage_tui.core.settings.settings import Workspace, load_settings

    workspace = Workspace.find(args.workspace)
    prices = load_settings(workspace).energy
    runs = list_runs(workspace)
    labels = {run.id: _label(run) for run in runs}
    in_service = read_service(workspace).run
    if args.json:
        import json

        print(json.dumps([as_dict(run, in_service) for run in runs], indent=2))
    elif runs:
        _print_runs(runs, labels, in_service, prices)
    else:
        print("no runs yet; start one with `garage train lora --facts FILE` or `garage train diffusion`")
    return 0


def _print_runs(
    runs: Sequence[Run], labels: Mapping[str, Label], in_service: str | None, prices: EnergySettings
) -> None:
    """Print a line for each run, and how many were interrupted."""
    from garage_tui.core.base.format import duration, rough_time
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.exam.headline import headline
    from garage_tui.core.hardware.energy import describe_energy
    from garage_tui.core.scheduling import queue

    waiting = queue.order() if any(run.status == "queued" for run in runs) else ()
    names = {run.id: one_line(run.id, 300) for run in runs}
    width = max(map(len, names.values()))
    for run in runs:
        state = run.state
        card = None if run.alive else headline(run.path)
        parts = [card.text] if card else []
        if state and state.total_steps:
            parts.append(f"{state.step}/{state.total_steps}")
        if state and state.loss is not None:
            parts.append(f"loss {state.loss:.3f}")
        if run.seconds is not None:
            parts.append(duration(run.seconds))
        if state and state.wh is not None:
            parts.append(describe_energy(state.wh, state.wh_from, prices))
        if run.alive and state and state.time_left is not None:
            parts.append(f"{rough_time(state.time_left)} left")
        if run.alive and state and state.images_per_s is not None:
            parts.append(f"{state.images_per_s:.0f} images/s")
        if run.path in waiting:
            parts.append(f"number {waiting.index(run.path) + 1} of {len(waiting)} in the queue")
        elif reason := run.reason.removesuffix(card.verdict).rstrip("; ") if card else run.reason:
            parts.append(one_line(reason, 600))
        elif run.alive and state and state.phase:
            parts.append(one_line(state.now.describe(), 600))
        if note := labels[run.id].note:
            parts.append(note)
        called = [name] if (name := labels[run.id].name) else []
        called += ["in service"] if run.id == in_service else []
        print(f"{names[run.id]:<{width}}  {run.status:<11}  {' · '.join([*called, *parts])}".rstrip())
    if lost := sum(run.status == "interrupted" and run.resumable for run in runs):
        print(
            f"{lost} run{' was' if lost == 1 else 's were'} interrupted: "
            f"`garage resume --all` resumes {'it' if lost == 1 else 'them'}"
        )


def _label(run: Run) -> Label:
    """Return the label of a run; say so on stderr where it is damaged."""
    import sys

    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.runs.label import DamagedLabelError, Label, read_label

    try:
        return read_label(run.path)
    except DamagedLabelError as error:
        print(f"{one_line(run.id, 300)}: {reason_of(error, 300)}", file=sys.stderr)
        return Label()


def as_dict(run: Run, in_service: str | None) -> dict[str, Any]:
    """Return a run as plain data for `--json`; `state` combines the lock and the state file."""
    import msgspec

    from garage_tui.core.images import albums
    from garage_tui.core.runs.diffusion_files import PIPELINE
    from garage_tui.core.runs.label import label_of

    label = label_of(run.path)
    drawn = {}
    if run.draws:
        pipeline = run.path / PIPELINE
        sheets = [{"epoch": page.epoch, "path": str(page.path)} for page in albums.run_album(run.path).epochs]
        drawn = {"pipeline": str(pipeline) if pipeline.is_dir() else None, "sheets": sheets}
    state = msgspec.to_builtins(run.state) if run.state else {}
    manifest = msgspec.to_builtins(run.manifest) if run.manifest else None
    return {
        **state,
        "id": run.id,
        "name": label.name or None,
        "note": label.note or None,
        "kind": run.manifest.kind if run.manifest else None,
        "path": str(run.path),
        "state": run.status,
        "reason": run.reason,
        "alive": run.alive,
        "adapter": str(run.adapter) if run.adapter else None,
        "in_service": run.id == in_service,
        **drawn,
        "manifest": manifest,
    }


def run_logs(args: argparse.Namespace) -> int:
    import sys

    from garage_tui.cli.runs.follow_latest import follow_all, print_log
    from garage_tui.core.base.tail import FileFollower
    from garage_tui.core.runs.catalog import find_run
    from garage_tui.core.runs.folder import LOG, is_alive
    from garage_tui.core.settings.settings import Workspace

    workspace = Workspace.find(args.workspace)
    if args.follow_all:
        if args.ref:
            raise BadInputError("-F follows the active run: leave out the run, or use -f")
        return follow_all(workspace)
    run = find_run(workspace, args.ref or "last")
    log = FileFollower(run.path / LOG)
    if args.lines is not None:
        from garage_tui.core.base.log_reader import last_lines

        log.position = last_lines(log.path, max(0, args.lines))
    try:
        print_log(log, lambda: not args.follow or not is_alive(run.path))
        return 0
    except KeyboardInterrupt:
        print(f"\n{run.id} continues", file=sys.stderr)
        return 0
