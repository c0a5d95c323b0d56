"""How often the open book finds the passage that answers a question about real manuals, and how often it finds one
for a question about something else.

    python benchmarks/passages.py NAME=FILE … [--most 4]

NAME is a document of `benchmarks/documents/gold.jsonl`, FILE its text, PDF or HTML, as for `document_proposals.py`. The
questions (`ask`) were written by hand for the gold facts, in words of our own, before the index was tried; they are a
tuning set since. All documents are in one index. The other questions are those of the shipped answers of the base.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from garage_tui.core.base.package_path import DATA
from garage_tui.core.documents.read_document import read_document
from garage_tui.core.documents.retrieval import PassageIndex
from garage_tui.core.proposals.normal_text import find_quote, normal_text
from garage_tui.core.settings.settings import Workspace

GOLD = Path(__file__).with_name("documents") / "gold.jsonl"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("documents", metavar="NAME=FILE", nargs="+")
    parser.add_argument("--most", type=int, default=4, help="passages that are looked at (4)")
    args = parser.parse_args()
    names = {}
    with tempfile.TemporaryDirectory() as folder:
        for one in args.documents:
            name, _, file = one.partition("=")
            names[name] = read_document(str(Path(file).resolve()), Workspace(Path(folder)))
    began = time.perf_counter()
    index = PassageIndex(names.values())
    build_s = time.perf_counter() - began
    gold = [row for line in GOLD.read_text().splitlines() if (row := json.loads(line))["document"] in names]
    places = []
    began = time.perf_counter()
    for row in gold:
        found = index.find(row["ask"], args.most)
        right = (
            place
            for place, passage in enumerate(found, 1)
            if passage.document == names[row["document"]].name and find_quote(row["quote"], normal_text(passage.text))
        )
        places.append(next(right, 0))
    find_ms = (time.perf_counter() - began) / max(1, len(gold)) * 1000
    shipped = [json.loads(line) for line in (DATA / "base_answers.jsonl").read_text().splitlines()]
    others = [row["question"] for row in shipped if row.get("question")]
    figures = {
        "passages": sum(len(document.passages) for document in names.values()),
        "build_s": round(build_s, 2),
        "find_ms": round(find_ms, 1),
        "questions": len(gold),
        **{f"right_in_first_{most}": sum(0 < place <= most for place in places) for most in range(1, args.most + 1)},
        "other_questions": len(others),
        "other_questions_with_a_passage": sum(bool(index.find(question)) for question in others),
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
