"""Benchmarks that need a base model say in one sentence why they cannot have it."""

import os
import subprocess
import sys

import pytest

from tests.support.repository import REPOSITORY


@pytest.mark.parametrize("command", ["serving", "training", "recipes", "diagnose --out new.jsonl", "gate", "nights"])
def test_a_benchmark_whose_base_cannot_be_had_says_why_without_a_traceback(command, tmp_path):
    name, *options = command.split()
    (tmp_path / "cache").write_text("a file where the cache should be")
    environment = {**os.environ, "GARAGE_CACHE": str(tmp_path / "cache"), "GARAGE_STATE": str(tmp_path / "state")}
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "benchmarks" / f"{name}.py"), *options],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "needs the base model smollm2-135m" in done.stderr
    assert "Traceback" not in done.stderr and str(tmp_path) in done.stderr
