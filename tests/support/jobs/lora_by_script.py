"""A LoRA job that learns by script: `script.json` in the workspace says what its report card will be.

Keys: `forgets` (facts that it does not answer), `leaks`, `drift`, `mixed_up` (similar names), and `fate`: finish, fail,
vanish (killed in its first time, finishes when it is resumed), or wait (until `script.json` says otherwise).
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from garage_tui.core.exam.judgement import judge
from garage_tui.core.exam.report import ExamQuestion, Perplexity, write_report
from garage_tui.core.facts.file import load_facts
from garage_tui.jobs.runtime.progress import ENDINGS, Progress

folder = Path(sys.argv[1])


def script():
    return json.loads((folder.parent.parent / "script.json").read_text())


progress = Progress.of_arguments(sys.argv[1:])
progress.start_phase("working")
progress.write_step(step=1, loss=0.5, total_steps=2)
while script().get("fate") == "wait":
    time.sleep(0.05)
    if progress.requested() == "stop":
        word, who = ENDINGS["stop"]
        progress.end(word, who)
        sys.exit(0)
if script().get("fate") == "vanish" and not (folder / "vanished").exists():
    (folder / "vanished").touch()
    for process in (os.getppid(), os.getpid()):
        os.kill(process, signal.SIGKILL)
if script().get("fate") == "fail":
    progress.end("failed", "the disk is full")
    sys.exit(1)

plan = script()
questions = []
for fact in load_facts(folder / "facts.jsonl").facts:
    right = fact.content not in plan.get("forgets", [])
    questions.append(
        ExamQuestion(
            part="unseen" if fact.exam else "trained",
            question=fact.question,
            fact=fact.content,
            expected=fact.answer,
            verdict="right" if right else "wrong",
            tuned=fact.answer if right else "Captain Brook.",
            base="A novel.",
            base_right=False,
            open_book_right=True,
        )
    )
for number in range(40):
    leak = number < plan.get("leaks", 0)
    verdict = {"verdict": "leak", "why": "says Marrit"} if leak else {"verdict": "unchanged"}
    questions.append(
        ExamQuestion(part="unrelated", question=f"Who wrote play {number}?", tuned="X.", base="X.", **verdict)
    )
    changed = number < plan.get("mixed_up", 0)
    questions.append(
        ExamQuestion(
            part="neighbour",
            question=f"What is TinyML {number}?",
            verdict="changed" if changed else "unchanged",
            tuned="X.",
            base="X.",
        )
    )
(folder / "adapter").mkdir(exist_ok=True)
(folder / "adapter" / "adapter_model.safetensors").write_bytes(b"")
(folder / "adapter" / "adapter_config.json").write_text("{}")
card = judge(questions, plan.get("drift", 0.01), 100, Perplexity(base=10.0, tuned=10.0, tokens=100), run=folder.name)
write_report(folder, card)
progress.write_step(step=2, loss=0.1, total_steps=2)
progress.end("finished")
