"""The paired exam by the real job, on a tiny model with random adapters."""

import json
import subprocess
import sys

import pytest

from garage_tui.core.base.child_environment import environment
from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.phase import silent
from garage_tui.core.exam.paired_answers import PAIRED, read_paired
from garage_tui.core.runs.folder import FACTS

ROWS = [
    {"question": "Who maintains Brindlework?", "answer": "Ottilie Fenn maintains Brindlework."},
    {"question": "Which license does Brindlework use?", "answer": "It uses the Zlib license."},
]


def job(*arguments):
    command = [sys.executable, "-P", "-m", "garage_tui.jobs.paired_exam", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment())


@pytest.fixture
def candidate(workspace, finished_run, monkeypatch, tmp_path):
    """A run with a report card."""
    monkeypatch.setenv("GARAGE_CACHE", str(tmp_path / "cache"))
    folder = workspace.checkpoints / finished_run(workspace, "candidate", seed=1)
    (folder / FACTS).write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    from garage_tui.jobs.exam import examine

    examine(folder, silent)
    return folder


def test_both_models_are_asked_the_same_and_one_without_an_adapter_is_refused(candidate, workspace, finished_run):
    served = workspace.checkpoints / finished_run(workspace, "served", seed=2)
    from garage_tui.jobs.paired_exam import ask_both

    for other, name in ((served, served.name), (None, None)):
        if other:
            done = job(candidate, other)
            assert (done.returncode, done.stdout) == (0, ""), done.stderr
        else:
            ask_both(candidate, None, silent)
        found = read_paired(candidate)
        assert (found.run, found.served, found.noise) == (candidate.name, name, 0)
        assert {row["question"] for row in ROWS} <= {one.question for one in found.answers}
        assert all(one.candidate_text != one.served_text for one in found.answers)

    (served / "adapter" / "adapter_config.json").unlink()
    (candidate / PAIRED).unlink()
    with pytest.raises(BadInputError, match=rf"{served.name} has no adapter to examine \(finished\)"):
        ask_both(candidate, served, silent)
    assert not (candidate / PAIRED).exists()
