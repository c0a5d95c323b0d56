"""Real trainings that are paused, killed and damaged, and reach what an undisturbed one reaches."""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from garage_tui.core.base.tail import FileFollower
from garage_tui.core.launch import run_control, start
from garage_tui.core.runs import checkpoints
from garage_tui.core.runs.record import read_run
from garage_tui.core.settings.settings import Settings, Workspace
from garage_tui.core.training.recipe import LoraRecipe, make_recipe
from tests.support.complete_checkpoints import newest_complete
from tests.support.repository import REPOSITORY
from tests.support.run_folders import wait

EPOCHS = 20  # of 3 steps each


@pytest.fixture
def train(workspace, tiny_model):
    """Starts a run with dropout (random numbers in every step), mixed batches, and a checkpoint whenever one is due."""

    def go(where=workspace, **settings):
        settings = Settings(**{"checkpoint_seconds": 1.0, **settings})
        return start.start_lora(where, settings, some_facts(workspace), recipe(tiny_model))

    return go


def recipe(model):
    return LoraRecipe(base=str(model), epochs=EPOCHS, lr=5e-3, dropout=0.1, batch_size=3, accumulation=2)


def some_facts(workspace):
    lines = (REPOSITORY / "garage_tui" / "data" / "example_facts.jsonl").read_text().splitlines(keepends=True)[:17]
    file = workspace.datasets / "some.jsonl"
    file.write_text("".join(lines))
    return file


def ended(run):
    return not run.alive


def kill(folder):
    """Kill −9 every process of the run."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(folder) in path.read_text().split("\0"):
                os.kill(int(path.parent.name), signal.SIGKILL)


def weights(folder):
    from safetensors.torch import load_file

    return load_file(folder / "adapter" / "adapter_model.safetensors")


def steps(folder):
    """Return the step events; a line that a full disk cut short is nobody's."""
    return [event for event in FileFollower(folder / "events.jsonl").events(final=True) if event["event"] == "step"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, tiny_model):
    """A run that nobody disturbs, for its last weights and its steps."""
    workspace = Workspace(tmp_path_factory.mktemp("undisturbed"))
    workspace.datasets.mkdir()
    settings = Settings(checkpoint_seconds=1e6)
    folder = start.start_lora(workspace, settings, some_facts(workspace), recipe(tiny_model))
    assert wait(folder, ended).status == "finished"
    return folder


def assert_same_story(disturbed, undisturbed):
    """Same adapter to 1e-6 (seen: no difference at all), every step once, the same losses, rates and tokens."""
    one, two = weights(disturbed), weights(undisturbed)
    assert one.keys() == two.keys()
    assert max((one[name] - two[name]).abs().max().item() for name in one) <= 1e-6
    told, expected = steps(disturbed), steps(undisturbed)
    assert [step["step"] for step in told] == [step["step"] for step in expected]
    for key in ("tokens", "loss", "lr", "epoch"):
        assert [step[key] for step in told] == pytest.approx([step[key] for step in expected], abs=1e-5), key


def test_a_run_that_is_killed_paused_and_stopped_reaches_what_an_undisturbed_one_reaches(train, undisturbed):
    folder = train()

    wait(folder, lambda run: newest_complete(folder) and run.state.step > 8)
    kill(folder)
    run = wait(folder, ended)
    assert run.status == "interrupted" and run.resumable

    run_control.resume(run)
    before = run.state.step
    wait(folder, lambda run: run.state.step > before + 5)
    run_control.pause(read_run(folder), release=True)
    run = wait(folder, ended)
    assert run.status == "paused" and f"by you at step {run.state.step} of {3 * EPOCHS}" in run.reason
    assert newest_complete(folder)[1].step == run.state.step
    assert run.adapter is None

    run_control.resume(run)
    wait(folder, lambda now: now.state.step > run.state.step + 5)
    run_control.pause(read_run(folder))
    held = wait(folder, lambda run: run.status == "paused")
    assert held.alive and newest_complete(folder)[1].step == held.state.step
    run_control.resume(held)
    wait(folder, lambda run: run.state.step > held.state.step + 5)

    run_control.stop(read_run(folder))
    run = wait(folder, ended)
    assert run.status == "stopped" and run.adapter
    run_control.resume(run)
    assert wait(folder, ended).status == "finished"
    assert_same_story(folder, undisturbed)
    assert len(checkpoints.list_checkpoints(folder)) <= 2


@pytest.mark.long
def test_a_guarded_run_that_is_killed_goes_on_with_the_lessons_that_it_would_have_seen_until_it_has_learned(
    workspace, tiny_model, monkeypatch
):
    """Its looks are a stand-in's, since what a model of noise learns passes no bar; it is killed as it settles."""
    monkeypatch.setenv("GARAGE_PYTHONPATH", str(REPOSITORY / "tests" / "support" / "jobs"))
    monkeypatch.setitem(start.JOBS, "lora", "lora_that_learns")
    guarded = make_recipe(
        base=str(tiny_model), epochs=18, batch_size=6, accumulation=2, dropout=0.1, guards=8, neighbours=8, looks=2
    )
    twins = []
    for killed_at in ("0", "14"):
        monkeypatch.setenv("KILLED_AT", killed_at)
        twins.append(start.start_lora(workspace, Settings(), some_facts(workspace), guarded))
        run = wait(twins[-1], ended)
    assert run.status == "interrupted" and newest_complete(twins[1])[0].name == "checkpoint-13"
    monkeypatch.setenv("KILLED_AT", "0")
    run_control.resume(run)
    assert wait(twins[1], ended).status == "finished"
    assert_same_story(twins[1], twins[0])
    for twin in twins:
        assert read_run(twin).reason.startswith(
            "stopped at step 16 of 36, because the facts were learned at step 12: 100% of other wordings right, no leak"
        )
        rates = [step["lr"] for step in steps(twin)]
        assert len(rates) == 16 and rates[11] > rates[12] > rates[13] > rates[14] > rates[15] > 0
        assert rates[15] < rates[11] / 4


@pytest.mark.long
def test_a_damaged_checkpoint_is_skipped_and_said(train, undisturbed):
    folder = train(checkpoint_seconds=1e6)
    for step in (5, 15):  # each pause saves one
        run_control.pause(wait(folder, lambda run, step=step: run.state.step >= step))
        run = wait(folder, lambda run: run.status == "paused")
        if step == 5:
            run_control.resume(run)
    kill(folder)
    run = wait(folder, ended)
    assert run.status == "paused"
    newest, older = checkpoints.list_checkpoints(folder)
    damaged = newest / "adapter_model.safetensors"
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1  # one bit
    damaged.write_bytes(data)
    assert newest_complete(folder)[0] == older

    run_control.resume(run)
    assert wait(folder, ended).status == "finished"
    assert f"{newest.name} is damaged or incomplete" in (folder / "log.txt").read_text()
    assert f"resuming from {older.name}" in (folder / "log.txt").read_text()
    assert_same_story(folder, undisturbed)


@pytest.mark.long
def test_without_a_whole_checkpoint_it_begins_again_and_tells_no_step_twice(train, undisturbed):
    folder = train(checkpoint_seconds=1e6)
    wait(folder, lambda run: run.state.step >= 5)
    kill(folder)
    run_control.resume(wait(folder, ended))
    assert wait(folder, ended).status == "finished"
    assert "starting again at step 0" in (folder / "log.txt").read_text()
    assert_same_story(folder, undisturbed)


def test_facts_that_were_changed_meanwhile_are_refused(train):
    folder = train(checkpoint_seconds=1e6)
    wait(folder, lambda run: run.state.step >= 2)
    kill(folder)
    run = wait(folder, ended)
    (folder / "facts.jsonl").write_text('{"question": "What?", "answer": "Something else."}\n')
    run_control.resume(run)
    run = wait(folder, ended)
    assert run.status == "failed" and "was changed since the run began" in run.reason


@pytest.mark.long
def test_a_disk_that_fills_up_fails_the_run_with_its_earlier_checkpoint_whole(tmp_path, workspace, train, undisturbed):
    disk = tmp_path / "small"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk to fill")
    try:
        folder = train(Workspace(disk))
        wait(folder, lambda run: newest_complete(folder))
        run_control.pause(read_run(folder))  # so that it does not save while the disk is being filled
        wait(folder, lambda run: run.status == "paused")
        whole = newest_complete(folder)[0]
        with contextlib.suppress(OSError), (disk / "films").open("wb") as file:
            while True:
                file.write(b"x" * 4096)
                file.flush()
        run_control.resume(read_run(folder))
        run = wait(folder, ended)
        assert run.status == "failed"
        assert re.fullmatch(
            rf"the disk is full: only .* free on {disk}; free some space and resume the run", run.reason
        )
        assert newest_complete(folder)[0] == whole
        (disk / "films").unlink()
        run_control.resume(run)
        assert wait(folder, ended).status == "finished"
        assert_same_story(folder, undisturbed)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
