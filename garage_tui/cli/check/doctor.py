"""`garage doctor`: what works on this machine, what is missing, and the commands that fix it."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser("doctor", help="check this machine: what works, what is missing, and how to fix it")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_doctor)


def run_doctor(args: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from garage_tui.core.doctor import examine
    from garage_tui.core.settings.settings import Workspace

    findings = examine(Workspace.find(args.workspace))
    bad = any(finding.level == "bad" for finding in findings)
    if args.json:
        print(json.dumps({"ok": not bad, "findings": [asdict(finding) for finding in findings]}, indent=2))
        return 1 if bad else 0
    marks = {"good": "ok  ", "note": "note", "bad": "BAD "}
    for finding in findings:
        print(f"{marks[finding.level]}  {finding.text}")
        if finding.mend:
            print(f"      → {finding.mend}")
    return 1 if bad else 0
