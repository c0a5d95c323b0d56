"""Recipes side by side on fact sets that were not tuned on: report cards and wall times, plain TRL in the same run.

    .venv/bin/python benchmarks/recipes.py [--sets held-out/orchard …] [--seeds 0 1 2] [--recipes default plain-1e-3 …]
                                           [--out results.jsonl]
    .venv/bin/python benchmarks/recipes.py --table results.jsonl

Every run is a real one (`start.start_lora`, a process of its own) in a workspace that is thrown away. Where a set
has ordinary paraphrases in a file of their own (`plain-orchard` beside `orchard`), one run is asked both: "unseen" are
those, "indirect" the other exam's questions. "train" is from the first event to the saved adapter: imports, loading,
the base's answers and keys are in it. "card" is the report card after it. What was measured stays in the file, one JSON
object a line; a run that is there is not done again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

from ready_base import ready_base

from garage_tui.core.base.tail import FileFollower
from garage_tui.core.exam.judgement import recall_of
from garage_tui.core.exam.report import read_report
from garage_tui.core.facts.training_file import read_training_file
from garage_tui.core.launch import start
from garage_tui.core.runs.folder import EVENTS
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.recipe import LoraRecipe, make_recipe

SETS = Path(__file__).parent / "facts"
HELD_OUT = ["held-out/orchard", "held-out/saga", "held-out/band", "held-out/laser"]
"""Sets that nobody has tuned on; `held-out/hundred` takes longer, so it is measured when it is named."""
PLAIN: dict[str, Any] = {"batch_size": 8, "accumulation": 1, "looks": 0}


def recipe(name: str, seed: int, rows: int) -> LoraRecipe:
    """Return a preset for that many rows, or plain TRL at a learning rate (`plain-1e-3`)."""
    if name.startswith("plain-"):
        return make_recipe("story", lr=float(name.removeprefix("plain-")), seed=seed, **PLAIN)
    preset, *changes = name.split(",")
    changed = {key: json.loads(value) for key, value in (change.split("=") for change in changes)}
    return make_recipe(preset, rows=rows, seed=seed, **changed)


def run(facts: Path, name: str, seed: int) -> dict[str, Any]:
    """Train, and return the figures."""
    with tempfile.TemporaryDirectory() as place:
        workspace = Workspace.find(place)
        file, indirect = both_exams(facts, Path(place))
        began = time.time()
        made = recipe(name, seed, len(read_training_file(file).rows))
        folder = start.start_lora(workspace, Settings(), file, made, name=f"{facts.stem}-{seed}")
        while (seen := read_run(folder)).alive:
            time.sleep(0.5)
        if seen.status != "finished":
            raise SystemExit(f"{seen.status}: {seen.reason}\n{(folder / 'log.txt').read_text()[-2000:]}")
        events = FileFollower(folder / EVENTS).events(final=True)
        card_began = next(e["t"] for e in events if e.get("phase") == "writing the report card")
        card = read_report(folder)
        unseen = [question for question in card.questions if question.part == "unseen"]
        plain = recall_of([question for question in unseen if question.question not in indirect])
        harder = recall_of([question for question in unseen if question.question in indirect])
        return {
            "set": str(facts.relative_to(SETS).with_suffix("")),
            "recipe": name,
            "seed": seed,
            "train_s": round(card_began - began, 1),
            "card_s": card.seconds,
            "steps": seen.state.step if seen.state else 0,
            "of_steps": seen.state.total_steps if seen.state else 0,
            "trained": [card.efficacy.tuned.hits, card.efficacy.tuned.of],
            "unseen": [plain.tuned.hits, plain.tuned.of],
            "open_book": [plain.open_book.hits, plain.open_book.of],
            "indirect": [harder.tuned.hits, harder.tuned.of],
            "indirect_open_book": [harder.open_book.hits, harder.open_book.of],
            "leak": [card.leak.hits, card.leak.of],
            "neighbours": [card.neighbours.hits, card.neighbours.of],
            "drift": card.drift,
            "perplexity": round(card.perplexity.ratio, 4),
            "verdict": card.verdict,
        }


def both_exams(facts: Path, folder: Path) -> tuple[Path, set[str]]:
    """Return a file with the exam of `facts` and that of its ordinary paraphrases, and the questions of the former."""
    plain = facts.with_name(f"plain-{facts.name}")
    if not plain.exists():
        return facts, set()
    exam = {line: row["question"] for line in facts.read_bytes().splitlines() if (row := json.loads(line)).get("exam")}
    (made := folder / facts.name).write_bytes(b"\n".join([plain.read_bytes().rstrip(), *exam, b""]))
    return made, set(exam.values())


def table(lines: list[dict[str, Any]]) -> None:
    """Print the means over the seeds."""
    groups = defaultdict(list)
    for line in lines:
        groups[line["set"], line["recipe"]].append(line)
    names = (
        "set recipe seeds trained unseen open_book indirect open_book leak other_names drift ppl train_s card_s".split()
    )
    print("| " + " | ".join(names).replace("_", " ") + " |")
    print("|" + "---|" * len(names))
    for (name, how), found in sorted(groups.items()):

        def share(key: str, found: list[dict[str, Any]] = found) -> str:
            hits, of = (sum(line.get(key, (0, 0))[index] for line in found) for index in (0, 1))
            return f"{hits}/{of} ({hits / of:.0%})" if of else "–"

        figures = [f"{mean(line[key] for line in found):.3g}" for key in ("drift", "perplexity", "train_s", "card_s")]
        cells = [
            name,
            how,
            str(len(found)),
            *map(share, ("trained", "unseen", "open_book", "indirect", "indirect_open_book", "leak", "neighbours")),
            *figures,
        ]
        print("| " + " | ".join(cells) + " |")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    arguments.add_argument("--sets", nargs="+", default=HELD_OUT)
    arguments.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    arguments.add_argument("--recipes", nargs="+", default=["default", "plain-1e-3", "plain-2e-4"])
    arguments.add_argument("--out", type=Path, default=Path("results.jsonl"))
    arguments.add_argument("--table", type=Path)
    args = arguments.parse_args()
    out = args.table or args.out
    lines = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    known = {(line["set"], line["recipe"], line["seed"]) for line in lines}
    if not args.table:
        ready_base()
        for seed in args.seeds:
            for name in args.sets:
                for how in args.recipes:
                    if (name, how, seed) not in known:
                        lines.append(run(SETS / f"{name}.jsonl", how, seed))
                        with out.open("a") as file:
                            file.write(json.dumps(lines[-1]) + "\n")
                        print(json.dumps(lines[-1]), file=sys.stderr, flush=True)
    table(lines)


if __name__ == "__main__":
    main()
