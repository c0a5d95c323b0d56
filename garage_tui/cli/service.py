"""`garage promote`, `back` and `service`: which run answers people, under the lasting name."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garage_tui.core.runs.service import Service, ServiceChange
    from garage_tui.core.settings.settings import Workspace

_SHOWN = 5
"""Most subjects that are listed."""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    promote = commands.add_parser(
        "promote",
        help="put a run in service: its model answers whoever asks for the lasting name",
        description="Put a run in service. The server offers the run in service under one lasting name, `garage` "
        "(`name` in [serve]), so that clients need no change. It applies from the next question on; an answer that "
        "is under way is not cut.",
    )
    promote.add_argument("ref", metavar="RUN")
    promote.set_defaults(run=run_promote)

    back = commands.add_parser(
        "back",
        help="put in service what was there before",
        description="Put in service what was there before the last promotion, in the end the base model. Going back "
        "again goes one further.",
    )
    back.add_argument("--base", action="store_true", help="put the base model in service, whatever was before")
    back.set_defaults(run=run_back)

    service = commands.add_parser(
        "service",
        help="show which run is in service, since when, and what was before",
        description="Show which run answers whoever asks for the lasting name, since when, and all changes.",
    )
    service.set_defaults(run=run_service)
    for parser in (promote, back):
        parser.add_argument("--why", metavar="TEXT", default="", help="the reason, which the history keeps")
    for parser in (promote, back, service):
        parser.add_argument("--json", action="store_true", help="one JSON document")


def run_promote(args: argparse.Namespace) -> int:
    from garage_tui.cli.runs.usable_run import find_usable_run
    from garage_tui.core.exam.headline import headline
    from garage_tui.core.runs.promotion import promote, why_not_served
    from garage_tui.core.runs.service import read_service
    from garage_tui.core.serving.server_base import restart_note
    from garage_tui.core.settings.settings import Workspace

    workspace = Workspace.find(args.workspace)
    run = find_usable_run(workspace, args.ref, lambda one: not why_not_served(one))
    change = promote(workspace, run, args.why)
    if args.json:
        return _print_change(workspace, change)
    note = restart_note(workspace, read_service(workspace))
    if change is None:
        print(f"{run.id} is in service already")
    else:
        before = change.before or "the base model"
        print(_answers_from(workspace, run.id, note))
        print(f"before: {before} (`garage back` returns to it)")
        if card := headline(run.path):
            print(f"its report card: {card.text}")
    if note:
        print(note)
    return 0


def run_back(args: argparse.Namespace) -> int:
    from garage_tui.core.runs.promotion import go_back
    from garage_tui.core.runs.service import read_service
    from garage_tui.core.serving.server_base import restart_note
    from garage_tui.core.settings.settings import Workspace

    workspace = Workspace.find(args.workspace)
    change = go_back(workspace, args.why, to_base=args.base)
    if args.json:
        return _print_change(workspace, change)
    if change is None:
        print("the base model is in service already")
        return 0
    note = restart_note(workspace, read_service(workspace))
    print(_answers_from(workspace, change.run or "the base model", note))
    if note:
        print(note)
    return 0


def _answers_from(workspace: Workspace, model: str, note: str) -> str:
    """Return from when on a model answers that is in service now.

    Args:
        note: what is to be done about the server that runs here.
    """
    from garage_tui.core.runs.catalog import lasting_name

    when = "once the server has its base model" if note else "from the next question on"
    return f"{model} is in service: it answers as `{lasting_name(workspace)}` {when}"


def run_service(args: argparse.Namespace) -> int:
    import json
    import time

    from garage_tui.core.base.format import moment
    from garage_tui.core.runs.service import read_service
    from garage_tui.core.settings.settings import Workspace

    workspace = Workspace.find(args.workspace)
    service = read_service(workspace)
    document = service_dict(workspace, service)
    if args.json:
        history = [_as_dict(change) for change in reversed(service.changes)]
        print(json.dumps({**document, "history": history, "unreadable_lines": list(service.skipped)}, indent=2))
        return 1 if document["problem"] else 0
    print(service_line(workspace, service, document))
    if service.run:
        print(f"`garage back` puts {service.earlier or 'the base model'} in service")
    if service.run and not document["problem"]:
        print(_routing_text(workspace, service.run))
    if service.changes:
        print()
    now = time.time()
    for change in reversed(service.changes):
        what = "back to" if change.back else "promoted"
        by = f"  by {change.who}" if change.who else ""
        why = f": {change.why}" if change.why else ""
        print(f"{moment(change.when, now):<13} {what:<9} {change.run or 'the base model'}{by}{why}")
    for number in service.skipped:
        print(f"line {number} of the record cannot be read")
    if not service.changes and not service.problem:
        print(f"`garage promote RUN` puts a run in service; clients ask for `{document['name']}`")
    return 1 if document["problem"] else 0


def _routing_text(workspace: Workspace, run: str) -> str:
    """Return which conversations a run in service answers, in one line."""
    from garage_tui.core.base.format import plural
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.routing.routes_file import read_routes
    from garage_tui.core.settings.settings import load_settings

    if not load_settings(workspace).serve.route_by_subject:
        return "it answers everything: route_by_subject is off"
    subjects = read_routes(workspace.checkpoints / run)
    if subjects.gap:
        return f"it answers everything: {one_line(subjects.gap, 300)}"
    found = [*subjects.names, *(" ".join(one) for one in subjects.keywords)]
    more = f" and {plural(len(found) - _SHOWN, 'more', 'more')}" if len(found) > _SHOWN else ""
    return f"it answers what names {one_line(', '.join(found[:_SHOWN]), 300)}{more}; the base model answers all else"


def service_dict(workspace: Workspace, service: Service) -> dict[str, Any]:
    """Return what is in service as plain data for `--json`; `problem` says why it cannot answer."""
    from garage_tui.core.runs.catalog import lasting_name
    from garage_tui.core.runs.promotion import NotServedError, run_in_service

    problem = None
    try:
        run_in_service(workspace, service)
    except NotServedError as error:
        problem = str(error)
    last = service.current
    return {
        "name": lasting_name(workspace),
        "run": service.run,
        "since": service.since,
        "who": last.who if last else None,
        "why": (last.why or None) if last else None,
        "before": last.before if last else None,
        "can_go_back": service.can_go_back,
        "problem": problem,
    }


def service_line(workspace: Workspace, service: Service, found: dict[str, Any]) -> str:
    """Return what is in service as one line: `garage is RUN, since today 14:05 (by anna: new dog)`.

    Args:
        found: the same by `service_dict`.
    """
    import time

    from garage_tui.core.base.format import moment
    from garage_tui.core.runs.label import label_of

    if found["problem"]:
        return f"{found['name']} does not answer: {found['problem']}"
    label = label_of(workspace.checkpoints / service.run).name if service.run else ""
    what = (service.run or "the base model") + (f" ({label})" if label else "")
    since = f", since {moment(service.since, time.time())}" if service.since else ""
    who = service.current.explanation if service.current else ""
    return f"{found['name']} is {what}{since}{f' ({who})' if who else ''}"


def _print_change(workspace: Workspace, change: ServiceChange | None) -> int:
    import json

    from garage_tui.core.runs.service import read_service

    print(json.dumps({"changed": change is not None, **service_dict(workspace, read_service(workspace))}, indent=2))
    return 0


def _as_dict(change: ServiceChange) -> dict[str, Any]:
    return {
        "run": change.run,
        "when": change.when,
        "who": change.who or None,
        "why": change.why or None,
        "before": change.before,
        "back": change.back,
    }
