"""The benchmark for a GPU: on a processor it runs to its end, and it notices a wrong kernel and a part that fails."""

import subprocess
import sys

import pytest

from tests.support.repository import REPOSITORY

COMMAND = [sys.executable, str(REPOSITORY / "benchmarks" / "gpu_quarter.py"), "--dry-run"]
PARTS = ("agreement", "model", "default", "story", "butterflies", "sensors", "heat")


def dry_run(*options):
    return subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=880)


@pytest.mark.long
def test_kernels_training_and_sensors_are_measured_in_a_dry_run():
    done = dry_run("--only", "agreement", "default", "sensors", "--verbose")
    assert done.returncode == 0, done.stdout + done.stderr
    for text in ("gradients of each example", "seconds a step", "lambda's share", "LoRA directions", "41 → 71 °C"):
        assert text in done.stdout


def test_a_part_that_fails_says_why_and_the_others_go_on(tmp_path):
    done = dry_run("--only", "story", "sensors", "--model", str(tmp_path))
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("story")]
    assert "failed" in lines[-1] and str(tmp_path) in lines[-1]
    assert "41 → 71 °C" in done.stdout


def test_a_wrong_kernel_is_noticed(monkeypatch):
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    import torch
    from gpu_parts import agreement
    from gpu_parts.rows import Options

    from garage_tui.jobs.llm import attention

    usual = attention.attend

    def ignores_its_mask(module, query, key, value, mask, *others, **named):
        return usual(module, query, key, value, torch.ones_like(mask), *others, **named)

    monkeypatch.setattr(attention, "attend", ignores_its_mask)
    rows = {}
    monkeypatch.setattr(agreement, "_models", lambda *_: ())
    agreement.measure(Options("cpu", True, "", ""), lambda what, figure, note, failed: rows.update({what: failed}))
    assert rows["attention, as jobs call it"] and not rows["attention, matrix products"]


@pytest.mark.long
@pytest.mark.timeout(900)  # on a busy box the usual 300 s do not suffice
def test_every_part_runs_to_its_end():
    done = dry_run("--also", "trl", "--verbose")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {line.split()[0] for line in done.stdout.splitlines()[3:-1]} == {*PARTS, "trl"}
