"""What a run knows, what it says, and what is lost between: one table for the tuning sets.

    .venv/bin/python benchmarks/diagnose.py --set lodge [--recipe default] [--seed 0] [--keep FOLDER] [--out FILE]
    .venv/bin/python benchmarks/diagnose.py checkpoints/RUN [--out FILE]
    .venv/bin/python benchmarks/diagnose.py --table FILE

The first form trains a run (a process of its own, without its report card) and measures it. Sets are those in
`facts/tune`; `maple+harrow` puts two into one file. A recipe is a preset, with changes after commas:
`default,rank=32`. FILE gets one JSON object a line; a run whose line is there is not repeated.

* ranked right: answered correctly, or the taught answer is more probable than the taught answers of all other facts.
* beams: right answers of a beam search with six beams, which finds answers of a higher mean log p than the greedy one.
* first tokens: mean log p of the first four tokens of the taught answer, on wordings that no run trains on.
* linear reading: questions that a ridge classifier on the untrained base's hidden states assigns to the right fact.

A low linear reading asks for more wordings. If that is high and ranked right is low, the directions of the adapter do
not tell the facts apart. If ranked right is high and the greedy answers are not, the beginning of the answer is lost.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from ready_base import ready_base
from recipes import SETS, both_exams, recipe

from garage_tui.core.facts.file import load_facts
from garage_tui.core.facts.training_file import read_training_file
from garage_tui.core.launch import start
from garage_tui.core.runs.folder import FACTS
from garage_tui.core.runs.record import read_run
from garage_tui.core.runs.request import write_request
from garage_tui.core.settings.settings import Settings, Workspace

TUNE = SETS / "tune"
OUT = Path(__file__).parent / "results" / "diagnosis.jsonl"


def facts_file(name: str, folder: Path) -> Path:
    """Write the rows of a set, of both exams, into a file; `maple+harrow` is two sets in one."""
    parts = []
    for one in name.split("+"):
        (place := folder / f"both-{one}").mkdir()
        parts.append(both_exams(TUNE / f"{one}.jsonl", place)[0].read_bytes().rstrip())
    (made := folder / f"{name.replace('+', '-')}.jsonl").write_bytes(b"\n".join([*parts, b""]))
    return made


def train(name: str, how: str, seed: int, workspace: Path) -> Path:
    """Train a run on a set, without its report card, and return its folder."""
    file = facts_file(name, workspace)
    made = recipe(how, seed, len(read_training_file(file).rows))
    folder = start.start_lora(Workspace.find(workspace), Settings(), file, made, name=f"{file.stem}-{seed}")
    requested = False
    while (seen := read_run(folder)).alive:
        time.sleep(0.5)
        if not requested and seen.adapter:
            write_request(folder, "stop")  # this ends only the exam
            requested = True
    if seen.status != "finished":
        raise SystemExit(f"{seen.status}: {seen.reason}\n{(folder / 'log.txt').read_text()[-2000:]}")
    return folder


def diagnose(folder: Path, reads: bool = True, strengths: Sequence[float] = ()) -> dict[str, Any]:
    """Return the figures of a run folder.

    Args:
        reads: with the linear reading of its base.
        strengths: at which the adapter is measured once more.
    """
    import torch
    from instruments import Exam, Instruments, read_linearly

    from garage_tui.core.base.errors import GarageError
    from garage_tui.core.base.phase import silent
    from garage_tui.jobs.llm.run_model import load_run_model

    run = read_run(folder)
    if run.manifest is None or run.adapter is None:
        raise SystemExit(f"{folder} has no adapter")
    try:
        model, base = load_run_model(run, silent)
    except GarageError as error:
        raise SystemExit(f"{run.id} cannot be measured: {error}") from error
    facts, hard = load_facts(folder / FACTS), indirect_questions()
    exams = [fact for fact in facts.facts if fact.exam]
    exam = Exam(
        list({fact.question: fact for fact in facts.training}.values()),
        [fact for fact in exams if fact.question not in hard],
        [fact for fact in exams if fact.question in hard],
    )
    began = time.monotonic()
    instruments = Instruments(model, base, exam)
    found = instruments.measure()
    found["strengths"] = {str(strength): instruments.at_strength(strength) for strength in strengths}
    found["steps"] = run.state.step if run.state else 0
    found["seconds"] = round(time.monotonic() - began, 1)
    if reads:
        with torch.inference_mode():
            found |= {f"{part}_read": hits for part, hits in read_linearly(model, exam, exams).items()}
    return found


def indirect_questions() -> set[str]:
    """Return the exam questions of the tuning sets that are no ordinary paraphrases."""
    files = [file for file in TUNE.glob("*.jsonl") if not file.name.startswith("plain-")]
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return {row["question"] for row in rows if row.get("exam")}


_SHARES = (
    "trained", "ordinary", "indirect", "ordinary_ranked", "indirect_ranked", "ordinary_beams", "ordinary_read",
    "indirect_read", "leak", "names",
)  # fmt: skip
_MEANS = ("first_tokens", "first_tokens_ordinary", "drift")
_TITLES = (
    "set recipe seeds trained ordinary indirect ordinary_ranked indirect_ranked ordinary_beams ordinary_read "
    "indirect_read leak names first_tokens on_ordinary drift"
)


def table(lines: list[dict[str, Any]]) -> None:
    """Print sums and means over the seeds, one line for each set and recipe."""
    groups = defaultdict(list)
    for line in lines:
        groups[line["set"], line["recipe"]].append(line)
    titles = [title.replace("_", " ") for title in _TITLES.split()]
    print("| " + " | ".join(titles) + " |")
    print("|" + "---|" * len(titles))
    for (name, how), found in sorted(groups.items()):

        def hits(key: str, found: list[dict[str, Any]] = found) -> str:
            parts = [line[key] for line in found if key in line]
            return f"{sum(part[0] for part in parts)}/{sum(part[1] for part in parts)}" if parts else "–"

        def average(key: str, found: list[dict[str, Any]] = found) -> str:
            parts = [line[key] for line in found if line.get(key) is not None]
            return f"{mean(parts):.3g}" if parts else "–"

        cells = [name, how, str(len(found)), *map(hits, _SHARES), *map(average, _MEANS)]
        print("| " + " | ".join(cells) + " |")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    arguments.add_argument("run", nargs="?", type=Path, help="a run folder")
    arguments.add_argument("--set", default="lodge")
    arguments.add_argument("--recipe", default="default")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--keep", type=Path, help="a folder for the run, which else is thrown away")
    arguments.add_argument(
        "--strengths", nargs="+", type=float, default=[], help="measure the adapter at these strengths too"
    )
    arguments.add_argument("--out", type=Path, default=OUT)
    arguments.add_argument("--table", type=Path)
    args = arguments.parse_args()
    if args.table:
        table([json.loads(line) for line in args.table.read_text().splitlines()])
        return
    name, how, seed = (args.set, args.recipe, args.seed) if not args.run else (args.run.name, "", 0)
    lines = [json.loads(line) for line in args.out.read_text().splitlines()] if args.out.exists() else []
    done = [line for line in lines if (line["set"], line["recipe"], line["seed"]) == (name, how, seed)]
    if not done:
        reads = all(line["set"] != name or "ordinary_read" not in line for line in lines)
        with tempfile.TemporaryDirectory() as temporary:
            if args.keep:
                args.keep.mkdir(parents=True, exist_ok=True)
            if not args.run:
                ready_base()
            folder = args.run or train(name, how, seed, args.keep or Path(temporary))
            found = diagnose(folder, reads, args.strengths)
        done = [{"set": name, "recipe": how, "seed": seed, **found}]
        with args.out.open("a") as file:
            file.write(json.dumps(done[0]) + "\n")
    table(done)


if __name__ == "__main__":
    main()
