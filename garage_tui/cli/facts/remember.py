"""`garage remember`: tells a fact, which is checked and written into the workspace's facts file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from garage_tui.core.school.remember import Remembered

_MAX_BYTES = 100_000
"""Most that is read of standard input; a fact is shorter."""


def add(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "remember",
        help="tell a fact: it is checked and added to the facts file",
        description="Tell a fact, as a sentence or as a question with its answer. The command checks it and adds it to "
        "the facts file. Templates make questions of a sentence. If it contradicts a row, nothing is written, unless "
        "--replace says that the row is outdated. Exit codes: 0 it is in the file, 1 the file "
        "cannot be written, 2 it is no fact, or contradicts a row.",
    )
    parser.add_argument(
        "text", metavar="TEXT", nargs="*", help="a sentence, or QUESTION? / ANSWER; - reads it from standard input"
    )
    parser.add_argument("-q", "--question", metavar="QUESTION", default="", help="what a person asks")
    parser.add_argument("-a", "--answer", metavar="ANSWER", default="", help="what the model should answer")
    parser.add_argument("--replace", action="store_true", help="replace the rows that say otherwise")
    parser.add_argument("--file", metavar="FILE", help="the facts file (default: `facts` in [school])")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_remember)


def run_remember(args: argparse.Namespace) -> int:
    import json
    import sys

    from garage_tui.core.base.errors import BadInputError
    from garage_tui.core.school.fact_input import read_fact
    from garage_tui.core.school.remember import facts_file, remember
    from garage_tui.core.settings.settings import Workspace, load_settings

    workspace = Workspace.find(args.workspace)
    settings = load_settings(workspace)
    text, answer = _read_stdin() if args.text == ["-"] else " ".join(args.text), args.answer
    if args.question and not answer:
        text, answer = "", text  # -q QUESTION ANSWER
    fact = read_fact(text, args.question, answer, base_model=settings.base_model)
    done = remember(facts_file(workspace, settings, args.file), fact, "command", replace=args.replace)
    contradicts = done.outcome == "contradicts"
    if args.json:
        print(json.dumps(_as_dict(done), indent=2))
    elif contradicts:
        raise BadInputError(f"{done.sentence}; --replace puts the new answer in its place")
    else:
        print(done.sentence)
        if done.warning:
            print(done.warning, file=sys.stderr)
    return 2 if contradicts else 0


def _read_stdin() -> str:
    import sys

    from garage_tui.core.base.errors import BadInputError

    try:
        return sys.stdin.buffer.read(_MAX_BYTES).decode()  # a pipe may have no end
    except UnicodeDecodeError as error:
        raise BadInputError(f"standard input is not UTF-8 (byte {error.start + 1}): nothing was added") from error
    except OSError as error:
        raise BadInputError(f"standard input cannot be read: {error.strerror}") from error


def _as_dict(done: Remembered) -> dict[str, Any]:
    return {
        "outcome": done.outcome,
        "file": str(done.file),
        "lines": list(done.lines),
        "questions": list(done.questions),
        "answer": done.answer,
        "contradictions": [
            {"line": one.line, "question": one.question, "answer": one.answer} for one in done.contradictions
        ],
        "changed": done.changed,
        "removed": done.removed,
        "lacks": done.lacks or None,
        "warning": done.warning or None,
        "sentence": done.sentence,
    }
