"""`garage facts check FILE`, `garage facts import SOURCE`, `garage facts export FILE`."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garage_tui.core.facts.file import FactsFile, Problem


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser("facts", help="check, import or export a facts file")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser("check", help="list every problem with its line; exit code 2 if any is an error")
    check.add_argument("file", metavar="FILE", help="JSONL: one {question, answer} object per line")
    check.add_argument("--json", action="store_true", help="one JSON document")
    check.add_argument(
        "--base", metavar="MODEL", help="also list rows that are too long for training, in this model's tokens"
    )
    check.set_defaults(run=run_check)
    formats = ("facts", "csv", "messages", "alpaca", "sharegpt", "text")
    bring = actions.add_parser(
        "import", help="add the facts of a CSV, chat or text file; rows that are already there are skipped"
    )
    bring.add_argument("source", metavar="SOURCE", help="a file, or - for standard input")
    bring.add_argument("--as", dest="form", choices=formats, help="its format; detected by default")
    bring.add_argument("--to", metavar="FILE", help="the facts file (default: datasets/SOURCE.jsonl)")
    bring.add_argument("--json", action="store_true", help="one JSON document")
    bring.set_defaults(run=run_import)
    take = actions.add_parser("export", help="write facts in a format that other tools read")
    take.add_argument("file", metavar="FILE", help="the facts file")
    take.add_argument("--as", dest="form", choices=formats, required=True, help="the format")
    take.add_argument("--out", metavar="OUT", help="write to this file instead of standard output (-)")
    take.add_argument("--no-exam", action="store_true", help="leave the exam questions out")
    take.add_argument("--force", action="store_true", help="replace OUT if it exists")
    take.set_defaults(run=run_export)


def run_check(args: argparse.Namespace) -> int:
    from pathlib import Path

    from garage_tui.core.base.format import plural
    from garage_tui.core.facts.file import load_facts

    file = load_facts(Path(args.file))
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
        counts = plural(len(file.facts), "fact") + (f" ({exam} for the exam only)" if exam else "")
        print(f"{counts}, {plural(len(file.errors), 'error')}, {plural(warnings, 'warning')}")
    return 2 if file.errors else 0


def _too_long(file: FactsFile, base: str) -> list[Problem]:
    from garage_tui.core.facts.file import Problem
    from garage_tui.core.training import token_preview
    from garage_tui.core.training.recipe import LoraRecipe
    from garage_tui.core.training.token_lengths import describe_cut

    limit = LoraRecipe().max_length
    numbers = {id(line.fact): number for number, line in enumerate(file.lines, 1)}
    problems = []
    for row, count, cut in token_preview.too_long(base, file.training, limit):
        problems.append(Problem(numbers[id(row)], describe_cut(count, cut, limit), error=False))
    return problems


def run_import(args: argparse.Namespace) -> int:
    import sys
    from pathlib import Path

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.settings import Workspace, journals_folder
    from garage_tui.core.facts import file_formats
    from garage_tui.core.facts.store import FactsStore

    piped = args.source == "-"
    source = None if piped else Path(args.source)
    try:
        data = source.read_bytes() if source else sys.stdin.buffer.read()
    except OSError as error:
        raise BadInputError(f"{args.source}: {error.strerror}") from error
    found = file_formats.read(data, args.form or file_formats.guess(source, data))
    for problem in found.problems:
        print(f"{args.source}: {problem}", file=sys.stderr)
    name = f"{source.stem if source else 'imported'}.jsonl"
    path = Path(args.to) if args.to else Workspace.find(args.workspace).datasets / name
    if source and path.exists() and path.resolve() == source.resolve():
        raise BadInputError(f"{path} is the source itself: give another file with --to")
    path.parent.mkdir(parents=True, exist_ok=True)
    store = FactsStore(path, journals_folder())
    new = file_formats.only_new(found.facts, store.document.lines)
    if new:
        store.insert(len(store.document.lines), new, "importing")
        while change := store.save():
            store.accept(change)
    store.close()
    known = len(found.facts) - len(new)
    if args.json:
        counts = {"file": str(path), "added": len(new), "there": known, "problems": found.problems}
        print(json.dumps(counts, indent=2))
    else:
        waiting = sum(fact.is_statement for fact in new)
        await_ = f", {waiting} of them without a question yet" if waiting else ""
        print(f"{path}: {len(new)} added{await_}, {known} already there, {len(found.problems)} skipped")
    return 0 if found.facts else 2


def run_export(args: argparse.Namespace) -> int:
    import sys
    from pathlib import Path

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.output_file import STDOUT, output_argument
    from garage_tui.core.facts import file_formats
    from garage_tui.core.facts.file import load_facts

    out = output_argument(STDOUT if args.out is None else args.out, parents=True)
    out.require(args.force)
    file = load_facts(Path(args.file))
    if out.replaces and out.target == Path(args.file).resolve():
        raise BadInputError(f"{args.out} is the facts file itself: name another file")
    rows = [line.fact for line in file.lines if line.fact and not (args.no_exam and line.fact.exam)]
    data = file_formats.write(rows, args.form)
    if out.is_stdout and sys.stdout.isatty():
        print(data.decode(errors="replace"), end="")
    else:
        out.write(data, force=args.force)
    exams = sum(row.exam for row in rows)
    unread = len(file.errors)
    left = sum(row.is_statement for row in rows) if args.form not in ("facts", "text") else 0
    parts = [f"{len(rows) - left} rows"]
    parts += [f"{exams} of them exam questions (--no-exam leaves them out)"] if exams else []
    parts += [f"{left} without a question skipped"] if left else []
    parts += [f"{unread} unreadable lines skipped: garage facts check {args.file}"] if unread else []
    print(", ".join(parts), file=sys.stderr)
    return 0
