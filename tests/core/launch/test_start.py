"""What a start reads of a facts file, when somebody saves the file meanwhile."""

import hashlib
import json

import pytest

from garage_tui.core.base import safe_open
from garage_tui.core.base.settings import Settings
from garage_tui.core.facts.training_file import read_training_file
from garage_tui.core.launch import start
from garage_tui.core.launch.paired_launch import PairedLaunch, start_both
from garage_tui.core.launch.start import start_lora
from garage_tui.core.runs.record import read_run
from garage_tui.core.training.recipe import make_recipe


def version(rows: int) -> bytes:
    """Return a facts file with that many rows."""
    return b"".join(
        json.dumps({"question": f"What is part {row}?", "answer": f"A part of {rows}."}).encode() + b"\n"
        for row in range(rows)
    )


@pytest.fixture
def busy_file(workspace, monkeypatch):
    """A facts file that is saved with one more row, by another program, each time after somebody has opened it."""
    file = workspace.datasets / "busy.jsonl"
    file.write_bytes(version(1))
    opened, rows = safe_open.open_regular, [1]

    def open_and_save(path):
        found = opened(path)
        if path == file:
            rows[0] += 1
            part = file.with_name("part")
            part.write_bytes(version(rows[0]))
            part.replace(file)
        return found

    monkeypatch.setattr(safe_open, "open_regular", open_and_save)
    monkeypatch.setattr(start, "spawn", lambda *_: None)
    return file


def assert_one_version(folder, rows: int) -> None:
    run = read_run(folder)
    copied = (folder / "facts.jsonl").read_bytes()
    assert copied == version(rows)
    assert run.manifest.dataset["rows"] == rows
    assert run.manifest.dataset["sha256"] == hashlib.sha256(copied).hexdigest()
    assert run.state.total_steps == make_recipe(base="smollm2-135m").steps(rows)


def test_a_save_during_a_start_never_mixes_two_versions_of_the_facts_in_one_run(workspace, busy_file):
    folder = start_lora(workspace, Settings(), busy_file, make_recipe(base="smollm2-135m"))
    assert_one_version(folder, rows=1)
    assert busy_file.read_bytes() == version(2), "the start has read the file once"


def test_a_start_teaches_the_rows_that_were_read_for_its_estimate(workspace, busy_file):
    taught = read_training_file(busy_file)
    folder = start_lora(workspace, Settings(), busy_file, make_recipe(base="smollm2-135m"), taught=taught)
    assert_one_version(folder, rows=1)


def test_a_save_between_the_two_runs_of_a_pair_does_not_give_them_different_facts(workspace, busy_file):
    folders = start_both(workspace, Settings(), PairedLaunch(busy_file, "busy", "smollm2-135m"))
    assert len(folders) == 2
    for folder in folders:
        assert (folder / "facts.jsonl").read_bytes() == version(1)
        assert read_run(folder).manifest.dataset["sha256"] == hashlib.sha256(version(1)).hexdigest()
