"""`garage facts check FILE`."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garage_tui.core.facts import FactsFile, Problem


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser("facts", help="look a facts file over")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser("check", help="name every problem with its line; exit 2 if any is an error")
    check.add_argument("file", metavar="FILE", help="JSONL: one {question, answer} object a line")
    check.add_argument("--json", action="store_true", help="one JSON document")
    check.add_argument(
        "--base", metavar="MODEL", help="also name rows longer than training takes, in this model's tokens"
    )
    check.set_defaults(run=run_check)


def run_check(args: argparse.Namespace) -> int:
    from pathlib import Path

    from garage_tui.core import facts

    file = facts.load(Path(args.file))
    if args.base:
        file.problems += _too_long(file, args.base)
        file.problems.sort(key=lambda problem: problem.line)
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


def _too_long(file: FactsFile, base: str) -> list[Problem]:
    from garage_tui.core import tokens
    from garage_tui.core.facts import Problem
    from garage_tui.core.recipe import LoraRecipe

    limit = LoraRecipe().max_length
    numbers = {id(line.fact): number for number, line in enumerate(file.lines, 1)}
    problems = []
    for row, count, cut in tokens.too_long(base, file.training, limit):
        what = (
            f"{count} tokens, and training takes {limit}: {cut} tokens of the answer are cut off; split it into several"
        )
        problems.append(Problem(numbers[id(row)], what, error=False))
    return problems
