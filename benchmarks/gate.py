"""The gate of the nights beside a plain rule, on real runs: one that leaks, and one that forgot an old fact.

    .venv/bin/python benchmarks/gate.py [--keep FOLDER]

The run in service is the default on eight facts of the tuning set `lodge`. Three candidates were taught these and
two new ones: the default; plain TRL at lr 1e-3; and the default with too few steps. Each is compared with it
by the paired exam. The plain rule, which other tools use, is "recall of at least 0.6 on the taught questions".
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from kept_workspace import kept_workspace
from ready_base import ready_base
from recipes import recipe

from garage_tui.core.exam.report import Report, read_report
from garage_tui.core.launch import start
from garage_tui.core.runs.catalog import list_runs
from garage_tui.core.runs.promotion import promote
from garage_tui.core.runs.record import Run, read_run
from garage_tui.core.school.gate import decide
from garage_tui.core.school.paired_process import ask_both
from garage_tui.core.settings.settings import Settings, Workspace

LODGE = Path(__file__).parent / "facts" / "tune"
OLD, NEW = 8, 2
RECALL = 0.6
CANDIDATES = {
    "default": "default",
    "plain TRL, lr 1e-3": "plain-1e-3",
    "default, 10 epochs": "default,epochs=10,looks=0",
}


def rows(count: int) -> list[dict[str, Any]]:
    """Return the rows of so many facts: those that are taught, and ordinary paraphrases as exam questions."""
    taught = [
        row for line in (LODGE / "lodge.jsonl").read_text().splitlines() if not (row := json.loads(line)).get("exam")
    ]
    facts = [row["fact"] for row in taught[:count]]
    exam = [json.loads(line) for line in (LODGE / "plain-lodge.jsonl").read_text().splitlines()]
    return [*taught[:count], *(row for row in exam if row.get("exam") and row["fact"] in facts)]


def train(box: Workspace, name: str, how: str, count: int) -> Run:
    """Train a run on the first facts, with its report card; one that is there is not trained again."""
    for run in list_runs(box):
        if run.name == f"lora-{name}" and run.status == "finished":
            return run
    file = box.datasets / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows(count)))
    folder = start.start_lora(box, Settings(), file, recipe(how, 0, count), name=name)
    while (run := read_run(folder)).alive:
        time.sleep(0.5)
    if run.status != "finished":
        raise SystemExit(f"{run.id} is {run.status}: {run.reason}")
    return run


def recall(card: Report) -> float:
    """Return the share of the taught questions that are answered."""
    return card.efficacy.tuned.hits / card.efficacy.tuned.of


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    arguments.add_argument("--keep", type=Path, help="a workspace that is kept, and gone on with")
    args = arguments.parse_args()
    ready_base()
    with kept_workspace(args.keep) as box:
        served = train(box, "served", "default", OLD)
        promote(box, served)
        before = read_report(served.path)
        print("| candidate | taught | unseen | leak | names | drift | recall ≥ 0.6 | the gate | why |")
        print("|---" * 9 + "|")
        for number, (name, how) in enumerate(CANDIDATES.items()):
            run = train(box, f"candidate-{number}", how, OLD + NEW)
            card = read_report(run.path)
            found = decide(card, ask_both(run, served), before, routed=True)
            plain = "passes" if recall(card) >= RECALL else "refused"
            why = (
                "; ".join(one.text for one in found.refusals) or f"learned {len(found.learned)}, kept {len(found.kept)}"
            )
            gate = "passes" if found.passed else "refused"
            counts = (card.efficacy.tuned, card.generalisation.tuned, card.leak, card.neighbours)
            figures = " | ".join([*(count.text for count in counts), f"{card.drift:.3f}"])
            print(f"| {name} | {figures} | {plain} | {gate} | {why[:300]} |", flush=True)


if __name__ == "__main__":
    main()
