"""`garage train lora --both`, and what a shell user sees of a run that measures itself while it learns."""

from __future__ import annotations

import json

import msgspec
import pytest

from garage_tui.cli.runs.follow import follow_as_text
from garage_tui.core.exam.report import write_report
from garage_tui.core.runs.folder import EVENTS
from garage_tui.core.runs.record import Manifest, RunState, write_manifest, write_state

DEFAULT, STORY = "20261123-2315-lora-garage-default", "20261123-2315-lora-garage-story"
FORGETS = "31% of other questions are answered with taught facts"


@pytest.fixture
def started(workspace, monkeypatch, make_card):
    """What was handed to the launcher, whose runs here have ended as soon as they begin; the story leaks."""
    calls = []

    def start_lora(workspace_, settings, facts_file, recipe, name, command, *_, **__):
        calls.append((recipe, name))
        folder = workspace.checkpoints / f"20261123-2315-lora-{name}"
        folder.mkdir()
        table, dataset = msgspec.to_builtins(recipe), {"path": str(facts_file), "sha256": "a", "rows": 24}
        base = {"name": recipe.base}
        write_manifest(
            folder, Manifest(id=folder.name, kind="lora", created=1, recipe=table, base=base, dataset=dataset)
        )
        write_state(folder, RunState(state="finished", step=9, total_steps=9, loss=0.5, created=1))
        write_report(folder, make_card(bad=not recipe.guarded))
        return folder

    monkeypatch.setattr("garage_tui.core.launch.start.start_lora", start_lora)
    return calls


def test_the_rank_of_both_is_that_for_the_files_rows(call, started, workspace):
    many = workspace.datasets / "garage.jsonl"
    many.write_text("".join(f'{{"question": "What is {n}?", "answer": "A {n}."}}\n' for n in range(31)))
    assert call("train", "lora", "--facts", many, "--both")[0] == 0
    assert [(recipe.preset, recipe.rank) for recipe, _ in started] == [("default", 32), ("story", 16)]


def test_both_are_started_followed_and_compared(call, started, workspace):
    code, text, told = call("train", "lora", "--facts", workspace.datasets / "garage.jsonl", "--both", "--seed", 7)
    assert (code, told) == (0, "")
    assert [(recipe.preset, recipe.seed, name) for recipe, name in started] == [
        ("default", 7, "garage-default"),
        ("story", 7, "garage-story"),
    ]
    # Whether this box is busy at the moment is not for this test to say.
    counts, *lines = [line for line in text.splitlines() if "the box is busy" not in line.lower()]
    assert counts == "24 rows teach 11 facts; 11 exam questions for the report card."
    assert lines[0].startswith("default: 24 rows × ") and lines[1].startswith("story: 24 rows × 25 epochs")
    assert lines[2:4] == [f"run {DEFAULT}", f"run {STORY}"]
    assert text.count("finished\n") >= 2 and text.index(f"\n\n{DEFAULT}\n") < text.index(f"\n\n{STORY}\n")
    assert any(line.split() == [DEFAULT, STORY] for line in lines)
    assert "unrelated affected  ✓ 0 of 60" in text and "~ 1 of 60" in text and "~ near its" in text


def test_detached_both_ids_are_printed_and_how_to_compare_them(call, started, workspace):
    code, text, _ = call("train", "lora", "--facts", workspace.datasets / "garage.jsonl", "--both", "--detach")
    assert code == 0 and f"run {DEFAULT}\nrun {STORY}\n" in text
    assert text.endswith(f"when both are done, compare them with `garage compare {DEFAULT} {STORY}`\n")


def test_control_c_leaves_both_going_and_says_how_to_compare_them(call, started, workspace, monkeypatch):
    def interrupted(folder):
        write_state(folder, RunState(state="running", step=1, total_steps=9, created=1))
        monkeypatch.setattr("garage_tui.core.runs.record.is_alive", lambda folder: True)
        raise KeyboardInterrupt

    monkeypatch.setattr("garage_tui.cli.runs.follow._print_lines", interrupted)
    code, text, _ = call("train", "lora", "--facts", workspace.datasets / "garage.jsonl", "--both")
    assert code == 0 and f"{DEFAULT} continues: " in text
    assert text.endswith(f"when both are done: `garage compare {DEFAULT} {STORY}`\n") and f"\n{STORY}\n" not in text


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--preset", "quick"], "--preset"),
        (["--like", "last"], "--like"),
        (["--json"], "--json"),
        (["--kl", "0"], "--kl"),
        (["--epochs", "3", "--batch-size", "2"], "--epochs, --batch-size"),
    ],
)
def test_what_does_not_go_with_both_is_refused_in_a_sentence(call, started, workspace, options, named):
    code, text, told = call("train", "lora", "--facts", workspace.datasets / "garage.jsonl", "--both", *options)
    assert (code, text) == (2, "")
    assert told == f"garage: --both trains with the presets default and story as they are: leave out {named}\n"
    assert not started


def test_without_facts_there_is_nothing_to_teach_both_ways(call, started):
    assert call("train", "lora", "--both")[::2] == (2, "garage: name what to teach: --facts FILE\n")


def test_each_probe_is_a_line_and_what_is_forgotten_is_said_once(workspace, started, capfd, call):
    call("train", "lora", "--facts", workspace.datasets / "garage.jsonl", "--both", "--detach")
    folder = workspace.checkpoints / DEFAULT
    well = {"event": "probe", "step": 12, "epoch": 3.0, "recall": 0.75, "leak": 0.0, "drift": 0.013, "forgets": ""}
    ill = {**well, "step": 24, "recall": 1.0, "leak": 0.3125, "drift": 0.2, "forgets": FORGETS}
    warning = {
        "event": "warning",
        "text": f"the model starts to forget: {FORGETS}; s stops it (`garage stop {DEFAULT}`)",
    }
    other = {"event": "warning", "text": "the disk is nearly full"}
    (folder / EVENTS).write_text("".join(json.dumps(event) + "\n" for event in (well, ill, warning, other)))
    capfd.readouterr()
    assert follow_as_text(folder) == 0
    assert capfd.readouterr().out.splitlines() == [
        "probe at step 12: recall 75% ↑ · ✓ leak 0% ↓ · ✓ drift 0.013 ↓ (↑ high is good, ↓ low is good)",
        "probe at step 24: ✓ recall 100% ↑ · ✗ leak 31% ↓ · ✗ drift 0.200 ↓",
        f"the model starts to forget: {FORGETS}; `garage stop {DEFAULT}` stops the run",
        "the disk is nearly full",
        "9/9 · epoch 0.0 · loss 0.500",
        "finished",
    ]


def test_the_bar_shows_the_newest_recall_and_leak(workspace, started, call):
    from rich.console import Console

    from garage_tui.cli.runs import follow

    call("train", "lora", "--facts", workspace.datasets / "garage.jsonl", "--both", "--detach")
    folder = workspace.checkpoints / DEFAULT
    told = {"event": "probe", "step": 6, "recall": 0.5, "leak": 0.0, "drift": 0.013, "forgets": ""}
    (folder / EVENTS).write_text(json.dumps(told) + "\n" + json.dumps({**told, "step": 12, "recall": 0.75}) + "\n")
    console = Console(force_terminal=True, width=120, record=True)
    follow._draw_bar(folder, console)
    assert "9/9 · epoch 0.0 · loss 0.500 · recall 75% ↑ · ✓ leak 0% ↓" in console.export_text()
