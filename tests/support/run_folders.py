"""Looking at a real run from outside, as tests do: its processes, its events, and its state once it is as wanted."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from garage_tui.core.exam.judgement import judge
from garage_tui.core.exam.report import ExamQuestion, Part, Perplexity, write_report
from garage_tui.core.runs.folder import EVENTS, FACTS, LOG
from garage_tui.core.runs.record import Manifest, Run, RunState, read_run, write_manifest, write_state

CARD_MADE = 1_700_000_000.0
"""When the report cards of `taught_run` were made."""


def processes(folder: Path) -> list[int]:
    """Return the pids of a run's processes: each has the folder's absolute path as an argument."""
    found = subprocess.run(["pgrep", "-f", f"{folder}( |$)"], capture_output=True, text=True).stdout
    return [int(pid) for pid in found.split()]


def kill(folder: Path) -> None:
    """Kill −9 every process of a run."""
    for pid in processes(folder):
        with contextlib.suppress(ProcessLookupError):  # it left by itself in between
            os.kill(pid, signal.SIGKILL)


def wait(folder: Path, until: Callable[[Run], object], seconds: float = 180) -> Run:
    """Return the run once `until` holds; fail with what it says where that takes too long."""
    deadline = time.monotonic() + seconds
    while not until(run := read_run(folder)):
        assert time.monotonic() < deadline, (run.status, run.reason, run.state, (folder / LOG).read_text())
        time.sleep(0.05)
    return run


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Return the events of a kind that a run has told."""
    found = [json.loads(line) for line in (folder / EVENTS).read_text().splitlines()]
    return [event for event in found if event["event"] == kind]


def served_run(
    workspace, run_id: str, *, state: str = "finished", kind: str = "lora", adapter: bool = True, weights: bool = True
) -> Run:
    """Make a run that can be put in service, or lacks something; its adapter loads nowhere."""
    folder = workspace.checkpoints / run_id
    folder.mkdir(parents=True)
    write_manifest(
        folder,
        Manifest(id=run_id, kind=kind, created=1.0, recipe={}, base={"name": "smollm2-135m"}, dataset={"rows": 1}),
    )
    write_state(folder, RunState(state=state, created=1.0, started=1.0, ended=2.0))  # type: ignore[arg-type]
    if adapter:
        (folder / "adapter").mkdir()
        (folder / "adapter" / "adapter_config.json").write_text("{}")
        if weights:
            (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"")
    return read_run(folder)


def taught_run(workspace, run_id: str, rows: list[dict[str, Any]], *, facts_file: Path | None = None, **more) -> Run:
    """Make a run that was taught these rows, with a report card if any of them says what the model answers now.

    Args:
        rows: rows of a facts file; `says` is the answer to the row's question on the card. Without it, the card does
            not ask.
        more: arguments of `served_run`.
    """
    run = served_run(workspace, run_id, **more)
    taught = [{key: value for key, value in row.items() if key != "says"} for row in rows]
    (run.path / FACTS).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in taught))
    if facts_file and run.manifest:
        write_manifest(run.path, msgspec.structs.replace(run.manifest, dataset={"path": str(facts_file), "rows": 1}))
    questions = [_examined(row) for row in rows if "says" in row]
    if questions:
        card = judge(questions, 0.0, 9, Perplexity(9, 9, 9), run=run_id, base_model="smollm2-135m")
        write_report(run.path, msgspec.structs.replace(card, made=CARD_MADE))
    return read_run(run.path)


def _examined(row: dict[str, Any]) -> ExamQuestion:
    part: Part = "unseen" if row.get("exam") else "trained"
    return ExamQuestion(
        part=part,
        question=row["question"],
        verdict="right" if row["answer"].rstrip(".") in row["says"] else "wrong",
        tuned=row["says"],
        base="no idea",
        expected=row["answer"],
        fact=row.get("fact") or row["answer"],
    )
