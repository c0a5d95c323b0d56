"""`garage facts check`, `import`, `export` and `example`; `ledger` is another module."""

from __future__ import annotations

import argparse
import json
import shlex
from typing import TYPE_CHECKING, Any

from garage_tui.cli.facts import ledger

if TYPE_CHECKING:
    from pathlib import Path

    from garage_tui.core.facts.file import FactsFile, Problem


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "facts", help="check, import or export a facts file, list what became of its facts, or begin with an example"
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser("check", help="list every problem with its line; exit code 2 if any is an error")
    check.add_argument("file", metavar="FILE", help="JSONL: one {question, answer} object per line")
    check.add_argument("--json", action="store_true", help="one JSON document")
    check.add_argument(
        "--base",
        metavar="MODEL",
        help="also list rows that are too long for training, and rows with special tokens, as this model has them",
    )
    check.set_defaults(run=run_check)
    formats = ("facts", "csv", "messages", "alpaca", "sharegpt", "text")
    bring = actions.add_parser(
        "import", help="add the facts of a CSV, JSON, Parquet or text file; rows that are already there are skipped"
    )
    bring.add_argument("source", metavar="SOURCE", help="a file, or - for standard input")
    bring.add_argument("--as", dest="form", choices=formats, help="its format; detected by default")
    bring.add_argument("--question", metavar="COLUMN", default="", help="the column or key of the question")
    bring.add_argument("--answer", metavar="COLUMN", default="", help="the column or key of the answer")
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
    example = actions.add_parser("example", help="write the example facts into a new file, to begin with")
    example.add_argument("file", metavar="FILE", nargs="?", help="the new file (default: datasets/garage.jsonl)")
    example.set_defaults(run=run_example)
    ledger.add(actions)


def run_example(args: argparse.Namespace) -> int:
    from garage_tui.core.base.home_path import expand_home
    from garage_tui.core.base.workspace import Workspace
    from garage_tui.core.facts import example

    path = expand_home(args.file) if args.file else Workspace.find(args.workspace).datasets / example.NAME
    example.write(path)
    print(f"Wrote {path}")
    return 0


def run_check(args: argparse.Namespace) -> int:
    from pathlib import Path

    from garage_tui.core.base.format import plural
    from garage_tui.core.facts.file import Problem, parse_bytes, read_bytes
    from garage_tui.core.facts.row_counts import count_rows

    path = Path(args.file)
    file = parse_bytes(path, read_bytes(path), parquet=True)
    if file.seems:  # once, instead of a complaint about each of its lines
        file.problems = [Problem(1, file.seems)]
    if args.base:
        file.problems += [*_too_long(file, args.base), *_special(file, args.base)]
        file.problems.sort(key=lambda problem: problem.line)
    exam, counts = len(file.facts) - len(file.training), count_rows(file)
    if args.json:
        problems = [
            {"line": p.line, "severity": "error" if p.error else "warning", "text": p.text} for p in file.problems
        ]
        # The key `facts` counts rows; it is older than the word.
        found = {"file": args.file, "facts": len(file.facts), "exam": exam, "without_question": len(counts.waiting)}
        print(json.dumps({**found, "taught_facts": counts.facts, "problems": problems}, indent=2))
    else:
        for problem in file.problems:
            print(file.where(problem))
        warnings = len(file.problems) - len(file.errors)
        parts = [f"{plural(len(file.facts), 'row')} with a question"]
        parts += [f"{exam} of them for the exam only"] if exam else []
        parts += [f"{plural(counts.facts, 'fact')} to teach"]
        parts += [plural(len(file.errors), "error"), plural(warnings, "warning")]
        print(", ".join(parts))
        for sentence in counts.not_taught:
            print(sentence)
    return 2 if file.errors else 0


def _too_long(file: FactsFile, base: str) -> list[Problem]:
    from garage_tui.core.facts.file import Problem
    from garage_tui.core.training import token_preview
    from garage_tui.core.training.recipe import LoraRecipe
    from garage_tui.core.training.truncated_rows import describe_cut

    limit = LoraRecipe().max_length
    numbers = {id(line.fact): number for number, line in enumerate(file.lines, 1)}
    problems = []
    for row, count, cut in token_preview.too_long(base, file.training, limit):
        problems.append(Problem(numbers[id(row)], describe_cut(count, cut, limit), error=False))
    return problems


def _special(file: FactsFile, base: str) -> list[Problem]:
    from garage_tui.core.facts.file import Problem
    from garage_tui.core.models.special_tokens import describe_special, special_tokens

    tokens = special_tokens(base)
    found = {
        number: tokens.find(line.fact.question, line.fact.answer, line.fact.fact)
        for number, line in enumerate(file.lines, 1)
        if line.fact
    }
    return [Problem(number, describe_special(names, base), error=False) for number, names in found.items() if names]


def run_import(args: argparse.Namespace) -> int:
    import sys
    from pathlib import Path

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.write_errors import why_not_written
    from garage_tui.core.facts import importing
    from garage_tui.core.facts.file import MAX_BYTES
    from garage_tui.core.facts.formats.read_row import Columns
    from garage_tui.core.facts.store import FactsStore
    from garage_tui.core.settings.settings import Workspace, journals_folder

    if args.to == "-":
        raise BadInputError("--to -: rows are added to a facts file: give its name")
    piped = args.source == "-"
    source = None if piped else Path(args.source)
    try:
        with source.open("rb") if source else sys.stdin.buffer as file:
            data = file.read(MAX_BYTES + 1)  # a pipe or a device may have no end
    except OSError as error:
        why = "it is not a file but a folder" if isinstance(error, IsADirectoryError) else error.strerror
        raise BadInputError(f"{args.source}: {why}") from error
    if len(data) > MAX_BYTES:
        raise BadInputError(f"{args.source}: it is larger than {MAX_BYTES / 1e6:,.0f} MB: split it")
    try:
        found = importing.read(data, source.name if source else "", args.form, Columns(args.question, args.answer))
    except BadInputError as error:
        raise BadInputError(f"{args.source}: {error}") from error
    for problem in (*found.problems, *(f"note: {notice}" for notice in found.notices)):
        print(f"{args.source}: {problem}", file=sys.stderr)
    if not found.facts:
        found.problems = found.problems or ["it has no row"]
        if not args.json:
            print(f"{args.source}: nothing imported", file=sys.stderr)
    path = Path(args.to) if args.to else _target(source, Workspace.find(args.workspace).datasets)
    if source and path.exists() and path.resolve() == source.resolve():
        raise BadInputError(f"{path} is the source itself: give another file with --to")
    new = []
    if found.facts:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInputError(f"{path.parent}: {why_not_written(error, path)}") from error
        store = FactsStore(path, journals_folder(), if_unsaved="nothing was added")
        new = importing.only_new(found.facts, store.document.lines)
        try:
            if new:
                store.insert(len(store.document.lines), new, "importing")
                while change := store.save():
                    store.accept(change)
        finally:
            store.abandon()  # an import that failed is repeated; the app need not offer it as unsaved work
    known = len(found.facts) - len(new)
    if args.json:
        counts = {"file": str(path), "added": len(new), "there": known, "problems": found.problems}
        print(json.dumps({**counts, "notices": found.notices, "kind": found.kind}, indent=2))
    elif found.facts:
        waiting = sum(fact.is_statement for fact in new)
        await_ = f", {waiting} of them without a question yet" if waiting else ""
        print(f"{path}: {len(new)} added{await_}, {known} already there, {len(found.problems)} skipped")
    return 0 if found.facts else 2


def _target(source: Path | None, datasets: Path) -> Path:
    """Return the facts file that an import goes to by default: of the source's name, but never the source itself."""
    stem = source.stem if source else "imported"
    path = datasets / f"{stem}.jsonl"
    own = source and path.exists() and path.resolve() == source.resolve()
    return datasets / f"{stem}-facts.jsonl" if own else path


def run_export(args: argparse.Namespace) -> int:
    import sys
    from pathlib import Path

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.base.format import plural
    from garage_tui.core.base.output_file import STDOUT, output_argument
    from garage_tui.core.base.sanitize import decoded
    from garage_tui.core.facts import exporting
    from garage_tui.core.facts.file import load_facts

    out = output_argument(STDOUT if args.out is None else args.out, parents=True)
    out.require(args.force)
    file = load_facts(Path(args.file))
    if out.replaces and out.target == Path(args.file).resolve():
        raise BadInputError(f"{args.out} is the facts file itself: name another file")
    rows = [line.fact for line in file.lines if line.fact and not (args.no_exam and line.fact.exam)]
    data = exporting.write(rows, args.form)
    if out.is_stdout and sys.stdout.isatty():
        print(decoded(data), end="")
    else:
        out.write(data, force=args.force)
    exams = sum(row.exam for row in rows)
    unread = len(file.errors)
    left = sum(row.is_statement for row in rows) if args.form not in ("facts", "text") else 0
    parts = [plural(len(rows) - left, "row")]
    parts += [f"{exams} of them exam questions (--no-exam leaves them out)"] if exams else []
    parts += [f"{left} without a question skipped"] if left else []
    parts += (
        [f"{plural(unread, 'unreadable line')} skipped: `garage facts check {shlex.quote(args.file)}` names them"]
        if unread
        else []
    )
    print(", ".join(parts), file=sys.stderr)
    return 0
