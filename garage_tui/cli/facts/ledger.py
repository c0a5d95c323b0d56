"""`garage facts ledger`: what became of each fact: learned, in the book, waiting, failed, superseded or removed."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from garage_tui.core.school.ledger import Ledger, LedgerEntry

_WORD = 11
"""Cells of the longest status."""
_WAITING = (
    "No night teaches what waits. `garage facts check FILE` counts otherwise: the facts that a run on the file teaches."
)
_INDENT = _WORD + 4


def add(actions: argparse._SubParsersAction[Any]) -> None:
    parser = actions.add_parser(
        "ledger",
        help="list for each fact whether the model in service has learned it, and if not, why",
        description="List the facts of a file with their status. `learned`: the model in service answers it by itself. "
        "`in the book`: not taught yet; the server puts it into the prompt. `waiting`: it cannot be taught as it is. "
        "`failed`: it was taught, and the report card has a wrong answer. `superseded`, `removed`: the model in "
        "service was taught it, and the file says otherwise, or no longer has it.",
    )
    parser.add_argument("file", metavar="FILE", nargs="?", help="the facts file (default: `facts` in [school])")
    choices = ("learned", "in-the-book", "waiting", "failed", "superseded", "removed")
    parser.add_argument("--status", choices=choices, help="only facts with this status")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run_ledger)


def run_ledger(args: argparse.Namespace) -> int:
    import json
    import shutil
    import sys
    import time

    from garage_tui.core.facts.file import load_facts
    from garage_tui.core.school.ledger import read_ledger
    from garage_tui.core.school.ledger_text import describe_counts
    from garage_tui.core.school.remember import facts_file
    from garage_tui.core.settings.settings import Workspace, load_settings

    workspace = Workspace.find(args.workspace)
    path = facts_file(workspace, load_settings(workspace), args.file)
    ledger = read_ledger(workspace, load_facts(path))
    only = (args.status or "").replace("-", " ")
    entries = [entry for entry in ledger.entries if not only or entry.status == only]
    if args.json:
        print(json.dumps(_as_dict(path, ledger, entries), indent=2))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        for entry in entries:
            print("\n".join(entry_lines(entry, time.time(), width)))
        print(describe_counts(ledger))
        if ledger.count("waiting") and only in ("", "waiting"):
            print(_WAITING)
        if ledger.problem:
            print(f"what is in service is not known: {ledger.problem}", file=sys.stderr)
    return 1 if ledger.problem else 0


def entry_lines(entry: LedgerEntry, now: float, width: int | None) -> list[str]:
    """Return a fact in one line, or in several of at most `width` cells: status, fact, and what there is to say.

    Args:
        width: None for output that no terminal shows, which is not cut.
    """
    from garage_tui.core.base.sanitize import one_line
    from garage_tui.core.school.ledger_text import SIGNS, describe_entry, fact_text

    begin = f"{SIGNS[entry.status]} {entry.status:<{_WORD}}  "
    fact, more = one_line(fact_text(entry), 1000), one_line(describe_entry(entry, now), 1000)
    line = f"{begin}{fact}{f' ({more})' if more else ''}"
    if width is None or len(line) <= width:
        return [line]
    free = max(20, width - _INDENT)
    shown = one_line(fact, free)
    return [begin + shown, *(" " * _INDENT + part for part in textwrap.wrap(more, free))]


def _as_dict(path: Path, ledger: Ledger, entries: list[LedgerEntry]) -> dict[str, Any]:
    from dataclasses import asdict

    from garage_tui.core.school.ledger import STATUSES

    facts = [{key: None if value == "" else value for key, value in asdict(entry).items()} for entry in entries]
    return {
        "file": str(path),
        "run": ledger.run or None,
        "problem": ledger.problem or None,
        "counts": {status: ledger.count(status) for status in STATUSES},
        "facts": facts,
    }
