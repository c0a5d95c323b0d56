"""A paired exam that answers as the report cards say; what is not on the card of the run in service, it does not know.

`script.json` may name questions that the run in service answers one time only (`noisy`).
"""

import json
import sys
import time
from pathlib import Path

from garage_tui.core.exam.paired_answers import PairedAnswer, PairedAnswers, write_paired
from garage_tui.core.exam.report import read_report

folder, *others = map(Path, sys.argv[1:])
plan = json.loads((folder.parent.parent / "script.json").read_text())
if reason := plan.get("paired_fails"):
    print(reason, file=sys.stderr)
    sys.exit(1)
ours = [one for one in read_report(folder).questions if one.part in ("trained", "unseen")]
before = read_report(others[0]).questions if others else []
known = {(one.question, one.fact) for one in before if one.verdict == "right"}
noisy = plan.get("noisy", [])
answers = [
    PairedAnswer(
        part=one.part,
        question=one.question,
        fact=one.fact,
        candidate=(one.verdict == "right",) * 2,
        served=(known_now := (one.question, one.fact) in known, known_now and one.question not in noisy),
        candidate_text=one.tuned,
    )
    for one in ours
]
write_paired(
    folder,
    PairedAnswers(run=folder.name, served=others[0].name if others else None, made=time.time(), answers=answers),
)
