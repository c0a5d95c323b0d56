"""How many facts of real manuals are proposed, how many pass every check, and how many gold facts are among them.

    python benchmarks/document_proposals.py NAME=FILE … [--sample N] [--out FILE]

NAME is a document of `benchmarks/documents/gold.jsonl`, FILE its text, PDF or HTML: the manuals of Debian's packages
debian-faq 11.1, debian-policy 4.6.2.0 and developers-reference 12.18. With `--gold` and `gold_ten.jsonl` beside it NAME
is one of ten other documents (docs/explain/figures.md). All gold facts were written before any tool was run.
A gold fact is found where a proposal that passes every check quotes its sentence, and its answer contains what the gold
fact requires.

The rules write; with `writer_url` in [documents] of the user's settings a model does. `--sample` prints proposals that
pass for a person to judge: does the quote say it, and is each question understood without the document?
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from garage_tui.core.documents.read_document import read_document
from garage_tui.core.exam.grading import contains
from garage_tui.core.proposals.normal_text import find_quote, normal_text
from garage_tui.core.proposals.proposal import Proposal
from garage_tui.core.proposals.propose import propose
from garage_tui.core.proposals.subject import why_no_subject
from garage_tui.core.proposals.writer_choice import choose_writer
from garage_tui.core.settings.settings import Workspace, load_settings

GOLD = Path(__file__).with_name("documents") / "gold.jsonl"


async def measure(
    name: str, file: str, writer_name: str, all_gold: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[Proposal]]:
    """Return the figures of one document, and its proposals that pass."""
    with tempfile.TemporaryDirectory() as folder:
        box = Workspace(Path(folder))
        writer = await choose_writer(box, load_settings(box), writer_name)  # type: ignore[arg-type]
        began = time.perf_counter()
        document = read_document(file, box)
        read_s = time.perf_counter() - began
        proposals: list[Proposal] = []
        waiting = 0
        began = time.perf_counter()
        facts = box.datasets / "garage.jsonl"
        async for offered in propose(box, facts, document.passages, writer, title=document.title):
            proposals += offered.proposals
            waiting += len(offered.waiting)
        seconds = time.perf_counter() - began
    passing = [one for one in proposals if one.passes]
    gold = [row for row in all_gold if row["document"] == name]
    normal = normal_text(document.text)
    reachable = [row for row in gold if find_quote(row["quote"], normal)]
    found = [row for row in gold if any(_has(one, row) for one in passing)]
    return {
        "document": name,
        "writer": writer.model if writer else "rules",
        "pages": document.pages,
        "characters": len(document.text),
        "passages": len(document.passages),
        "read_s": round(read_s, 1),
        "propose_s": round(seconds, 1),
        "proposals": len(proposals),
        "passing": len(passing),
        "failed": dict(Counter(check.name for one in proposals for check in one.failed)),
        "waiting_sentences": waiting,
        "gold": len(gold),
        "gold_in_text": len(reachable),
        "gold_found": len(found),
        "questions_without_subject": sum(
            bool(why_no_subject(question)) for one in passing for question in one.all_questions
        ),
    }, passing


def _has(proposal: Proposal, gold: dict[str, Any]) -> bool:
    """Return whether a proposal says what a gold fact says: the same sentence, and what its answer must contain."""
    quote = " ".join(gold["quote"].split())
    same = find_quote(quote, proposal.quote) or find_quote(proposal.quote, quote)
    return bool(same) and all(contains(proposal.answer, part) for part in gold["must"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("documents", metavar="NAME=FILE", nargs="+")
    parser.add_argument("--writer", choices=("auto", "model", "rules"), default="rules")
    parser.add_argument(
        "--gold", type=Path, default=GOLD, metavar="FILE", help="the gold facts (default: the tuning set)"
    )
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="print N proposals that pass, to be judged")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", metavar="FILE", help="write every proposal that passes there, one JSON object a line")
    args = parser.parse_args()
    every: list[Proposal] = []
    gold = [json.loads(line) for line in args.gold.read_text().splitlines()]
    for one in args.documents:
        name, _, file = one.partition("=")
        figures, passing = asyncio.run(measure(name, str(Path(file).resolve()), args.writer, gold))
        print(json.dumps(figures), flush=True)
        every += passing
    if args.out:
        Path(args.out).write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in every))
    for proposal in random.Random(args.seed).sample(every, min(args.sample, len(every))):
        print(f"\n{proposal.quote}\n    " + "\n    ".join(proposal.all_questions))
    return 0


if __name__ == "__main__":
    sys.exit(main())
