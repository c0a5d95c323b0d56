"""`garage places`: the places of the settings where runs can work, and whether they can."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "places",
        help="check the places where runs can work besides this box",
        description="Check each place of your settings: whether it answers, whether its queue answers, and whether the "
        "same version, the base model and GPUs are there. `garage train lora --at PLACE` has a run work there.",
    )
    parser.add_argument("name", metavar="PLACE", nargs="?", help="only this one (default: all)")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_places)


def run_places(args: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from garage_tui.core.places.check import check_place
    from garage_tui.core.places.place import find_place
    from garage_tui.core.settings.settings import Workspace, load_settings, user_settings_file

    settings = load_settings(Workspace.find(args.workspace))
    if args.name:
        find_place(settings, args.name)
    names = [args.name] if args.name else list(settings.places)
    if not names and not args.json:
        print(f"no place is set: runs work on this box; a table [places.NAME] in {user_settings_file()} makes one")
        print("`garage help places` says how")
        return 0
    found, bad = {}, False
    marks = {"good": "ok  ", "note": "note", "bad": "BAD "}
    for name in names:
        findings = check_place(settings, name)
        bad = bad or any(finding.level == "bad" for finding in findings)
        found[name] = [asdict(finding) for finding in findings]
        for finding in [] if args.json else findings:
            print(f"{marks[finding.level]}  {finding.text}", flush=True)
            if finding.mend:
                print(f"      → {finding.mend}", flush=True)
    if args.json:
        print(json.dumps({"ok": not bad, "places": found}, indent=2))
    return 1 if bad else 0
