"""`garage facts check FILE`."""

from __future__ import annotations

import argparse
import json
from typing import Any


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser("facts", help="look a facts file over")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser("check", help="name every problem with its line; exit 2 if any is an error")
    check.add_argument("file", metavar="FILE", help="JSONL: one {question, answer} object a line")
    check.add_argument("--json", action="store_true", help="one JSON document")
    check.set_defaults(run=run_check)


def run_check(args: argparse.Namespace) -> int:
    from pathlib import Path

    from garage_tui.core import facts

    file = facts.load(Path(args.file))
    exam = len(file.facts) - len(file.training)
    if args.json:
        problems = [
            {"line": p.line, "severity": "error" if p.error else "warning", "text": p.text} for p in file.problems
        ]
        print(json.dumps({"file": args.file, "facts": len(file.facts), "exam": exam, "problems": problems}, indent=2))
    else:
        for problem in file.problems:
            print(file.where(problem))
        warnings = len(file.problems) - len(file.errors)
        counts = f"{len(file.facts)} facts" + (f" ({exam} for the exam only)" if exam else "")
        print(f"{counts}, {len(file.errors)} errors, {warnings} warnings")
    return 2 if file.errors else 0
