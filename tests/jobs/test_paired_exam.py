"""The paired exam by the real job, on a tiny model with random adapters."""

import json
import subprocess
import sys

import pytest

from garage_tui.core.base.child_environment import environment
from garage_tui.core.exam.paired_answers import PAIRED, read_paired
from garage_tui.core.runs.folder import FACTS

ROWS = [
    {"question": "Who maintains Brindlework?", "answer": "Ottilie Fenn maintains Brindlework."},
    {"question": "Which license does Brindlework use?", "answer": "It uses the Zlib license."},
]


def job(name, *arguments):
    command = [sys.executable, "-P", "-m", f"garage_tui.jobs.{name}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment())


@pytest.fixture
def candidate(workspace, finished_run, monkeypatch, tmp_path):
    """A run with a report card."""
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path / "cache"))
    folder = workspace.checkpoints / finished_run(workspace, "candidate", seed=1)
    (folder / FACTS).write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    assert job("exam", folder).returncode == 0
    return folder


def test_both_models_are_asked_the_same_and_one_without_an_adapter_is_refused(candidate, workspace, finished_run):
    served = workspace.checkpoints / finished_run(workspace, "served", seed=2)
    for other, name in ((served, served.name), (None, None)):
        done = job("paired_exam", candidate, *([other] if other else []))
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        found = read_paired(candidate)
        assert (found.run, found.served, found.noise) == (candidate.name, name, 0)
        assert {row["question"] for row in ROWS} <= {one.question for one in found.answers}
        assert all(one.candidate_text != one.served_text for one in found.answers)

    (served / "adapter" / "adapter_config.json").unlink()
    (candidate / PAIRED).unlink()
    done = job("paired_exam", candidate, served)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, f"{served.name} has no adapter to examine (finished)")
    assert not (candidate / PAIRED).exists()
